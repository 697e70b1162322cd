"""The time zones that one can choose from."""

import zoneinfo
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

COOKIE = "hearth_timezone"
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
    return name in known_zones()


@cache
def known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def time_zone_name(request: HttpRequest) -> str:
    """Return the zone that the reader chose, else the one that their browser told in a cookie."""
    chosen = getattr(request.user, "time_zone", "")  # there is none before the login
    names = (chosen, request.COOKIES.get(COOKIE, ""))
    return next((name for name in names if name and is_time_zone(name)), settings.TIME_ZONE)


@cache
def zones_by_region() -> "list[tuple[StrOrPromise, list[tuple[str, str]]]]":
    """Return the names of zones in the form of choices, in groups."""
    names = sorted(known_zones())
    groups: list[tuple[StrOrPromise, list[tuple[str, str]]]] = [("UTC", [("UTC", "UTC")])]
    for region, label in REGIONS.items():
        found = [name for name in names if name.startswith(f"{region}/")]
        groups.append((label, [(name, name.partition("/")[2].replace("_", " ")) for name in found]))
    return groups
