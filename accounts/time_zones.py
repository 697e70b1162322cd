"""The time zones that one can choose from."""

import zoneinfo
from functools import cache

# Others are older names of the same, such as US/Pacific, or mean no place, such as Etc/GMT+5.
REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


def is_time_zone(name: str) -> bool:
    """Whether there is a zone of that name here; it may have come from a browser."""
    try:
        return bool(zoneinfo.ZoneInfo(name).key)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False


@cache
def zones_by_region() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the names of zones in the form of choices, in groups."""
    names = sorted(zoneinfo.available_timezones())
    groups = [(region, [name for name in names if name.startswith(f"{region}/")]) for region in REGIONS]
    return [("UTC", [("UTC", "UTC")])] + [
        (region, [(name, name.partition("/")[2].replace("_", " ")) for name in found])
        for region, found in groups
    ]
