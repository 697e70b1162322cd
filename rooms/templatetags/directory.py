"""What links to all that was found are called."""

from django import template
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def all_rooms(count: int) -> str:
    return ngettext("All %(count)d room", "All %(count)d rooms", count) % {"count": count}


@register.filter
def all_people(count: int) -> str:
    return ngettext("All %(count)d person", "All %(count)d people", count) % {"count": count}
