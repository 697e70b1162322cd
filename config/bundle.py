"""Static files: one script and one style sheet out of many small files, and hashed names.

htmx starts as soon as its own file has run. An extension that arrives after that never sees the page, and a
stream that needs it never opens. One file cannot be half there.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import minify
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from config import site

OF_PACKAGES = [
    "django_htmx/htmx-4.min.js",
    "django_htmx/ext/hx-sse-4.min.js",
    "django_htmx/ext/hx-upsert-4.min.js",
]
SCRIPTS = [
    "js/helpers.js",
    "js/trusted-types.js",
    "js/connection.js",
    "js/forms.js",
    "js/files.js",
    "js/composer.js",
    "js/completions.js",
    "js/times.js",
    "js/conversation.js",
    "js/chats.js",
    "js/ticks.js",
    "js/reactions.js",
    "js/notifications.js",
    "js/announcer.js",
    "js/regions.js",
    "js/copy.js",
    "js/find.js",
    "js/menu.js",
    "js/panel.js",
    "js/pictures.js",
    "js/lacking.js",
]
# Only with DEBUG=1.
EDITING = "js/editing.js"
# Where two rules are equally specific, the later one wins.
STYLES = [
    "css/tokens.css",
    "css/ground.css",
    "css/forms.css",
    "css/cards.css",
    "css/panes.css",
    "css/chats.css",
    "css/conversation.css",
    "css/messages.css",
    "css/formatting.css",
    "css/reactions.css",
    "css/files.css",
    "css/composer.css",
    "css/document.css",
    "css/profiles.css",
    "css/panel.css",
    "css/widths.css",
    "css/readers.css",
]
# By address: what packages bring, minified already, and Hearth's own files.
BUNDLES: dict[str, tuple[list[str], list[str]]] = {
    "js/hearth.js": (OF_PACKAGES, SCRIPTS),
    # Also for pages before the login, which need nothing else.
    "js/password.min.js": ([], ["js/helpers.js", "js/password.js"]),
    "css/hearth.css": ([], STYLES),
}
# What a theme adds to its end, where it has such a file.
OF_THEMES = {"js/hearth.js": "js/theme.js", "css/hearth.css": "css/theme.css"}
KINDS = {".js": "text/javascript", ".css": "text/css"}


class BundleFinder(finders.BaseFinder):
    """Find the bundles, put together anew when one of their parts is newer, and what settings ask for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(location=settings.DATA_DIR / "bundle")

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if not self.build(path):
            return []
        found = self.storage.path(path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for path in (*BUNDLES, *site.files()):
            self.build(path)
            yield path, self.storage

    def build(self, path: str) -> bool:
        """Make the file at this address; return whether it is one that is made."""
        if path in BUNDLES:
            of_packages, _ours = BUNDLES[path]
            content = (join(of_packages) + (written(path) if settings.DEBUG else minified(path))).encode()
        elif (made := site.files().get(path)) is not None:
            content = made
        else:
            return False
        target = Path(self.storage.path(path))
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return True


def minified(path: str) -> str:
    """Return Hearth's own part of what is at this address, as it is served."""
    return str(minify.string(KINDS[Path(path).suffix], written(path)))


def written(path: str) -> str:
    """Return the same as it was written. Hearth's scripts define no global names."""
    content = join(BUNDLES[path][1])
    if path == "css/hearth.css":
        content += site.style()
    elif path == "js/hearth.js" and settings.DEBUG:
        content += join([EDITING])
    if (added := OF_THEMES.get(path)) and finders.find(added):
        content += join([added])
    return f"(() => {{\n{content}}})();\n" if path.endswith(".js") else content


def join(parts: Iterable[str]) -> str:
    return "".join(_read(part) for part in parts)


def _read(part: str) -> str:
    content = Path(finders.find(part) or part).read_text()
    # A comment at the end of one script must not swallow the next.
    return f"{content}\n;\n" if part.endswith(".js") else f"{content}\n"


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # the package has no types
    """Names with a hash of the content, which browsers may keep for ever; compressed copies beside them."""

    manifest_strict = True

    def compress_files(self, paths: Iterable[str]) -> Any:
        """Leave out the admin's files: compressing them would take longer than all the rest of `setup`."""
        return super().compress_files(path for path in paths if not path.startswith("admin/"))
