"""How files are shown."""

from django import template
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rooms.models.stored_file import ShownFile

register = template.Library()


@register.simple_tag
def file_limits() -> str:
    """Return what may be sent; nothing where no files are taken."""
    most = settings.FILES_PER_MESSAGE
    if not most:
        return ""
    said = ngettext(
        "%(count)d file, of up to %(size)s.", "Up to %(count)d files, each of up to %(size)s.", most
    ) % {"count": most, "size": filesizeformat(settings.FILE_MAX_BYTES)}
    return f"{said} " + _(
        "Where and when a photo was made is removed from it; videos, audio and other files may contain it."
    )


@register.filter
def facts(file: ShownFile) -> str:
    """Return what its name says it is, and its size: "PDF, 2.0 MB"."""
    return ", ".join(filter(None, [file.type_word, filesizeformat(file.size)]))
