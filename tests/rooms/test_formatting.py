"""What people type as formatting: what becomes of it, what stays text, and what it costs at most."""

import re
import time
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts import limits
from config.drawn import drawings
from config.rates import Rate
from rooms.models import Message, formatting, highlighting, message_text
from rooms.models.formatting import FORMATTED, TYPED, plain, unformatted
from rooms.models.highlighting import LANGUAGES, coloured
from rooms.models.message_text import LINKS, html_of
from rooms.templatetags.messages import preview
from tests.support.factories import make_message
from tests.support.hostile import LONG_TEXTS, TEXTS

TOKEN = "6f1c3c1e-5b0e-4b57-9f0a-0d7f6a1b2c3d"
LINK = 'target="_blank" rel="noopener noreferrer nofollow ugc"'
CODE = '<pre class="code" dir="ltr" tabindex="0" role="group" aria-label="Code"><code>'
SPOILER = '<details class="spoiler"><summary>Spoiler</summary><span>'
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in ("strong", "em", "s", "code", "ul", "li", "blockquote", "summary")},
    "ol": {"start"},
    "details": {"class"},
    "pre": {"class", "dir", "tabindex", "role", "aria-label"},
    "span": {"class", "data-user"},
    "a": {"href", "target", "rel"},
}


def drawn(content, **mentioned):
    return html_of(content, mentioned, FORMATTED)


def is_as_typed(content):
    return drawn(content) == html_of(content, {}, TYPED)


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("very **bold**, *this* and _that_", "very <strong>bold</strong>, <em>this</em> and <em>that</em>"),
        ("~~no~~ **_both_**", "<s>no</s> <strong><em>both</em></strong>"),
        ("run `make *all*` now", "run <code>make *all*</code> now"),
        ("one\ntwo **x**\n\n\nfour", "one\ntwo <strong>x</strong>\n\n\nfour"),
        ("buy:\n- tea\n- **milk**\nnow", "buy:<ul><li>tea</li><li><strong>milk</strong></li></ul>now"),
        ("3. a\n4. b\n   - c", '<ol start="3"><li>a</li><li>b<ul><li>c</li></ul></li></ol>'),
        ("> said\n> so\nno", "<blockquote>said\nso</blockquote>no"),
        ("> > old\n> new", "<blockquote><blockquote>old</blockquote>new</blockquote>"),
        ("```\n  a < b\n```\nso", f"{CODE}  a &lt; b</code></pre>so"),
        ("```py\nx = 1", f'{CODE}x = <span class="number">1</span></code></pre>'),
        ("```well then\nx\n```", f"{CODE}well then\nx</code></pre>"),
        ("[t *x*](https://a.example/_b_)", f'<a href="https://a.example/_b_" {LINK}>t <em>x</em></a>'),
        ("**https://a.example/_b_**", None),
        ("it is ||Ben||!", f"it is {SPOILER}Ben</span></details>!"),
        (
            "**a ||b|| c**",
            f"<strong>a </strong>{SPOILER}<strong>b</strong></span></details><strong> c</strong>",
        ),
        ("***a **b** c***", "<em><strong>a b c</strong></em>"),
    ],
)
def test_formatting_is_drawn(content, html):
    address = f'<strong><a href="https://a.example/_b_" {LINK}>https://a.example/_b_</a></strong>'
    assert drawn(content) == (html or address)


@pytest.mark.parametrize(
    "content",
    [
        *("snake_case and __init__.py_", "2*3*4 = 24", "2 * 3 * 4", "a || b || c", "f(*args, **kwargs)"),
        *("C:\\*.*\\_old_", "¯\\_(ツ)_/¯", "\\*not\\*", "@_ada_", "____", "*****", "Name: ____ Age: ____"),
        *(
            "# head",
            "---",
            "- - -",
            "* * *",
            "===",
            "a\n===",
            "a\n---",
            "-",
            "- ",
            "1.",
            "+ 1",
            "+1",
            ">",
            ">:(",
            "->",
        ),
        *(
            "<b>x</b>",
            "&amp; &#60;",
            "<https://a.example>",
            "![x](https://a.example/x.png)",
            "    four",
            "\ta",
        ),
        *("[x](javascript:alert(1))", "[x](/logout/)", "[x](data:text/html,x)", "[x](//a.example)", "[x][y]"),
        *(
            "[x]: https://a.example",
            "[]()",
            "[x]()",
            "[www.bank.example](https://a.example)",
            "```",
            "~~~\nx\n~~~",
        ),
        *("[https://bank.example/](https://a.example)", "| a | b |\n|---|---|", "a\\\nb", "a  \nb"),
    ],
)
def test_what_is_not_clearly_formatting_stays_text(content):
    assert is_as_typed(content)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("very **bold**", "very bold"),
        ("see `x` and [there](https://a.example)", "see x and there"),
        ("a\n\n- b\n- **c**\n  1. d", "a\n- b\n- c\n  1. d"),
        ("> a\n> b\nc", "> a\n> b\nc"),
        ("```py\nx = 1\ny = 2\n```", "x = 1\ny = 2"),
        ("it is ||*Ben*||!", "it is […]!"),
        ("snake_case", "snake_case"),
    ],
)
def test_plain_text_has_no_formatting(content, text):
    assert plain(content) == text


def test_plain_text_for_a_search_has_what_is_concealed():
    assert unformatted("it is ||*Ben*||!", conceals=False) == "it is Ben!"


# Whatever it is


class Parts(HTMLParser):
    """The elements of a drawn text, which end in the order in which they began, and its letters."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.addresses, self.deepest = [], "", "", 0
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert {name for name, _value in attrs} <= ALLOWED[tag], (tag, attrs)
        attributes = dict(attrs)
        if tag == "a":
            assert re.match("https?://", attributes["href"], re.IGNORECASE)
            self.addresses += unescape(attributes["href"])
        if tag in ("details", "pre", "blockquote", "ul", "ol", "li"):
            assert not set(self.open) & {"strong", "em", "s", "a", "code"}
        assert not (tag == "a" and tag in self.open)
        self.open.append(tag)
        self.deepest = max(self.deepest, len(self.open))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["summary"]:
            self.text += data

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def letters(text):
    return Counter(character for character in text if character.isalpha())


FRAGMENTS = st.sampled_from(
    [
        *(
            "**",
            "*",
            "_",
            "~~",
            "`",
            "``",
            "||",
            "[",
            "](https://a.example)",
            "](",
            ")",
            "!",
            "\\",
            "@ada",
            "://",
        ),
        *(
            "\n",
            "\n\n",
            "> ",
            "- ",
            "  - ",
            "1. ",
            "\n```\n",
            "\n```py\n",
            "```",
            " ",
            "    ",
            "\t",
            "a",
            "b c",
            "1",
        ),
        *(
            "https://a.example/_x_",
            "www.a.example",
            "<b>",
            "</div>",
            "&amp;",
            '"',
            "'",
            "\u0301",
            "\u2028",
            "日本",
        ),
    ]
)


@settings(max_examples=200)
@given(st.lists(FRAGMENTS, max_size=30).map("".join))
@example("[a ||b](https://a.example) c||")
@example("**a [b** c](https://a.example)")
@example("||a **b|| c**")
@example("- > ```\n- x\n  > y")
def test_drawn_text_is_sound_whatever_it_is(content):
    drawn_text = Parts(drawn(content, ada=1))
    # Nothing is lost but addresses of links, and names of languages; nothing is added.
    lost = letters(content) - letters(drawn_text.text)
    assert lost <= letters(drawn_text.addresses) + letters("py" * content.count("py"))
    assert not letters(drawn_text.text) - letters(content)
    assert not letters(unformatted(content, conceals=False)) - letters(content)


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_a_text_that_is_not_read_would_be_the_same_if_it_were(content):
    if not formatting._PERHAPS.search(content):
        html = message_text._Formatted(message_text._MessageUrlizer({})).html_of(formatting.pieces(content))
        typed = html_of(content, {}, TYPED)
        assert re.sub(r"\n\s*\n", "\n", html).strip() == re.sub(r"\n\s*\n", "\n", typed).strip()


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_is_sound_within_formatting(text):
    for content in (
        f"**{text}**",
        f"`{text}`",
        f"||{text}||",
        f"- {text}",
        f"```html\n{text}\n```",
        f"[{text}](https://a.example)",
    ):
        parts = Parts(drawn(content))
        assert letters(parts.text + parts.addresses + "html" * content.count("html")) >= letters(text), (
            content
        )


def test_elements_stand_so_deep_at_most():
    for mark in ("> ", "- ", "1. ", "> - ", "**a _b ~~c "):
        assert Parts(drawn(f"{mark * 300}x")).deepest <= 12
    nested = "\n".join(f"{'  ' * depth}- x" for depth in range(60))
    assert Parts(drawn(nested)).deepest <= 12


# What it costs

HARMLESS = (
    "The meeting is **tomorrow** at ten, in the big hall; bring `notes.txt` and _something_ to eat.\n"
    "Ben said that he would come a little later, since his train is never on time.\n"
) * 40
UNITS = [
    *(
        "*",
        "_a ",
        "**a",
        "**a** ",
        "*a_",
        "*_",
        "a*,*",
        "'*",
        "~~a~~ ",
        "`a",
        "``a`",
        "||a",
        "||a||",
        "||*a*||",
    ),
    *(
        "[",
        "[a](",
        "[a](https://a",
        "[a](https://a)",
        "![a](https://a)",
        "https://a.io/*",
        "@a ",
        "*a [b*](https://c)",
    ),
    *(
        "> ",
        "> a\n\n",
        "- ",
        "- a\n",
        "- a\n\n",
        "x\n- a\n",
        "- > a\n",
        "> - 1. a\n",
        "1. a\n",
        "- a\n> b\n",
        "- a\n  - b\n",
    ),
    *("```\n", "```\na\n```\n", "- ```\n", "> ```\n", "\n\na", "    a\n", "\\*", "<b>", "*\u0301", "日**本"),
]
DEEP = "".join(f"{'  ' * depth}- a\n" for depth in range(60))
RUNS_OF_BACKTICKS = "".join(f"{'`' * length}a" for length in range(1, 90))
LEXED = ["x ```", "a<a", "a.a", "\\x", ";", "{", "x \n", "a\n", '"""\n']


def time_of(action, enough=0.0):
    """Return the processor time that it takes: the least of three, or the first that is `enough` at most."""
    best = 9.0
    for _attempt in range(3):
        drawings.forget()
        begin = time.thread_time()
        action()
        best = min(best, time.thread_time() - begin)
        if best <= enough:
            break
    return best


def test_no_text_costs_much_more_than_a_harmless_one():
    def cost(content, enough=0.0):
        return time_of(lambda: (drawn(content), plain(content), list(formatting.texts(content))), enough)

    # The worst of them takes a little over four times as long, and a busy machine may double that.
    most = 10 * cost(HARMLESS[:4000])
    contents = [unit * (4000 // len(unit)) for unit in UNITS]
    contents += [unit * (formatting.MARKS // 4) for unit in UNITS]
    contents += [DEEP, RUNS_OF_BACKTICKS, "*" * 1999 + "a" + "*" * 2000, *LONG_TEXTS]
    assert [content[:20] for content in contents if cost(content[:4000], most) > most] == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_code_costs_much_more_than_a_harmless_text(language):
    most = 5 * time_of(lambda: drawn(HARMLESS[:4000]))
    for unit in LEXED:
        lines = "\n".join([(unit * 100)[:190]] * 11)
        code = ((unit * 1000) if "\n" in unit else lines)[: highlighting.LONGEST]
        assert unescape(re.sub("<[^>]*>", "", coloured(code, language))) == code
        content = f"```{language}\n{code}\n```\n{'*a,' * 200}"
        assert time_of(lambda content=content: drawn(content), most) <= most, unit


def test_long_code_and_code_that_nobody_writes_has_no_colours():
    assert "<span" in coloured("x = 1\n" * 300, "python")
    for code in ("x = 1\n" * 350, "x = 1 " * 40, "x = 1" + " " * 60 + "\ny = 2"):
        assert "<span" not in coloured(code, "python")
    twice = "```py\n" + "# comment\n" * 120 + "```\n"
    assert drawn(twice * 2).count("<span") == drawn(twice).count("<span") == 1
    assert "<span" not in drawn("```c\nint x = 1;\n```")  # no such lexer passes


def test_after_many_links_formatted_ones_are_text():
    html = drawn("[a](https://a.example) https://b.example\n" * 40)
    assert html.count("<a ") == LINKS
    assert "[a](https://a.example) https://b.example" in html


def test_a_text_that_would_be_very_long_is_shown_as_it_was_typed():
    assert not is_as_typed("***_||*a*||_*** " * 10)
    assert is_as_typed("***||a||b||a||*** " * 130)


# Where it is shown


@pytest.mark.django_db
def test_nobody_is_mentioned_in_code_or_links(ada, ben, room):
    content = "`@ben` [@ben](https://a.example)\n```\n@ben\n```"
    message = make_message(room, ada, content)
    assert message.mentioned == {}
    assert not message.mentions.exists()
    message.edit(f"**@ben**\n{content}")
    assert [mention.user for mention in message.mentions.all()] == [ben]
    assert message.html.count("data-user") == 1


@pytest.mark.django_db
def test_messages_from_before_keep_their_look_until_they_are_edited(ada, room):
    message = make_message(room, ada, "very **bold**")
    columns = [field.column for field in Message._meta.concrete_fields if field.name not in ("id", "format")]
    values = ["%s" if column in ("token", "position") else column for column in columns]
    with connection.cursor() as cursor:  # as a release does that does not know of formatting
        cursor.execute(
            f"INSERT INTO rooms_message ({', '.join(columns)}) "  # noqa: S608
            f"SELECT {', '.join(values)} FROM rooms_message WHERE id = %s",
            [f"{1:032x}", 99, message.pk],
        )
    earlier = Message.objects.get(position=99)
    assert (message.format, earlier.format) == (FORMATTED, TYPED)
    assert (earlier.html, earlier.plain) == ("very **bold**", "very **bold**")
    earlier.edit("very **bold**!")
    earlier.refresh_from_db()
    assert (earlier.html, earlier.plain) == ("very <strong>bold</strong>!", "very bold!")


@pytest.mark.django_db
def test_lists_of_chats_have_the_plain_text(ada, room, ada_client):
    message = make_message(room, ada, "very **bold**\n- ||Ben||")
    assert preview(message) == "very bold\n- […]"
    [shown] = re.findall("<bdi>(very.*?)</bdi>", ada_client.get("/").content.decode(), re.DOTALL)
    assert shown == "very bold\n- […]"


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_preview_shows_the_message_and_saves_nothing(room, ben, ada_client, headers):
    room.join(ben)
    fields = {"content": "very **bold**, @ben", "token": TOKEN}
    address = f"/rooms/{room.pk}/messages/"
    answer = ada_client.post(address, {**fields, "preview": "1"}, headers=headers)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert f'very <strong>bold</strong>, <span class="mention" data-user="{ben.pk}">@ben</span>' in html
    assert not Message.objects.exists()
    if not headers:
        assert re.search(rf">\s*{re.escape(fields['content'])}</textarea>", html)
        assert f'value="{TOKEN}"' in html
    ada_client.post(address, fields, headers=headers)
    assert Message.objects.get().content == fields["content"]


@pytest.mark.django_db
def test_preview_says_what_is_wrong_and_is_limited(room, ada_client, limit, monkeypatch):
    monkeypatch.setattr(limits, "memory", limits.Memory())
    limit(preview_per_user=Rate(1, 60))
    address = f"/rooms/{room.pk}/messages/"
    statuses = [
        ada_client.post(address, {"content": content, "preview": "1"}).status_code
        for content in (" ", "x" * 4001, "**x**", "**x**")
    ]
    assert statuses == [422, 422, 200, 429]
