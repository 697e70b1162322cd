"""The time zones that one can choose from."""

import zoneinfo
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Others are older names of the same, such as US/Pacific, or mean no place, such as Etc/GMT+5.
REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}


def is_time_zone(name: str) -> bool:
    """Whether there is a zone of that name here; it may have come from a browser."""
    try:
        return bool(zoneinfo.ZoneInfo(name).key)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False


@cache
def zones_by_region() -> "list[tuple[StrOrPromise, list[tuple[str, str]]]]":
    """Return the names of zones in the form of choices, in groups."""
    names = sorted(zoneinfo.available_timezones())
    groups: list[tuple[StrOrPromise, list[tuple[str, str]]]] = [("UTC", [("UTC", "UTC")])]
    for region, label in REGIONS.items():
        found = [name for name in names if name.startswith(f"{region}/")]
        groups.append((label, [(name, name.partition("/")[2].replace("_", " ")) for name in found]))
    return groups
