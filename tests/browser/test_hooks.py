"""What a template lacks of what scripts look for ends one behaviour, not its neighbours."""

import re
from collections import defaultdict

from tests.browser.conftest import Person, wait_until
from tests.support.server import ROOT

HOOK = re.compile(r"\b(?P<kind>hook|part)\((?:'(?P<name>[\w-]+)'|`\$\{[\w.]+\}(?P<end>[\w-]+)`)")
OF_OTHER_PAGES = {"copy.js", "helpers.js", "password.js"}
LOADED_LATER = {"completion-list"}  # by what a page asks for

# Whether each does what it is for, found without the hooks. The page comes without times and states of ticks.
PROBES = """
async () => {
  const one = (selector) => document.querySelector(selector);
  const press = (target, key, options) => !target.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options })
  );
  addEventListener('click', (event) => event.preventDefault()); // stays on the page
  const works = {};
  const last = [...document.querySelectorAll('.message')].at(-1);
  const list = one('.chat').parentElement;

  press(one('textarea'), 'Tab');
  press(last, 'Enter');
  works.regions = press(document.body, 'F6');
  works.forms = press(one('textarea'), 'Enter', { ctrlKey: true });
  works.composer = one('form.composer').noValidate;
  works.conversation = one('.message .menu').tabIndex === -1;
  works.times = one('.message time').textContent !== '' && one('.chat time').textContent !== '';
  works.ticks = [...document.querySelectorAll('.tick')].some((tick) => tick.dataset.state !== 'none');

  delete localStorage.lookedAt;
  dispatchEvent(new Event('focus'));
  works.notifications = Boolean(localStorage.lookedAt);

  const order = [...list.children];
  list.append(list.firstElementChild);
  const message = last.cloneNode(true);
  message.dataset.key = 10 ** 12;
  last.after(message);
  await new Promise((resolve) => setTimeout(resolve)); // observers are told
  works.chats = order.every((item, index) => list.children[index] === item);
  document.dispatchEvent(new Event('level'));
  works.announcer = one('[role=log]').childElementCount > 0;
  message.remove();

  return works;
}
"""


def hooks() -> dict[tuple[str, str], set[str]]:
    """Return what the scripts of a room look for, (kind, name), and the behaviours that do."""
    users = defaultdict(set)
    for path in (ROOT / "static" / "js").glob("*.js"):
        if path.name in OF_OTHER_PAGES:
            continue
        source = path.read_text()
        for match in HOOK.finditer(source):
            if match["name"] in LOADED_LATER:
                continue
            users[match["kind"], match["name"] or match["end"]].add(path.stem)
        if "messagesIn(" in source:
            users["part", "message"].add(path.stem)
    return dict(users)


def without(page: str, kind: str, name: str) -> str:
    attribute = "id" if kind == "hook" else "data-part"
    start = '[^"]*' if name.startswith("-") else ""
    changed, times = re.subn(f' {attribute}="{start}{name}"', "", page)
    assert times, f"no {attribute} {name} on the page of a room"
    return changed


def open_changed(person: Person, room: str, page: str) -> list[str]:
    """Open a room with another page; return what comes into the console, then and later."""
    page = re.sub('data-state="[a-z]+"', 'data-state="none"', re.sub("(<time [^>]*>)[^<]*", r"\1", page))
    said: list[str] = []
    person.page.on("console", lambda message: said.append(message.text))
    person.page.route(
        f"{person.url}{room}", lambda route: route.fulfill(response=route.fetch(), body=page), times=1
    )
    person.page.goto(f"{person.url}{room}", wait_until="domcontentloaded")
    return said


def is_connected(person: Person) -> bool:
    return bool(person.page.evaluate("document.documentElement.dataset.connection === 'connected'"))


def test_missing_hook_ends_what_needs_it_and_nothing_else(person, room, ben):
    dora = person("dora")
    dora.open(room)
    dora.make_room()  # two chats have an order
    dora.say(room, "Mine")
    ben.say(room, "Yours")
    page = dora.context.request.get(f"{dora.url}{room}").text()
    for (kind, name), users in hooks().items():
        said = open_changed(dora, room, without(page, kind, name))
        works = dora.page.evaluate(PROBES)
        assert {behaviour for behaviour, does in works.items() if not does} <= users, name
        if "connection" not in users:
            wait_until(dora.page, lambda: is_connected(dora))
        complaints = [line for line in said if line.startswith("Hearth: ")]
        assert any(f'{name}".' in line for line in complaints), (name, said)
        assert len(complaints) == len(set(complaints)), complaints
    dora.problems.clear()  # htmx says that places of its own are missing
