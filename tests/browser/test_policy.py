"""What the content security policy keeps scripts from, while pages work."""

import pytest
from playwright.sync_api import Error, expect

SINKS = [
    "document.body.innerHTML = '<b>x</b>'",
    "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    "document.createElement('script').src = '/x.js'",
    "trustedTypes.createPolicy('other', { createHTML: (html) => html })",
    "setTimeout('1')",
]


@pytest.mark.parametrize("sink", SINKS)
def test_text_does_not_become_html_or_a_script(person, sink):
    dora = person("dora")
    dora.open_live(dora.make_room())
    with pytest.raises(Error, match=r"TrustedHTML|TrustedScript|Policy|policy"):
        dora.page.evaluate(f"() => {{ {sink} }}")
    dora.problems.clear()


def test_htmx_puts_in_what_the_server_sends(person):
    dora, emil = person("dora"), person("emil")
    room = dora.make_room()
    dora.open_live(room)
    emil.open_live(room)
    dora.say(room, "<b>Hello</b>")
    emil.sees("<b>Hello</b>")
    expect(emil.page.locator("#messages .day h3")).to_have_count(1)
