"""`check_templates`: what would stop working with a theme."""

import ast
import re
from collections import Counter
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.template import engines
from django.template.base import VariableDoesNotExist
from django.template.defaulttags import ForNode, IfNode
from django.utils import translation

from rooms.gallery.check import Drawn, check, draw
from rooms.gallery.heads import sources
from tests.support import templates_page
from tests.support.server import ROOT
from tests.support.worked_changes import make_theme

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def drawn(django_db_setup, django_db_blocker):
    """Everything that there is to see, what is to be mended in it, and which ways it took.

    It takes its time: what a theme is compared with is not drawn again.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rooms.gallery.check.draw", drawn_once())
        with django_db_blocker.unblock(), noted_ways() as (branches, plurals):
            drawn = Drawn(None, sources(), None)
            findings = list(map(str, drawn.findings()))
        yield drawn, findings, branches, plurals


def drawn_once():
    """Return what draws each state with Hearth's own templates once, and with those of themes each time."""
    kept = {}

    def draw_once(state, sight):
        if len(engines["django"].dirs) > 1:
            return draw(state, sight)
        if state not in kept:
            kept[state] = draw(state, sight)
        return kept[state]

    return draw_once


@contextmanager
def noted_ways():
    """Yield what `{% if %}` and `{% empty %}` have come to, and sentences with a number: how often.

    The former by template, line and branch, the latter by sentence and whether it was for one.
    """
    branches, plurals = Counter(), Counter()
    of_if, of_for, sentence = IfNode.render, ForNode.render, translation._trans.ngettext

    def noted_if(node, context):
        conditions = [condition for condition, _body in node.conditions_nodelists]
        taken = (
            number
            for number, condition in enumerate(conditions)
            if condition is None or is_so(condition, context)
        )
        note(node, len(conditions) + (None not in conditions), next(taken, len(conditions)))
        return of_if(node, context)

    def noted_for(node, context):
        if node.nodelist_empty:
            note(node, 2, int(not node.sequence.resolve(context, ignore_failures=True)))
        return of_for(node, context)

    def note(node, count, taken):
        place = node.origin.template_name, node.token.lineno
        branches.update({(*place, number): 0 for number in range(count)})
        branches[*place, taken] += 1

    def noted_sentence(singular, plural, number):
        plurals[singular, number == 1] += 1
        return sentence(singular, plural, number)

    IfNode.render, ForNode.render, translation._trans.ngettext = noted_if, noted_for, noted_sentence
    yield branches, plurals
    IfNode.render, ForNode.render, translation._trans.ngettext = of_if, of_for, sentence


def is_so(condition, context):
    try:
        return condition.eval(context)
    except VariableDoesNotExist:
        return False


# What is in no state, and why.
UNTAKEN = {
    (
        "accounts/profile_update.html",
        "{% if refusal %}",
    ): "a limit that was reached: tests/accounts/test_profiles.py",
    ("admin/rooms/raid/add.html", "{% if look %}"): "tests/rooms/test_raids.py",
    ("rooms/_composer.html", "{% if limits %}"): "a setting: tests/rooms/test_files.py",
    ("rooms/_file_input.html", "{% if limits %}"): "a setting: tests/rooms/test_files.py",
    ("rooms/reply_list.html", "{% if limits %}"): "a setting: tests/rooms/test_replies.py",
    ("rooms/export/page.html", "LANGUAGE_BIDI"): "no language of Hearth is written from right to left",
    ("skeleton.html", "LANGUAGE_BIDI"): "no language of Hearth is written from right to left",
}


def test_every_condition_is_there_both_ways(drawn):
    """A branch that nobody has seen may be broken by a theme without a word."""
    own = sources()
    lines = {
        (name, own[name].text.splitlines()[line - 1].strip())
        for (name, line, _branch), times in drawn[2].items()
        if not times and name in own
    }
    untaken = {(name, text) for name, text in lines if not any(n == name and w in text for n, w in UNTAKEN)}
    assert untaken == set()
    assert len(lines) == len(UNTAKEN)


def test_every_template_is_drawn_and_nothing_is_to_be_mended(drawn):
    everything, findings, *_ways = drawn
    assert findings == []
    assert sources().keys() - everything.seen == set(), "rooms/gallery/states has no state with these"


def test_tables_of_the_docs_are_those_of_the_gallery(drawn):
    assert templates_page.PAGE.read_text() == templates_page.page(drawn[0]), "make templates"


# Sentences that the gallery has not both ways, and why.
OTHER_SENTENCES = {
    "%(count)d file, of up to %(size)s.": "a setting: how many files a message may have",
    "You can send %(count)d file at a time.": "a setting: how many files a message may have",
    "You can send %(most)d file at a time; these are %(count)d.": "what was sent: tests/rooms/test_files.py",
    "%(count)d minute": "never said of one: 60 seconds",
    "📎 %(count)d file": "never said of one, which has a name",
    "📷 %(count)d photo": "never said of one, which has a name",
    "%(count)d hour": "no slow mode is that long; of a limit",
    "%(count)d second": "no slow mode is that short; of a limit",
    "%(count)d person reacted to what you wrote: %(emoji)s": "a notification: tests/rooms/test_reactions.py",
    "Done for %(count)d person.": "a line of the admin, which has templates of its own",
    "More than %(count)d message found.": "never said of one",
}


def test_every_sentence_with_a_number_is_there_for_one_and_for_more(drawn):
    one_way = {it for it in sentences_with_numbers() if not (drawn[3][it, True] and drawn[3][it, False])}
    assert one_way == set(OTHER_SENTENCES)


def sentences_with_numbers():
    """Return each sentence for one, of Python and of templates."""
    files = [path for folder in ("accounts", "config", "rooms") for path in (ROOT / folder).rglob("*.py")]
    for path in files:
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "").startswith("ngettext"):
                yield call.args[0].value
    for source in sources().values():
        for before in re.findall(r"{% blocktranslate [^%]*%}([^%]*){% plural %}", source.text):
            yield " ".join(re.sub(r"{{ (\w+) }}", r"%(\1)s", before).split())


def test_what_is_written_has_nothing_to_be_mended():
    assert check(only=()) == []


SHIPPED = ROOT / "templates"
# For each template of a theme: what is put in place of what.
BROKEN = {
    "accounts/login.html": [
        ("{% csrf_token %}", ""),
        ("{{ form.name.as_field_group }}", '<input name="name">\n<b>Hi there</b>\n<i title="Hi again"></i>'),
    ],
    "error.html": [('name="content"', ""), ('id="content"', "")],
    "help.html": [
        ("<h1>", '<div id="main"><h1>'),
        (
            "{% block body %}",
            "{% block body %}\n<script>x</script>\n<style>p</style>\n<p onclick='x' style='y'></p>",
        ),
        ("{% endblock body %}", '<img alt="" src="https://elsewhere.example/x.png">\n{% endblock body %}'),
    ],
    "people/_name.html": [("{{ person.shown_name }}", "{{ person.shown_name|safe }}")],
    "rooms/_live.html": [('id="updated"', ""), ('data-hx-include="#cursors"', "")],
    "rooms/_message.html": [('data-part="text"', ""), ("{{ message|message_text }}", "{{ message.contnt }}")],
    "rooms/_tick.html": [("data-state", "data-estate"), ("{{ tick.state }}", "{{ tik.state }}")],
    "rooms/membership_delete.html": [("{{ room.get_absolute_url }}", "{% url 'rooms:loby' %}")],
    "rooms/mention_list.html": [
        ("{% load i18n messages %}", "{% load i18n messages static %}{% static 'own.svg' %}")
    ],
    "rooms/pin_list.html": [("{% block body %}", "{% block body %}\n{{ reader.pronouns }}")],
    "rooms/message_delete.html": [("<form", "<p"), ("</form>", "</p>")],
}
DRAWN = {*BROKEN, "rooms/chat_room_detail.html"}
FOUND = [
    ("accounts/login.html", r"A form \(post /login/\) lacks {% csrf_token %}"),
    ("accounts/login.html", r'no name for <input name="name">'),
    ("accounts/login.html", r"“Hi there” is the same in all languages"),
    ("accounts/login.html", r"“Hi again” is the same in all languages"),
    ("error.html", r"The field content is gone"),
    ("error.html", r"#content is gone"),
    ("help.html", r"The id main is there twice"),
    ("help.html", r"A <div> is not closed"),
    ("help.html", r"refuse a script in the page"),
    ("help.html", r"refuse a style in the page"),
    ("help.html", r"refuse a script in an element"),
    ("help.html", r"refuse a style in an element"),
    ("help.html", r"refuse a file of another site"),
    ("people/_name.html", r"What people write becomes HTML here: drop \|safe"),
    ("rooms/_live.html", r"#updated is gone"),
    ("rooms/_live.html", r'data-hx-include="#cursors" is gone'),
    ("rooms/_message.html", r'"text" is gone'),
    ("rooms/_message.html", r"in message.contnt there is no contnt. Did you mean content\?"),
    ("rooms/_tick.html", r"data-state is gone"),
    ("rooms/_tick.html", r"nothing here is called tik. Did you mean tick\?"),
    ("rooms/membership_delete.html", r"It cannot be drawn: .*loby"),
    ("rooms/message_delete.html", r"The form that goes to the same page is gone"),
    ("rooms/pin_list.html", r"in reader.pronouns there is no pronouns"),
    ("css/theme.css", r"--muted can hardly be seen on --panel in the light theme: 1.6:1"),
    ("css/theme.css", r"There is no file ../own.svg"),
    ("css/chats.css", r"A brace is not closed"),
    ("css/forms.css", r"A brace is closed that is not open"),
    ("rooms/mention_list.html", r"There is no file own.svg"),
    ("js/theme.js", r"unexpected ;"),
]


@pytest.fixture(scope="module")
def theme(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theme")
    for name, changes in BROKEN.items():
        text = (SHIPPED / name).read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        write(folder, f"templates/{name}", text)
    write(
        folder,
        "static/css/theme.css",
        "p { background: url(../own.svg) }\n:root { --muted: light-dark(#ccc, #bfcad1); }",
    )
    write(folder, "static/css/chats.css", '/* { */ p { content: "{"; }\nb { color: red')
    write(folder, "static/css/forms.css", "p { color: red } }")
    write(folder, "static/js/theme.js", "let x = ;")
    return folder


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.fixture(scope="module")
def findings(theme, drawn, django_db_blocker):
    with django_db_blocker.unblock():
        return check(theme, DRAWN)


@pytest.mark.parametrize(("file", "sentence"), FOUND)
def test_what_would_stop_working_is_told_with_its_file(findings, file, sentence):
    told = [finding for finding in findings if finding.file.endswith(file)]
    assert [finding for finding in told if re.search(sentence, finding.sentence)], told


def test_each_finding_names_the_line(findings, theme):
    lines = {(f.file.removeprefix(f"{theme}/"), f.sentence[:20]): f.line for f in findings}
    login = (theme / "templates/accounts/login.html").read_text().splitlines()
    where = lines["templates/accounts/login.html", "“Hi there” is the sa"]
    assert "Hi there" in login[where - 1]
    assert lines["static/css/theme.css", "--muted can hardly b"] == 2


def test_nothing_else_is_told(findings):
    """What follows from a fault is told, too, but nothing of what works."""
    expected = {file for file, _sentence in FOUND}
    assert [str(finding) for finding in findings if not finding.file.endswith(tuple(expected))] == []


def test_template_that_cannot_be_read_is_told_first(tmp_path):
    write(tmp_path, "templates/rooms/_tick.html", "{% load messages %}\n{{ tick|clok }}")
    output = StringIO()
    with pytest.raises(CommandError, match="1 to mend"):
        call_command("check_templates", str(tmp_path), stdout=output)
    assert (
        "_tick.html, line 2: It cannot be read: Invalid filter: 'clok'. Did you mean clock?"
        in output.getvalue()
    )


def test_theme_that_extends_what_it_changes_is_fine(tmp_path):
    own = '{% extends "help.html" %}{% block page %}page-plain own{% endblock page %}'
    write(tmp_path, "templates/help.html", own)
    output = StringIO()
    call_command("check_templates", str(tmp_path), stdout=output)
    assert output.getvalue().startswith("Nothing to mend")


@pytest.mark.parametrize("name", ["compact", "plain"])
def test_themes_that_ship_have_nothing_to_be_mended(name, drawn):
    assert list(map(str, check(ROOT / "config/themes" / name))) == []


def test_changes_of_the_docs_have_nothing_to_be_mended(tmp_path, drawn):
    theme = make_theme(tmp_path)
    assert list(map(str, check(theme, {"rooms/chat_room_detail.html"}))) == []
