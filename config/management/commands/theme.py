import difflib
import shutil
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.environment import names_in
from config.theme import PARTS, File, content_of, files_of, named

SHIPPED = settings.BASE_DIR / "config" / "themes"
README = """\
The theme of this Hearth. A file in here stands in for the file of Hearth that has the same name, also after
an update. Start again (`make run`) after a change, or work with DEBUG=1.

  templates/            templates and partials, such as templates/rooms/_message.html. One may extend what it
                        stands in for: {% extends "rooms/lobby.html" %} in templates/rooms/lobby.html
  static/               style sheets, scripts and pictures, such as static/icon.svg
  static/css/theme.css  your own style, after all that Hearth has
  static/js/theme.js    your own script, after all that Hearth has
  copied/               what Hearth's files were like when you copied them; leave it to the commands below

manage.py theme copy rooms/_message.html   take one file of Hearth to change it here
manage.py theme diff                       after an update: which of your files have changed in Hearth since
manage.py theme merge rooms/_message.html  take these changes into your file (needs git)
manage.py check_templates                  what would stop working

docs/templates.md of Hearth says what there is, and what has to stay.
"""


class Command(BaseCommand):
    help = "Make a theme, copy files of Hearth into it, and see what an update has changed in them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        new = actions.add_parser("new", help="make a folder for a theme")
        new.add_argument("folder", nargs="?", type=Path, default=settings.DATA_DIR / "theme")
        new.add_argument(
            "--like", choices=sorted(names_in(SHIPPED)), help="begin with one that comes with Hearth"
        )
        copy = actions.add_parser("copy", help="copy files of Hearth into the theme")
        copy.add_argument("names", nargs="+", metavar="name", help="such as rooms/_message.html")
        diff = actions.add_parser("diff", help="show which copied files have changed in Hearth since")
        diff.add_argument("names", nargs="*", metavar="name")
        merge = actions.add_parser("merge", help="take what has changed in Hearth into copied files")
        merge.add_argument("names", nargs="+", metavar="name")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "new":
            return self.new(options["folder"], options["like"])
        if settings.THEME is None:
            raise CommandError("There is no theme yet: manage.py theme new")
        work = {"copy": self.copy, "diff": self.diff, "merge": self.merge}[options["action"]]
        work(settings.THEME, options["names"])

    def new(self, folder: Path, like: str | None) -> None:
        if folder.exists() and any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty.")
        if like:
            shutil.copytree(SHIPPED / like, folder, dirs_exist_ok=True)
        for part in PARTS:
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "README").write_text(README)
        self.stdout.write(f"Made {folder}. Its README says what goes where.")
        if folder.resolve() not in (settings.THEME, settings.DATA_DIR / "theme"):
            self.stdout.write(f"Set HEARTH_THEME={folder.resolve()} to use it.")

    def copy(self, theme: Path, names: list[str]) -> None:
        for name in names:
            file = named(theme, name)
            if not file:
                near = _nearest(name)
                raise CommandError(f"Hearth has no {name}.{f' Did you mean {near}?' if near else ''}")
            if file.own.exists():
                raise CommandError(f"{file.own} is there already.")
            file.copy()
            self.stdout.write(f"Copied {file.name} to {file.own}")

    def diff(self, theme: Path, names: list[str]) -> None:
        files = [file for file in files_of(theme) if not names or _is_named(file, names)]
        for file in files:
            if file.is_overdue:
                self.stdout.write(f"{file.name} has changed in Hearth since it was copied:\n")
                self._show(file.original, file.hearths, "copied", "Hearth's now")
                self.stdout.write("What is yours in it:\n")
                self._show(file.original, file.own, "copied", "yours")
                self.stdout.write(f"To take the first into the second: manage.py theme merge {file.name}\n")
            elif file.hearths.exists() and not file.original.exists() and not _extends_itself(file):
                self.stdout.write(
                    f"{file.name} was not copied by `theme copy`: what an update has changed is unknown."
                )
        if not any(file.is_overdue for file in files):
            self.stdout.write("Nothing that was copied has changed in Hearth since.")

    def merge(self, theme: Path, names: list[str]) -> None:
        for file in [file for file in files_of(theme) if _is_named(file, names)]:
            if not file.is_overdue:
                self.stdout.write(f"{file.name}: nothing has changed in Hearth since.")
                continue
            if not file.hearths.exists():
                raise CommandError(f"Hearth no longer has {file.name}: remove yours, or keep it as your own.")
            if not (git := shutil.which("git")):
                raise CommandError("This needs git.")
            labels = [word for label in ("yours", "copied", "Hearth's now") for word in ("-L", label)]
            paths = [str(path) for path in (file.own, file.original, file.hearths)]
            done = subprocess.run([git, "merge-file", *labels, *paths], check=False)  # noqa: S603
            file.original.write_bytes(file.hearths.read_bytes())
            if done.returncode:
                self.stdout.write(f"{file.name}: choose between the lines around =======.")
            else:
                self.stdout.write(f"{file.name}: done.")

    def _show(self, old: Path, new: Path, old_label: str, new_label: str) -> None:
        before, after = (
            content_of(path).decode(errors="replace").splitlines(keepends=True) for path in (old, new)
        )
        self.stdout.writelines(difflib.unified_diff(before, after, old_label, new_label))
        self.stdout.write("")


def _is_named(file: File, names: list[str]) -> bool:
    return any(file.name in (name, *(f"{part}/{name}" for part in PARTS)) for name in names)


def _extends_itself(file: File) -> bool:
    """Whether a template only changes parts of what it stands in for, which follows updates by itself."""
    name = file.name.removeprefix("templates/")
    return f'{{% extends "{name}" %}}'.encode() in content_of(file.own)


def _nearest(name: str) -> str:
    here = [file.name.split("/", 1)[1] for file in files_of(settings.BASE_DIR)]
    return next(iter(difflib.get_close_matches(name, here, 1)), "")
