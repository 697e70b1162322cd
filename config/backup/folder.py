"""What is in DATA_DIR beside the database, and what the settings say is elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

# What is made again, or is no part of what people have put here. Everything else is saved: a backup that has
# too much does no harm, one that lacks something does.
LEFT_OUT = (
    *("static", "bundle", "backups", "incoming", "exports", "secret_key", "hearth.sqlite3*", "test.sqlite3*"),
    *("*.log", "replaced-*", ".*"),
)
ELSEWHERE = "elsewhere"
SHIPPED = settings.BASE_DIR / "config"  # has themes of Hearth's own


def files() -> Iterator[tuple[str, Path]]:
    """Yield each file with its name below DATA_DIR, where it is restored."""
    elsewhere = dict(_elsewhere())
    yield from elsewhere.items()
    for top in sorted(settings.DATA_DIR.iterdir()):
        if not any(top.match(pattern) for pattern in LEFT_OUT):
            for name, path in _all_in(top, top.name):
                if name not in elsewhere:  # restored once, and then named by the settings again
                    yield name, path


def _elsewhere() -> Iterator[tuple[str, Path]]:
    """Yield what is named by the settings and not in DATA_DIR: a theme, a logo and an icon."""
    for path in (settings.THEME, settings.SITE_LOGO, settings.SITE_ICON):
        if path and not any(path.is_relative_to(place) for place in (settings.DATA_DIR, SHIPPED)):
            yield from _all_in(path, f"{ELSEWHERE}/{path.name}")


def _all_in(place: Path, name: str) -> Iterator[tuple[str, Path]]:
    if place.is_file():
        yield name, place
        return
    for folder, folders, names in place.walk(on_error=_complain, follow_symlinks=True):
        folders.sort()
        for path in (folder / one for one in sorted(names)):
            if path.is_file():
                yield f"{name}/{path.relative_to(place).as_posix()}", path


def _complain(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def write_key(path: Path, key: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key)
