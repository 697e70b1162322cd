"""How files are shown."""

from typing import Any

from django import template
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rooms.models import Message
from rooms.models.stored_file import ShownFile

register = template.Library()


@register.simple_tag
def file_limits() -> dict[str, Any]:
    """Return what may be sent, in words and in numbers for scripts; nothing where no files are taken."""
    most = settings.FILES_PER_MESSAGE
    if not most:
        return {}
    size = filesizeformat(settings.FILE_MAX_BYTES)
    said = ngettext(
        "%(count)d file, of up to %(size)s.", "Up to %(count)d files, each of up to %(size)s.", most
    ) % {"count": most, "size": size}
    if quota := settings.FILE_QUOTA_BYTES:
        said += " " + _("All your files together can have up to %(size)s.") % {"size": filesizeformat(quota)}
    of_origin = _(
        "Where and when a photo was made is removed from it; videos, audio and other files may contain it."
    )
    too_many = ngettext(
        "You can send %(count)d file at a time.", "You can send up to %(count)d files at a time.", most
    )
    return {
        "said": f"{said} {of_origin}",
        "most": most,
        "largest": settings.FILE_MAX_BYTES,
        "too_many": too_many % {"count": most},
        "too_large": _("This file is too large. A file can have up to %(size)s.") % {"size": size},
    }


@register.filter
def facts(file: ShownFile) -> str:
    """Return what its name says it is, and its size: "PDF, 2.0 MB"."""
    return ", ".join(filter(None, [file.type_word, filesizeformat(file.size)]))


@register.filter
def undescribed(message: Message) -> str:
    """Return how many of its photos have no description."""
    count = len(message.undescribed)
    said = ngettext("%(count)d photo without a description", "%(count)d photos without a description", count)
    return said % {"count": count}


@register.filter
def used_of(used: int, quota: int) -> str:
    """Return how much somebody's files take, of how much they may; `quota` is 0 where that is any amount."""
    if not quota:
        return _("Your files take %(used)s.") % {"used": filesizeformat(used)}
    sizes = {"used": filesizeformat(used), "quota": filesizeformat(quota)}
    return _("Your files take %(used)s of the %(quota)s that you can keep here.") % sizes


@register.filter
def left_out(count: int) -> str:
    """Return how many files a download lacks."""
    said = ngettext(
        "%(count)d file is not in it, because it would have become too large.",
        "%(count)d files are not in it, because it would have become too large.",
        count,
    )
    return said % {"count": count}
