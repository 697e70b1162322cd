"""Writes docs/conformance.md: which tests prove which requirement, and what follows for WCAG.

A test says what it proves: `@pytest.mark.accessibility("A07", "A08")`. `make accessibility-statement` runs
those tests and writes the page; tests/test_conformance.py notices when it no longer fits the tests.
"""

import ast
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
STATEMENT = ROOT / "docs/conformance.md"


class Item(NamedTuple):
    requirement: str
    criteria: tuple[str, ...]


def _items(text: str) -> dict[str, Item]:
    """Read lines like "A01 3.1.1 Every answer tells its language." """
    items = {}
    for line in text.strip().splitlines():
        number, *words = line.split()
        criteria = [word for word in words if re.fullmatch(r"\d\.\d\.\d+", word)]
        items[number] = Item(" ".join(words[len(criteria) :]), tuple(criteria))
    return items


ITEMS = _items("""
A01 3.1.1 Every page tells its language, pages for errors, too
A02 2.4.2 Titles are unique, tell what is unread, and begin with "Error:" after a refused form
A03 1.4.4 Zoom is not blocked
A04 1.3.1 Landmarks: a banner, one main part, a named navigation, at most six
A05 1.3.1 2.4.6 One h1, no level skipped; days and "New messages" are h3, authors no headings
A06 2.4.1 A skip link, seen when it has the focus
A07 2.4.3 Tab goes in the order that is seen
A08 2.1.2 Tab is trapped nowhere
A09 2.4.7 2.4.13 Focus is seen on everything, with 3:1 and the area of an edge of 2 pixels
A10 2.4.11 2.4.12 What has the focus is not covered
A11 4.1.2 2.1.1 Clicks are for links, buttons and fields only
A12 1.1.1 4.1.2 Buttons have names in text
A13 2.4.6 2.4.9 Buttons that stand on a page several times have names of their own
A14 2.5.3 Names contain the visible label
A15 2.5.8 2.5.5 Targets have 24 pixels, buttons 44
A16 2.5.2 Nothing acts before the button of the mouse is up
A17 2.1.1 1.4.13 Nothing appears on hovering only
A18 1.4.13 Tooltips can be dismissed
A19 2.4.3 4.1.2 Dialogs take the focus and give it back
A20 3.2.1 3.2.2 No fragment takes the focus
A21 4.1.2 No id stands twice, however long the page is open
A22 4.1.2 HTML is valid, also after scripts have changed it
A23 1.3.3 1.4.1 Nothing is told by title, colour, place or sound alone
A24 3.2.3 3.2.4 3.2.6 Navigation and help are the same everywhere
A25 4.1.2 Links lead somewhere, buttons do something
A26 3.3.2 1.3.1 Fields have visible labels
A27 1.3.5 3.3.8 Fields for names and passwords tell what they are
A28 3.3.8 3.3.9 Passwords can be pasted; nothing has to be solved
A29 3.3.1 3.3.3 4.1.3 A refused field says so, why, and how to do it right
A30 3.3.7 2.4.3 What was typed stays, and the first refused field has the focus
A31 3.3.1 A refused form has a status and a title that say so
A32 2.2.1 4.1.3 A limit tells in words how long to wait
A33 3.3.2 The login page explains first what a password is for
A34 3.3.3 A refused name tells which characters are allowed
A35 1.3.1 Chats are a list; the open one is marked
A36 1.1.1 2.4.4 The number of unread messages is part of the link, once and in words
A37 2.4.4 It comes right after the name
A38 4.1.3 Badges are not announced
A39 3.2.2 2.4.3 A new order of the chats leaves the focus where it is
A40 2.4.2 The title tells what is unread
A41 3.3.1 3.3.2 An empty list says what to do; the form for a room tells what is wrong
A42 1.1.1 1.4.1 Who is online is a word, and not announced
A43 1.4.1 Private and muted are words
A44 4.1.3 Each message of others is announced once, as "Ada: text"
A45 4.1.3 The announcer is there from the start, and stays
A46 4.1.3 History is not announced
A47 4.1.3 Older messages, and what was missed, are announced as a number
A48 4.1.3 What comes twice is shown and announced once
A49 4.1.3 Of own messages only "Sent" is announced
A50 4.1.3 Ticks are not announced
A51 4.1.3 Typing is not announced
A52 4.1.3 Changes of messages are not announced
A53 2.2.4 A burst is summed up
A54 2.2.4 All, mentions, or nothing: what is announced can be chosen
A55 4.1.3 Only what needs action interrupts
A56 4.1.3 What is announced has no time and no markup
A57 4.1.3 The announcer is empty again after a while
A58 3.3.1 4.1.3 A message that was not sent is an alert, and can be sent again
A59 2.4.3 3.2.2 Sending leaves the focus in the box
A60 3.2.2 The box is never disabled, and loses nothing
A61 2.4.3 On a new page the focus is at a sensible place
A62 3.2.5 2.4.3 What arrives moves neither focus nor place nor selection
A63 2.1.1 A button leads down to what is new
A64 2.1.1 The messages are one stop, with keys inside
A65 1.3.2 A message is named by author, text, time and state, in this order
A66 2.1.4 F6 goes from region to region
A67 1.3.1 "New messages" is a heading, which a link leads to
A68 1.3.2 Messages stand in the order of time, each with its author
A69 1.3.1 Times are complete, with date and zone
A70 2.1.1 Older messages are behind a link, which keeps the focus
A71 1.3.2 3.1.2 Names and texts of other directions leave their surroundings alone
A72 1.1.1 1.4.1 Ticks have words and shapes
A73 4.1.2 Reactions are buttons that are pressed or not
A74 2.1.1 Reading can be told by a button
A75 3.2.2 Enter sends nothing while characters are composed
A76 2.5.7 2.1.1 Files are chosen with a field
A77 3.3.2 Limits of files are told before
A78 4.1.3 Progress is announced at start and end
A79 2.4.3 Buttons that take a file away name it
A80 3.3.1 3.3.3 A refused file is named, with reason and remedy
A81 1.1.1 Images have a description
A82 2.4.4 Links to files tell name, kind and size
A83 1.2.1 1.2.2 1.2.3 1.4.2 Nothing plays by itself
A84 1.3.1 Search is a form with a label
A85 4.1.3 The number of hits is announced once
A86 2.4.4 2.4.3 Hits are a list, and lead to the message
A87 1.3.1 4.1.3 Settings are grouped, and saving is told once
A88 3.3.4 3.3.6 What destroys is confirmed or undone, by name
A89 3.2.2 Choosing in a field does nothing by itself
A90 3.3.1 Pages for errors are pages, with words and a way on
A91 4.1.3 Failures of parts are told beside the form, not in the list
A92 4.1.3 2.2.4 A lost connection is told once, and not for a blip
A93 2.2.5 3.3.4 What is typed without a connection is kept and sent
A94 2.2.1 2.2.5 3.3.7 The end of a session is told; the draft waits
A95 1.4.3 1.4.6 Text has 4.5:1, mostly 7:1
A96 1.4.11 What is not text has 3:1
A97 1.4.1 Links in text are underlined
A98 1.4.10 At 320 by 256 pixels nothing is lost, and a message is seen beside the box
A99 1.4.4 At 200 % nothing is cut or covered
A100 1.4.12 With more space in text nothing is cut or covered
A101 1.4.11 Forced colours leave focus, badges, ticks and edges
A102 1.4.3 1.4.11 Light, dark and more contrast, by the system or by choice
A103 2.3.3 2.2.2 2.3.1 Nothing moves for who wants no motion; nothing flashes
A104 1.3.4 Both orientations work
A105 2.2.1 2.2.4 Everything works without JavaScript
A106 2.1.4 No single character does anything; keys are listed
A107 2.2.1 2.2.3 Sessions last for days and go on while used
A108 3.1.2 Names are marked as not to be translated
""")

# Nothing of it exists yet, or it is only for people to judge.
LATER = "comes with files and search"
NOT_TESTED = {
    **{f"A{number}": LATER for number in range(76, 87)},
    "A18": "there are no tooltips; that there are none is tested (A23)",
    "A19": "there are no dialogs",
    "A73": "there are no reactions",
}
# What is tested and still not all that the requirement says.
LIMITS = {
    "A23": "whether a page in shades of grey tells as much is for people to judge",
}


class Criterion(NamedTuple):
    name: str
    level: str


def _criteria(text: str) -> dict[str, Criterion]:
    """Read lines like "1.1.1 A Non-text Content"."""
    rows = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return {number: Criterion(name, level) for number, level, name in rows}


CRITERIA = _criteria("""
1.1.1 A Non-text Content
1.2.1 A Audio-only and Video-only
1.2.2 A Captions
1.2.3 A Audio Description or Media Alternative
1.2.4 AA Captions (Live)
1.2.5 AA Audio Description
1.3.1 A Info and Relationships
1.3.2 A Meaningful Sequence
1.3.3 A Sensory Characteristics
1.3.4 AA Orientation
1.3.5 AA Identify Input Purpose
1.4.1 A Use of Color
1.4.2 A Audio Control
1.4.3 AA Contrast (Minimum)
1.4.4 AA Resize Text
1.4.5 AA Images of Text
1.4.6 AAA Contrast (Enhanced)
1.4.10 AA Reflow
1.4.11 AA Non-text Contrast
1.4.12 AA Text Spacing
1.4.13 AA Content on Hover or Focus
2.1.1 A Keyboard
2.1.2 A No Keyboard Trap
2.1.4 A Character Key Shortcuts
2.2.1 A Timing Adjustable
2.2.2 A Pause, Stop, Hide
2.2.3 AAA No Timing
2.2.4 AAA Interruptions
2.2.5 AAA Re-authenticating
2.3.1 A Three Flashes or Below Threshold
2.3.3 AAA Animation from Interactions
2.4.1 A Bypass Blocks
2.4.2 A Page Titled
2.4.3 A Focus Order
2.4.4 A Link Purpose (In Context)
2.4.5 AA Multiple Ways
2.4.6 AA Headings and Labels
2.4.7 AA Focus Visible
2.4.9 AAA Link Purpose (Link Only)
2.4.11 AA Focus Not Obscured (Minimum)
2.4.12 AAA Focus Not Obscured (Enhanced)
2.4.13 AAA Focus Appearance
2.5.1 A Pointer Gestures
2.5.2 A Pointer Cancellation
2.5.3 A Label in Name
2.5.4 A Motion Actuation
2.5.5 AAA Target Size (Enhanced)
2.5.7 AA Dragging Movements
2.5.8 AA Target Size (Minimum)
3.1.1 A Language of Page
3.1.2 AA Language of Parts
3.2.1 A On Focus
3.2.2 A On Input
3.2.3 AA Consistent Navigation
3.2.4 AA Consistent Identification
3.2.5 AAA Change on Request
3.2.6 A Consistent Help
3.3.1 A Error Identification
3.3.2 A Labels or Instructions
3.3.3 AA Error Suggestion
3.3.4 AA Error Prevention (Legal, Financial, Data)
3.3.6 AAA Error Prevention (All)
3.3.7 A Redundant Entry
3.3.8 AA Accessible Authentication (Minimum)
3.3.9 AAA Accessible Authentication (Enhanced)
4.1.2 A Name, Role, Value
4.1.3 AA Status Messages
""")
# What no item is about, and why.
NOT_APPLICABLE = {
    **dict.fromkeys(("1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5", "1.4.2"), "no audio or video"),
    "1.4.5": "no images of text",
    "2.4.5": "pages are steps of a process; rooms are reached by the list and by address",
    "2.5.1": "no gestures",
    "2.5.4": "nothing is done by moving the device",
    "2.5.7": "nothing is dragged",
}

INTRODUCTION = """\
# Conformance

Made by `make accessibility-statement` out of the tests that say which requirement they prove. Do not edit it:
mark tests with `@pytest.mark.accessibility("A07")`, and change the words in `tests/support/conformance.py`.
[Accessibility](accessibility.md) says what pages do, what only people can check, and what is not met.

**Supports** means: the requirements of the criterion have tests, and all of them pass. **Partially**: one has
a limit that is named below. What does not exist yet counts for nothing. Nothing is claimed of screen readers.
"""


class Marks(NamedTuple):
    """The tests of each item, as "file::test"."""

    tests: Mapping[str, list[str]]

    @classmethod
    def read(cls) -> "Marks":
        tests: dict[str, list[str]] = defaultdict(list)
        for path in sorted((ROOT / "tests").rglob("test_*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    for item in _marked(node):
                        tests[item].append(f"{path.relative_to(ROOT / 'tests')}::{node.name}")
        return cls(tests)

    @property
    def all(self) -> set[str]:
        return {test for tests in self.tests.values() for test in tests}


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    calls = [one for one in function.decorator_list if isinstance(one, ast.Call)]
    marks = [one for one in calls if ast.unparse(one.func) == "pytest.mark.accessibility"]
    return [ast.literal_eval(argument) for mark in marks for argument in mark.args]


def by_number(numbers: Iterable[str]) -> list[str]:
    return sorted(numbers, key=lambda number: [int(part) for part in re.findall(r"\d+", number)])


def render(marks: Marks, failed: set[str]) -> str:
    """Return the page, where the tests in `failed` did not pass or run."""
    lines = [INTRODUCTION, *_summary(failed), "## Success criteria of WCAG 2.2", ""]
    lines += ["| criterion | level | | requirements |", "|---|---|---|---|"]
    for number, criterion in CRITERIA.items():
        items = [item for item in by_number(ITEMS) if number in ITEMS[item].criteria]
        verdict = _verdict(number, [_state(item, marks, failed) for item in items])
        lines.append(f"| {number} {criterion.name} | {criterion.level} | {verdict} | {', '.join(items)} |")
    lines += ["", "## Requirements", "", "| | requirement | | tests |", "|---|---|---|---|"]
    for number in by_number(ITEMS):
        tests = "<br>".join(f"`{test}`" for test in sorted(marks.tests.get(number, [])))
        state, note = _state(number, marks, failed), LIMITS.get(number) or NOT_TESTED.get(number, "")
        lines.append(
            f"| {number} | {ITEMS[number].requirement} | {state}{f': {note}' if note else ''} | {tests} |"
        )
    return "\n".join(lines) + "\n"


def _summary(failed: set[str]) -> list[str]:
    if not failed:
        return ["All of these tests passed.", ""]
    return [
        "These tests failed, or did not run:",
        "",
        *(f"- not passed: `{test}`" for test in sorted(failed)),
        "",
    ]


def _state(item: str, marks: Marks, failed: set[str]) -> str:
    if item in NOT_TESTED:
        return "not tested"
    if failed.intersection(marks.tests.get(item, [])):
        return "open"
    return "in part" if item in LIMITS else "tested"


def _verdict(criterion: str, states: list[str]) -> str:
    if criterion in NOT_APPLICABLE:
        return f"not applicable: {NOT_APPLICABLE[criterion]}"
    if "open" in states:
        return "open: a test failed or did not run"
    # What does not exist yet takes nothing away.
    existing = [state for state in states if state != "not tested"]
    if not existing:
        return "not tested"
    return "partially" if "in part" in existing else "supports"


def passed_in(reports: Iterable[Path]) -> set[str]:
    """Return the tests that passed in each of their cases; a later report counts more than an earlier one.

    Reports are in the format of JUnit.
    """
    cases: dict[tuple[str, str], bool] = {}
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  # pytest wrote it
            path = case.attrib["classname"].removeprefix("tests.").replace(".", "/")
            is_passed = not any(child.tag in ("failure", "error", "skipped") for child in case)
            cases[f"{path}.py", case.attrib["name"]] = is_passed
    ran: dict[str, bool] = {}
    for (path, name), is_passed in cases.items():
        test = f"{path}::{name.split('[')[0]}"
        ran[test] = ran.get(test, True) and is_passed
    return {test for test, is_passed in ran.items() if is_passed}


def main() -> None:
    marks = Marks.read()
    open_tests = marks.all - passed_in(map(Path, sys.argv[1:]))
    STATEMENT.write_text(render(marks, open_tests))
    print(f"{STATEMENT.relative_to(ROOT)}: {len(marks.all)} tests, {len(open_tests)} did not pass")


if __name__ == "__main__":
    main()
