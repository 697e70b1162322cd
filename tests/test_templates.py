"""How templates are loaded, and that a request nobody should answer fills no log."""

import logging
import os
import re
import subprocess
import sys

import pytest
from django.template import Engine

from tests.support.server import ROOT

TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*")) if path.is_file()]
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SHOW_LOADERS = "from django.conf import settings; print(settings.TEMPLATES[0]['OPTIONS']['loaders'])"


@pytest.mark.parametrize(("debug", "is_cached"), [("1", False), ("0", True)])
def test_templates_are_read_anew_only_while_somebody_edits_them(tmp_path, debug, is_cached):
    environment = {**os.environ, "DEBUG": debug, "DATA_DIR": str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", SHOW_LOADERS],
        cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert ("CachedLoader" in shown) is is_cached


@pytest.mark.parametrize(
    "path", [*TEMPLATES, *SCRIPTS, *STYLES], ids=lambda path: str(path.relative_to(ROOT))
)
def test_lines_can_be_read(path):
    lines = enumerate(path.read_text().splitlines(), 1)
    assert [number for number, line in lines if len(line) > 120 or line.count("{%") > 4] == []


def test_styles_in_templates_take_their_values_from_the_style_sheets():
    """Ticks look the same on pages and in documents without scripts."""
    declared = set(re.findall(r"(--[\w-]+):", "".join(path.read_text() for path in STYLES)))
    used = re.findall(r"var\((--[\w-]+)", "".join(path.read_text() for path in TEMPLATES))
    assert {"--sent-mark", "--delivered-mark", "--read-line"} <= set(used) <= declared


def test_foreign_host_is_refused_without_a_word_in_the_log(client, caplog):
    with caplog.at_level(logging.INFO):
        assert client.get("/login/", headers={"Host": "evil.example"}).status_code == 400
    assert not caplog.records


@pytest.fixture
def render(tmp_path):
    """Render a template that a file holds."""

    def render(source, *, debug=False, **context):
        (tmp_path / "it.html").write_text(source)
        files = ["config.templates.Loader"]
        loaders = files if debug else [("config.templates.CachedLoader", files)]
        libraries = {"i18n": "django.templatetags.i18n"}
        engine = Engine([str(tmp_path)], debug=debug, loaders=loaders, libraries=libraries)
        return engine.render_to_string("it.html", context)

    return render


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("{# A comment #}\n{# and more #}\n{% load i18n %}\n<p>\n  text\n</p>\n", "<p> text\n</p>"),
        ("<p>a\n{% if yes %}\n  <b>b</b>\n{% else %}\n  c\n{% endif %}\nd</p>", "<p>a\n<b>b</b>\nd</p>"),
        ("<p>a\n{% if no %}\n  <b>b</b>\n{% endif %}\nd</p>", "<p>a\nd</p>"),
        ("{% if no %}\n  a\n{% else %}\n  b\n{% endif %}\n", "b"),
        ("<p>{% block b %}\n  {% if yes %}\n    a\n  {% endif %}\n{% endblock %}</p>", "<p> a</p>"),
        ("{% block b %}\n  a\n{% endblock %}\nb", "a\nb"),
        ("a {% if yes %}b{% endif %}\nc", "a b\nc"),
        ("{% for n in two %}\n  <i>{{ n }}</i>\n{% endfor %}\n", "<i>1</i>\n<i>2</i>\n"),
        ("{% for n in two %}<i>{{ n }}</i>\n{% endfor %}|", "<i>1</i>\n<i>2</i>\n|"),
        ("{{ yes }}\n\n  {{ yes }}\n", "True True"),
        ("a\n{% partialdef x %}\n  b\n{% endpartialdef x %}\n{% partial x %}\nc", "a\nb\nc"),
        ("a\n{% partialdef x inline %}\n  b\n{% endpartialdef x %}\nc", "a\nb\nc"),
        (
            "  <p\n     id=x>\n    <b>a</b>\n    {% if no %}\n    {% endif %}\n  </p>\n",
            "  <p id=x> <b>a</b> </p>",
        ),
        ("  <textarea>\n{{ lines }}</textarea>\n", "  <textarea>\n1\n\n  2</textarea>"),
        ("{{ lines }}", "1\n\n  2"),
    ],
)
def test_white_space_for_the_eye_is_not_sent(render, source, sent, debug):
    assert render(source, debug=debug, yes=True, two=(1, 2), lines="1\n\n  2") == sent


def test_error_in_a_template_names_its_line(render):
    with pytest.raises(ZeroDivisionError) as found:
        render(
            "{# A comment #}\n{% if yes %}\n<p>\n{{ bad }}\n{% endif %}",
            debug=True,
            yes=True,
            bad=lambda: 1 / 0,
        )
    assert found.value.template_debug["line"] == 4
