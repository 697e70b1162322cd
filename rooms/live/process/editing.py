"""With DEBUG=1: what was saved in a template, style sheet or script shows in every open page.

Pages are not morphed, but loaded anew with what was typed, the focus and the place where they were
(static/js/editing.js): so they are what a reader gets, with their head and scripts. Only style sheets are
exchanged in place.
"""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG

from django.conf import settings
from django.template import TemplateSyntaxError, engines

from config import release
from config.theme import Problem, problem_at, problem_of_static
from rooms.live.news.part import PresentState, Worker
from rooms.live.wire import frames
from rooms.live.wire.connection import Connection
from rooms.live.wire.hub import Hub

logger = logging.getLogger(__name__)


class Editing(Worker):
    """Looks at the files, and tells pages what to do about those that have changed."""

    name = "editing"
    period = 0.3

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._seen: dict[Path, int] = {}
        self._broken: dict[Path, Problem] = {}

    async def run(self) -> None:
        self._seen = await asyncio.to_thread(moments)
        while True:
            await asyncio.sleep(self.period)
            now = await asyncio.to_thread(moments)
            changed = {path for path, _moment in now.items() ^ self._seen.items()}
            self._seen = now
            if changed:
                await asyncio.to_thread(self.look_at, changed)
                self.tell(all(path.suffix == ".css" for path in changed))
            self.watch.done()

    def look_at(self, changed: set[Path]) -> None:
        """Find out what is wrong with what has changed, or still is; say it once."""
        release.current.cache_clear()
        release.current()
        before = self._broken
        found = {path: problem_of(path) for path in changed | before.keys() if path.exists()}
        self._broken = {path: problem for path, problem in found.items() if problem}
        for path, problem in self._broken.items():
            if before.get(path) != problem:
                logger.error("%(file)s, line %(line)s: %(message)s\n    %(source)s", problem)

    def tell(self, are_styles: bool) -> None:
        for connection in tuple(self._hub.connections):
            if connection.format.is_append_only:
                connection.end(connection.format.begin_anew(at_once=True))
            else:
                connection.write(self.event(are_styles))

    def began(self, connection: Connection, state: PresentState) -> None:
        """Tell a page what has changed while it was loading."""
        if not connection.format.is_append_only:
            connection.write(self.event())

    def event(self, are_styles: bool = False) -> bytes:
        problem = next(iter(self._broken.values()), None)
        facts = {"release": release.current(), "are_styles": are_styles, "problem": problem}
        return frames.named("edited", facts)


def folders() -> Iterable[Path]:
    """Return the folders that pages are made of."""
    return [parent / name for parent in settings.FOLDERS for name in release.FOLDERS]


def moments() -> dict[Path, int]:
    """Return when each file was changed."""
    found = {}
    for folder in folders():
        for path in folder.rglob("*"):
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue  # an editor has just put another one in its place
            if S_ISREG(facts.st_mode):
                found[path] = facts.st_mtime_ns
    return found


def problem_of(path: Path) -> Problem | None:
    """Return what is wrong with a file, if anything can be told without drawing it."""
    for folder in folders():
        if path.is_relative_to(folder) and folder.name == "templates":
            return problem_of_template(path.relative_to(folder).as_posix(), path)
    return problem_of_static(path)


def problem_of_template(name: str, path: Path) -> Problem | None:
    try:
        engines["django"].get_template(name)
    except TemplateSyntaxError as error:
        details = getattr(error.__cause__ or error, "template_debug", {})
        file = Path(details.get("name", path))
        return problem_at(file, details.get("line", 1), str(error))
    except UnicodeDecodeError:
        return problem_at(path, 1, "This is not UTF-8.")
    return None
