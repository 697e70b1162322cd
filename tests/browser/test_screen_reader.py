"""What Orca says of Hearth, in Firefox and in Chromium.

ada listens; ben and cleo write without a browser. What is handed to speech in each situation stands in
transcripts/, for people to read and judge: a change of it is a change to review. `make transcripts` writes it
anew. With another version of Orca or of the browser only the rules hold.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.browser import orca
from tests.browser.backstage import Backstage
from tests.browser.orca import Orca
from tests.support.factories import PHOTO
from tests.support.server import Server

TRANSCRIPTS = Path(__file__).parent / "transcripts"
# While a page loads, chance decides whether Orca says so before it says what has the focus, after it, or not.
LOADING = re.compile(r"Loading\.|Finished loading|.* (document web|frame)\.$|Screen reader on")
OFTEN = ("ben link", "12:34", "Menu link")  # what messages have in common
# What nobody wants to hear, with the one situation that is about it
NEVER = {"invalid entry": "", "New messages": "", "Connected": "The server is back"}

pytestmark = pytest.mark.timeout(240)  # with all that the first test of each browser waits for


class Friend:
    """Somebody without a browser."""

    def __init__(self, http: httpx.Client, name: str) -> None:
        self.http = http
        self.http.get("/login/")
        assert self.post("/login/", name=name).is_redirect

    def post(self, path: str, files: Any = None, **fields: str) -> httpx.Response:
        form = {"csrfmiddlewaretoken": self.http.cookies["hearth_csrf"], **fields}
        return self.http.post(path, data=form, files=files)

    def make_room(self, name: str, *members: "Friend") -> str:
        room = self.post("/rooms/", name=name).headers["location"]
        for member in members:
            assert member.post(f"{room}join/").is_redirect
        return room

    def say(self, room: str, text: str, files: Any = None, **fields: str) -> None:
        answer = self.post(f"{room}messages/", files, content=text, token=str(uuid4()), **fields)
        assert answer.is_redirect, answer.text

    def newest(self, room: str) -> str:
        """Return the id of the newest message."""
        return re.findall(r'id="message-(\d+)"', self.http.get(room).text)[-1]


@dataclass
class Situation:
    heading: str
    expected: tuple[str, ...]  # what has to be said, in this order
    goes_back: bool  # to where it was before, which is then said again
    lines: list[str] = field(default_factory=list)  # in brackets: what happens

    @property
    def spoken(self) -> list[str]:
        return [line for line in self.lines if not line.startswith("[")]

    def __str__(self) -> str:
        return "\n".join([f"# {self.heading}", *self.lines])


class Story:
    """Situations one after the other, with what was heard in each."""

    def __init__(
        self, listener: Orca, ben: Friend, cleo: Friend, server: Server, backstage: Backstage
    ) -> None:
        self.listener, self.ben, self.cleo, self.server, self.backstage = (
            listener,
            ben,
            cleo,
            server,
            backstage,
        )
        self.situations: list[Situation] = []
        self.page = ""  # of the room, as ben sees it in the end

    @contextmanager
    def situation(self, heading: str, *expected: str, goes_back: bool = False) -> Iterator[None]:
        """Note what is said from here on, until the last of `expected` was said and there is silence."""
        self.situations.append(Situation(heading, expected, goes_back))
        yield
        if expected:
            self.wait_for(expected[-1])
        self.note()

    @property
    def now(self) -> Situation:
        return self.situations[-1]

    def wait_for(self, words: str) -> None:
        is_said = any(words in line for line in self.now.spoken) or self.listener.wait_for(words)
        assert is_said, f"“{words}” is not said: {self.now}\n{self.listener.take()}"

    def note(self, what_happens: str = "") -> None:
        spoken = [re.sub(r"\b\d\d:\d\d\b", "12:34", line) for line in self.listener.take()]
        spoken = [line.replace("\ufeff", "") for line in spoken]  # said by Firefox beside emoji
        self.now.lines += [line for line in spoken if not LOADING.match(line)]
        if what_happens:
            self.now.lines.append(f"[{what_happens}]")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.note(key)
            self.listener.press(key)

    def type(self, text: str) -> None:
        self.note(f"types “{text}”")
        self.listener.type(text)

    def open(self, path: str) -> None:
        """Write an address, of which the browser says much."""
        self.listener.press("ctrl+l")
        self.listener.take()
        self.listener.type(self.server.url + path)
        self.listener.take()
        self.listener.press("Return")


def tell(story: Story, garden: str) -> None:
    arrive(story)
    listen(story, garden)
    walk(story, garden)
    lose(story)
    look_elsewhere(story)


def arrive(story: Story) -> None:
    with story.situation("The page to log in", "Name entry"):
        pass
    with story.situation("The lobby", "Page has"):
        story.type("ada")
        story.press("Return")
    with story.situation("F6 leads to the first chat, arrows to others", "Garden", "Kitchen", goes_back=True):
        story.press("F6", "Down", "Up")
    with story.situation("Tab goes from chat to chat", goes_back=True):
        story.press("Tab", "shift+Tab")
    with story.situation("A room with unread messages is opened from the list", "Message Garden"):
        story.press("Return")
    with story.situation("What is typed is sent", "Sent"):
        story.type("Hello all")
        story.press("Return")


def listen(story: Story, garden: str) -> None:
    with story.situation("A message comes", "ben: Good morning"):
        story.ben.say(garden, "Good morning")
    with story.situation("Three come at once", "ben: Plan 1", "ben: Plan 2", "ben: Plan 3"):
        story.backstage.fill(garden, "ben", 3, "Plan")
    with story.situation("Eight come at once", "8 new messages from ben"):
        story.backstage.fill(garden, "ben", 8)
    with story.situation("One comes while one types", "ben: Meanwhile", "Sent"):
        story.type("I am ")
        story.ben.say(garden, "Meanwhile")
        story.wait_for("ben: Meanwhile")
        story.type("typing")
        story.press("Return")


def walk(story: Story, garden: str) -> None:
    ben, cleo = story.ben, story.cleo
    with story.situation(
        "F6 leads to the newest message, arrows up to older ones", "I am typing", "Meanwhile"
    ):
        story.press("shift+F6", "Up", "Up", "Up")
    with story.situation("Arrows lead down again", "Meanwhile", "I am typing", goes_back=True):
        story.press("Down", "Down", "Down", "Down", "F6")
    with story.situation("Tab leads to the links of a message, Escape back", "React", goes_back=True):
        story.press("shift+F6", "Tab", "Tab", "Tab", "Tab", "shift+Tab", "Escape")
    with story.situation("The menu of a message", "Details", goes_back=True):
        story.press("shift+F6", "Return", "Tab", "Escape", "Escape")
    with story.situation("Somebody reacted", "Thumbs up: cleo", goes_back=True):
        cleo.post(f"/messages/{ben.newest(garden)}/react/", emoji="👍")
        story.press("shift+F6", "Escape")
    with story.situation("Somebody answers a message", "ben: Me too", "replies to", goes_back=True):
        ben.say(garden, "Me too", reply=ben.newest(garden))
        story.wait_for("ben: Me too")
        story.press("shift+F6", "Escape")
    with story.situation("A picture comes, with its description", "A red door", goes_back=True):
        ben.say(garden, "", {"file": ("door.png", PHOTO, "image/png")}, description="A red door")
        story.wait_for("A red door")
        story.press("shift+F6", "Escape")


def lose(story: Story) -> None:
    slow_mode = "ChatRoom.objects.filter(name='Garden').update(slow_seconds={})"
    with story.situation("A message is refused", "Sent", "Slow mode: wait"):
        story.backstage.run(slow_mode.format(3600))
        story.type("Slowly")
        story.press("Return")
        story.wait_for("Sent")
        story.type("Soon")
        story.press("Return")
    with story.situation("It is sent again", "Sent"):
        story.backstage.run(slow_mode.format(0))
        story.press("Return")
    with story.situation("The server is away", "Connection lost", "Not sent: no connection"):
        story.server.kill()
        story.wait_for("Connection lost")
        story.type("Anybody?")
        story.press("Return")
    with story.situation("The server is back", "Connected", "Sent"):
        story.server.start()


def look_elsewhere(story: Story) -> None:
    with story.situation("A room without unread messages is opened from the list", "Message Kitchen"):
        story.press("F6", "Tab", "Return")
    with story.situation("Messages are searched", "1 message found"):
        story.open("/search/")
        story.wait_for("Words")
        story.type("rains")
    with story.situation("Tab leads to what was found", "Garden"):
        story.press(*["Tab"] * 5)


@pytest.fixture(scope="module", params=orca.BROWSERS)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    if missing := orca.missing(request.param):
        assert os.environ.get("CI") != "true", missing
        pytest.skip(f"not installed: {', '.join(missing)}; .ci/run packages does it")
    folder = tmp_path_factory.mktemp("orca")
    with ExitStack() as stack:
        server = stack.enter_context(Server(tmp_path_factory.mktemp("server"), LIMIT_POST_PER_USER="off"))
        backstage = stack.enter_context(Backstage(server))

        def friend(name: str) -> Friend:
            # Plain HTTP needs no certificates, which take long to load.
            http = httpx.Client(base_url=server.url, verify=False, timeout=60)  # noqa: S501
            return Friend(stack.enter_context(http), name)

        ada, ben, cleo = map(friend, ("ada", "ben", "cleo"))
        ada.post("/first-steps/dismiss/")
        kitchen, garden = (ben.make_room(name, ada, cleo) for name in ("Kitchen", "Garden"))
        ben.say(kitchen, "Who has the key?")
        ada.post(f"{kitchen}read/", upto=ada.newest(kitchen))
        ben.say(garden, "It rains")
        cleo.say(garden, "At last")
        listener = stack.enter_context(Orca(folder, request.param, f"{server.url}/login/"))
        story = Story(listener, ben, cleo, server, backstage)
        tell(story, garden)
        story.page = ben.http.get(garden).text
    return story


@pytest.mark.accessibility("A46", "A50", "A51", "A53", "A58", "A65", "A66", "A81", "A92")
def test_all_that_matters_is_said_once_and_in_order(story: Story) -> None:
    for situation in story.situations:
        said = [one for line in situation.spoken for one in situation.expected if one in line]
        if situation.goes_back:
            said = list(dict.fromkeys(said))
        assert said == list(situation.expected), situation


@pytest.mark.accessibility("A44", "A48", "A49")
def test_nothing_is_said_twice_in_one_situation(story: Story) -> None:
    for situation in story.situations:
        once = [line for line in situation.spoken if not line.startswith(OFTEN)]
        assert situation.goes_back or sorted(once) == sorted(set(once)), situation


def test_nothing_is_said_that_helps_nobody(story: Story) -> None:
    for situation in story.situations:
        for words, heading in NEVER.items():
            assert heading == situation.heading or not any(words in one for one in situation.spoken), (
                situation
            )


@pytest.mark.accessibility("A61", "A93")
def test_what_is_typed_is_written_and_not_taken_for_commands(story: Story) -> None:
    contents = re.findall(r'class="content"[^>]*>(.*?)</div>', story.page, re.DOTALL)
    said = [re.sub("<[^>]*>", "", content).strip() for content in contents]
    own = ["Hello all", "I am typing", "Slowly", "Soon", "Anybody?"]
    assert [text for text in said if text in own] == own


def test_transcript_is_the_one_that_was_reviewed(story: Story) -> None:
    """If not, and the new one is as good: make transcripts."""
    listener = story.listener
    file = TRANSCRIPTS / f"{listener.browser}.txt"
    transcript = "\n\n".join([listener.versions, *map(str, story.situations)]) + "\n"
    if os.environ.get("TRANSCRIPTS") == "write":
        file.write_text(transcript)
    reviewed = file.read_text()
    if reviewed.startswith(f"{listener.versions}\n"):
        assert transcript == reviewed
