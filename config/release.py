"""Which release this is: open pages of another one are told that they are outdated."""

import hashlib
import tomllib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

from config import site
from config.bundle import OF_PACKAGES
from config.context_processors import site as site_names

FOLDERS = ("templates", "static")


def version() -> str:
    """Return the number of this release."""
    project = tomllib.loads(Path(settings.BASE_DIR, "pyproject.toml").read_text())
    return str(project["project"]["version"])


@cache
def current() -> str:
    """Return a digest of everything that pages are made of, as it was at the first call.

    It depends on the contents of the files, not on where they are: all machines serve the same pages.
    """
    files: list[Path] = []
    for folder in (Path(parent, name) for parent in settings.FOLDERS for name in FOLDERS):
        files += sorted(path for path in folder.rglob("*") if path.is_file())
    files += [Path(finders.find(name) or name) for name in OF_PACKAGES]
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr((site_names(), site.style(), sorted(site.files().items()))).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
