"""A folder of templates and static files that stands in for those of Hearth."""

import os
import shutil
import subprocess
import sys
from io import StringIO

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.template import engines

from config import environment, release
from config.bundle import minified, written
from config.theme import File
from rooms.live.process.editing import moments, problem_of
from tests.support.server import ROOT

SHIPPED = ROOT / "config/themes"


@pytest.fixture
def theme(tmp_path, settings):
    """A theme that Hearth uses, made by the command."""
    folder = tmp_path / "theme"
    run("new", str(folder))
    settings.THEME = folder
    settings.FOLDERS = [folder, ROOT]
    settings.STATICFILES_DIRS = [folder / "static", ROOT / "static"]
    [options] = settings.TEMPLATES
    settings.TEMPLATES = [{**options, "DIRS": [folder / "templates", ROOT / "templates"]}]
    finders.get_finder.cache_clear()
    yield folder
    finders.get_finder.cache_clear()


def run(*arguments):
    output = StringIO()
    call_command("theme", *arguments, stdout=output)
    return output.getvalue()


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def render(name, **context):
    return engines["django"].get_template(name).render(context)


def test_templates_stand_in_for_those_of_the_same_name_and_may_extend_them(theme):
    write(theme, "templates/rooms/_tombstone.html", "Gone")
    write(theme, "templates/error.html", '{% extends "error.html" %}{% block page %}own{% endblock page %}')
    assert render("rooms/_tombstone.html") == "Gone"
    page = render("error.html", heading="Not found", explanation="")
    assert 'class="own"' in page
    assert "<h1>Not found</h1>" in page


def test_style_sheets_and_scripts_stand_in_or_are_added(theme):
    write(theme, "static/css/tokens.css", ":root { --mine: 1 }")
    write(theme, "static/css/theme.css", "p { color: teal }")
    write(theme, "static/js/theme.js", "behave('own', [], () => { root.dataset.own = 'yes'; });")
    style = written("css/hearth.css")
    assert style.startswith(":root { --mine: 1 }")
    assert style.endswith("p { color: teal }\n")
    assert "--panel:" not in style
    assert '.dataset.own="yes"' in minified("js/hearth.js")


def test_release_is_another_one_with_each_change(theme):
    kept = [release.current.__wrapped__()]
    for name in ("templates/rooms/_tombstone.html", "static/own.svg", "static/css/theme.css"):
        write(theme, name, name)
        kept.append(release.current.__wrapped__())
    write(theme, "README", "of no page")
    assert release.current.__wrapped__() == kept[-1]
    assert len(set(kept)) == 4


def test_copy_says_where_it_comes_from_and_draws_the_same(theme):
    before = render("rooms/_tombstone.html")
    run("copy", "rooms/_tombstone.html", "css/tokens.css", "icon.svg")
    copied = (theme / "templates/rooms/_tombstone.html").read_text()
    note, _, rest = copied.partition("\n")
    assert f"Copied from Hearth {release.version()}" in note
    assert rest == (ROOT / "templates/rooms/_tombstone.html").read_text()
    assert render("rooms/_tombstone.html") == before
    assert (theme / "static/css/tokens.css").read_text().startswith("/* Copied from Hearth")
    assert (theme / "static/icon.svg").read_bytes() == (ROOT / "static/icon.svg").read_bytes()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rooms/_mesage.html", "Did you mean rooms/_message.html?"),
        ("../pyproject.toml", "Hearth has no"),
        ("templates/../pyproject.toml", "Hearth has no"),
        ("rooms/_tick.html", "is there already"),
    ],
)
def test_copy_is_refused_in_words(theme, name, says):
    write(theme, "templates/rooms/_tick.html", "")
    with pytest.raises(CommandError, match=says.replace("?", r"\?")):
        run("copy", name)


def test_update_is_shown_three_ways_and_merged(theme):
    run("copy", "rooms/_tombstone.html", "rooms/_tick.html")
    write(theme, "templates/rooms/_standing.html", "not copied")
    write(theme, "templates/rooms/lobby.html", '{% extends "rooms/lobby.html" %}')
    assert "Nothing that was copied has changed" in run("diff")
    file = File(theme, "templates/rooms/_tombstone.html")
    # As if the copy were of an earlier release, which had one line less.
    file.original.write_text("".join(file.original.read_text().splitlines(keepends=True)[:-1]))
    file.own.write_text("own\n" + file.original.read_text())
    shown = run("diff")
    assert "_tombstone.html has changed in Hearth" in shown
    assert "+++ Hearth's now" in shown
    assert "+own" in shown
    assert "_tick" not in shown
    assert "lobby" not in shown
    assert "templates/rooms/_standing.html was not copied" in shown
    if shutil.which("git"):
        assert "done" in run("merge", "rooms/_tombstone.html")
        assert file.own.read_text() == "own\n" + file.hearths.read_text()
        assert "Nothing that was copied has changed" in run("diff")


def test_folder_that_is_not_empty_is_no_new_theme(theme):
    with pytest.raises(CommandError, match="is not empty"):
        run("new", str(theme))


def test_without_a_theme_there_is_nothing_to_copy_to(settings):
    settings.THEME = None
    with pytest.raises(CommandError, match="theme new"):
        run("copy", "rooms/_tick.html")


def test_theme_is_found_in_the_data_or_named(tmp_path, monkeypatch):
    assert environment.theme("HEARTH_THEME", tmp_path / "theme", SHIPPED) is None
    (tmp_path / "theme").mkdir()
    assert environment.theme("HEARTH_THEME", tmp_path / "theme", SHIPPED) == tmp_path / "theme"
    monkeypatch.setenv("HEARTH_THEME", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match="HEARTH_THEME must be compact or plain, or a folder"):
        environment.theme("HEARTH_THEME", tmp_path / "theme", SHIPPED)


@pytest.mark.parametrize("name", ["compact", "plain"])
def test_themes_that_ship_are_known_by_name_and_can_be_copied(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HEARTH_THEME", name)
    assert environment.theme("HEARTH_THEME", tmp_path, SHIPPED) == SHIPPED / name
    run("new", str(tmp_path / "own"), "--like", name)
    copied = {path.name for path in (tmp_path / "own").rglob("*.css")}
    assert copied == {path.name for path in (SHIPPED / name).rglob("*.css")}
    assert "theme diff" in (tmp_path / "own/README").read_text()


def test_settings_take_it_up(tmp_path):
    (tmp_path / "theme" / "templates").mkdir(parents=True)
    code = "from django.conf import settings; print(settings.TEMPLATES[0]['DIRS'])"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert shown.startswith(f"[PosixPath('{tmp_path / 'theme' / 'templates'}')")


def test_folder_that_has_a_new_file_is_no_change_of_its_own(theme):
    """Nobody can read a folder as a template."""
    write(theme, "templates/rooms/_tick.html", "{% iff %}")
    assert all(path.is_file() for path in moments())
    assert problem_of(theme / "templates/rooms/_tick.html")["line"] == 1
