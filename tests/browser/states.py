"""Every page in every state that looks different, by name: somebody whose page was brought there."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import FilePayload, expect

from tests.browser.backstage import Backstage
from tests.browser.conftest import MakePerson, Person
from tests.support.server import Server


class Scene:
    """The people in a state: ada looks, and ben does what she sees."""

    def __init__(self, person: MakePerson, server: Server, backstage: Backstage) -> None:
        self.person = person
        self.server = server
        self.backstage = backstage

    @property
    def ada(self) -> Person:
        return self.person("ada", at=self.server)

    @property
    def ben(self) -> Person:
        return self.person("ben", at=self.server)

    def room(self) -> tuple[Person, Person, str]:
        """Return ada, ben, and the address of a room that is ada's and that both are in."""
        ada, ben = self.ada, self.ben
        return ada, ben, ada.make_room(ben)

    def chat(self) -> tuple[Person, Person, str]:
        """Return ada, ben, and the address of their private chat."""
        ada, ben = self.ada, self.ben
        return ada, ben, ada.chat_with(ben)

    def block(self, blocker: Person, blocked: Person) -> None:
        self.backstage.run(
            f"User.objects.named({blocker.name!r}).block(User.objects.named({blocked.name!r}))"
        )


# A file to choose.
PICTURE = Path(__file__).parents[2] / "docs" / "screenshot.png"
STATES: dict[str, Callable[[Scene], Person]] = {}


def state(scene: Callable[[Scene], Person]) -> Callable[[Scene], Person]:
    STATES[scene.__name__.replace("_", " ")] = scene
    return scene


def follow(person: Person, link: str, *, to: str | None = None) -> Person:
    """Click a link that is called exactly so; wait for the heading of where it leads to."""
    person.page.get_by_role("link", name=link, exact=True).click()
    if to:
        expect(person.page.get_by_role("heading", name=to)).to_be_visible()
    return person


def submit(person: Person, button: str, *, says: str | None = None, **fields: str) -> Person:
    """Fill fields by their labels ("new_password"), press a button, wait for what the page says: an alert."""
    for name, text in fields.items():
        label = name.replace("_", " ").capitalize()
        person.page.get_by_label(label, exact=True).fill(text)
    person.page.get_by_role("button", name=button, exact=True).click()
    if says:
        return shows(person, says)
    expect(person.notice).to_be_visible()
    return person


def shows(person: Person, text: str) -> Person:
    expect(person.page.get_by_text(text).locator("visible=true").first).to_be_visible()
    return person


@state
def login(scene: Scene) -> Person:
    return scene.person("ada", at=scene.server, enter=False).open("/login/")


@state
def login_with_a_name_that_is_refused(scene: Scene) -> Person:
    ada = login(scene)
    return submit(ada, "Log in", name="two: words")


@state
def login_with_a_name_to_agree_to(scene: Scene) -> Person:
    return submit(login(scene), "Log in", says="Is this right?", name="Anna Müller")


@state
def login_that_asks_for_a_password(scene: Scene) -> Person:
    scene.backstage.run("User.objects.named('vera') or factories.make_user('vera', 'secret')")
    ada = login(scene)
    ada.page.get_by_label("Name", exact=True).fill("vera")
    ada.page.get_by_role("button", name="Log in").click()
    expect(ada.page.get_by_label("Password")).to_be_visible()
    return ada


@state
def lobby(scene: Scene) -> Person:
    return scene.ada.open_live("/")


@state
def lobby_with_unread_messages(scene: Scene) -> Person:
    ada, ben = scene.ada, scene.ben
    room = ben.make_room(ada)
    ben.say(
        room, f"Hello @{ada.name}", "A long line of words that does not fit into the list of chats at all"
    )
    muted = ben.make_room(ada)
    assert ada.post(f"{muted}notifications/", notify="all", mute="always").status == 302
    ben.say(muted, "You will not hear this")
    private = ben.chat_with(ada)
    ben.say(private, "Just you")
    ada.open_live("/")
    ben.open_live(private)
    ben.box.press_sequentially("I am")
    expect(ada.page.get_by_text("typing…")).to_be_visible()
    ada.page.locator(".new-room summary").click()
    return ada


@state
def lobby_of_a_small_house(scene: Scene) -> Person:
    ada, ben = scene.ada, scene.ben
    ben.make_room()
    ada.open_live("/")
    for part in ("Other rooms", "People"):
        expect(ada.page.get_by_role("list", name=part)).to_be_visible()
    return ada


@state
def lobby_with_chats_that_are_favourites_muted_and_archived(scene: Scene) -> Person:
    ada, ben = scene.ada, scene.ben
    chosen, muted, archived = ada.make_room(ben), ada.make_room(ben), ada.make_room()
    ben.say(muted, "You will not hear this")
    ada.post(f"{muted}notifications/", notify="all", mute="always")
    ada.post(f"{archived}archive/")
    private = ada.chat_with(ben)
    ada.say(private, "Just us")
    for room in (chosen, private):
        assert ada.post(f"{room}favourite/", is_favourite="on").status == 302
    ada.open_live("/")
    expect(ada.page.locator("#favourites li")).to_have_count(2)
    expect(ada.page.locator("#mine .sign")).to_have_count(2)
    return ada


@state
def older_chats(scene: Scene) -> Person:
    ada = scene.ada
    scene.backstage.run(
        f"[factories.make_room(members=[User.objects.named({ada.name!r})]) for _ in range(51)]"
    )
    ada.open_live("/")
    ada.page.get_by_role("link", name="Older chats").click()
    expect(ada.page.get_by_role("heading", name="My chats")).to_be_visible()
    return ada


@state
def lobby_with_a_room_that_is_refused(scene: Scene) -> Person:
    ada = scene.ada.open_live("/")
    ada.page.locator(".new-room summary").click()
    return submit(
        ada, "Create room", name_of_a_new_room="general", says="A room with this name already exists."
    )


@state
def rooms_and_people(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ada.post(f"{ada.make_room()}edit/", name=f"Garden of {ada.name}", description="Beans and tomatoes")
    ben.say(room, "Hello")
    ada.open("/find/")
    return shows(ada, "Last message:")


@state
def rooms_and_people_of_whom_none_is_found(scene: Scene) -> Person:
    ada = scene.ada.open("/find/")
    ada.page.get_by_label("Name, or part of it").fill("Nobody is called so")
    return shows(ada, "Nothing found.")


@state
def messages_that_were_found(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, "A large **umbrella**, `code` and ||a _spoiler_||", "Another umbrella")
    ada.say(ben.chat_with(ada), "My umbrella")
    ada.open("/search/?q=umbrella+from:nobody-here+after:2026-01-01")
    shows(ada, "No messages found.")
    ada.open("/search/?q=umbrella+after:2026-01-01&by_room=on")
    return shows(ada, "3 messages found.")


@state
def search_with_a_refused_field(scene: Scene) -> Person:
    ada = scene.ada.open("/search/?q=umbrella&before=soon")
    return shows(ada, "Enter a valid date.")


@state
def search_of_a_room(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    ada.open(f"{room}search/")
    return shows(ada, "Jump to a day")


@state
def mentions(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, f"Hello @{ada.name}, `code` and ||a _spoiler_||")
    ben.say(ben.chat_with(ada), f"And here, @{ada.name}")
    ada.open("/mentions/")
    return shows(ada, "Go there")


@state
def empty_room(scene: Scene) -> Person:
    ada = scene.ada
    return ada.open_live(ada.make_room())


@state
def room_that_is_looked_at(scene: Scene) -> Person:
    ada, ben = scene.ada, scene.ben
    room = ben.make_room()
    ben.say(room, "Hello")
    ada.open_live(room)
    expect(ada.page.get_by_role("button", name="Join")).to_be_visible()
    return ada


FORMATTED = """\
**Bold**, _italic_, ~~struck~~, `code`, [a link](https://example.com/) and ||a _spoiler_||
> A quote
> > of a quote
- An item
  1. within another
```python
def answer(question: str) -> int:  # whatever it is, and however long the line is in which it is asked
    return 42 if question else len("nothing")
```
and ||another one, which is so long that it takes more than one line in many a window||"""


def talk(scene: Scene) -> tuple[Person, Person, str]:
    """Return ada, ben, and the address of a room in which both said something, and ben has read it."""
    ada, ben, room = scene.room()
    ada.say(room, "Mine, and read", "See https://example.com/")
    assert ben.post(f"{room}read/", upto=ben.keys(room)[-1]).status == 302
    ben.say(room, f"Hello @{ada.name}, look at https://example.com/?{'x' * 80}", "Right below", "שלום עולם")
    ben.say(room, FORMATTED)
    return ada, ben, room


@state
def room_with_messages(scene: Scene) -> Person:
    ada, ben, room = talk(scene)
    expect(ada.open_live(room).ticks.last).to_have_attribute("data-state", "read")
    ada.open("/login/")
    ada.open_live(room)
    ben.open_live(room).box.press_sequentially("I am")
    return shows(ada, "is typing…")


@state
def preview_of_a_message(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    ada.open_live(room).box.fill(FORMATTED)
    ada.page.get_by_role("button", name="Preview").click()
    expect(ada.page.locator("#preview")).to_contain_text("A quote")
    return ada


@state
def room_with_names_that_complete_what_is_typed(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ada.open_live(room)
    ada.box.press_sequentially(f"Hello @{ben.name}")
    ada.page.get_by_role("option").first.wait_for()
    return ada


@state
def newer_draft_and_emoji_that_complete_what_is_typed(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    ada.open_live(room)
    assert ada.post(f"{room}draft/", content="From the train").status == 302
    ada.page.evaluate("window.dispatchEvent(new Event('focus'))")
    ada.page.get_by_role("button", name="Use it").wait_for()
    ada.box.press_sequentially("Hello :smi")
    ada.page.get_by_role("option").first.wait_for()
    return ada


@state
def private_chat(scene: Scene) -> Person:
    ada, ben, room = scene.chat()
    ada.say(room, "Are you there?")
    ben.say(room, "Yes")
    return ada.open_live(room)


@state
def room_with_older_messages(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    scene.backstage.fill(room, ada.name, 52)
    ada.open_live(room)
    ada.scroller.evaluate("scroller => scroller.scrollTop = -scroller.scrollHeight")
    expect(ada.messages).to_have_count(52)
    return ada


@state
def page_of_older_messages(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    scene.backstage.fill(room, ada.name, 52)
    ada.open(room)
    return ada.open(ada.page.get_by_role("link", name="Older messages").get_attribute("href"))


@state
def room_around_a_message(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    scene.backstage.fill(room, ada.name, 60)
    return ada.open_live(f"{room}?message={ada.keys(room)[0]}")


@state
def reply_that_is_written_to_a_reply(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, "Shall we?")
    ada.open_live(room)
    for text in ("Yes", None):
        ada.page.locator(".message").last.hover()
        ada.page.get_by_role("link", name="Reply", exact=True).last.click()
        expect(ada.page.get_by_role("link", name="Cancel reply")).to_be_visible()
        if text:
            ada.send(text)
            expect(ada.messages).to_have_count(2)
    return ada


@state
def replies_to_a_message(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, "Shall we?")
    url = f"/messages/{ada.keys(room)[0]}/replies/"
    assert ada.post(url, content="Yes", token=str(uuid4())).status == 302
    assert ben.post(url, content="When?", token=str(uuid4())).status == 302
    ada.open(url)
    ada.page.get_by_label("Message").last.fill("**Now**")
    ada.page.get_by_role("button", name="Preview").click()
    return shows(ada, "When?")


@state
def message_to_forward_and_copies(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, "**Shall** we?")
    private = ada.chat_with(ben)
    url = f"/messages/{ada.keys(room)[0]}/forward/"
    assert ada.post(url, room=private.split("/")[-2], token=str(uuid4())).status == 302
    return shows(ada.open(private), "Forwarded from")


@state
def choice_where_to_forward_a_message(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, "**Shall** we?")
    ada.chat_with(ben)
    ada.open(f"/messages/{ada.keys(room)[0]}/forward/")
    return shows(ada, "Forward to")


@state
def reactions_and_what_one_reacts_with(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, "Cake?")
    key = ada.keys(room)[0]
    ada.open_live(room)
    for someone, emoji in ((ben, "👍"), (ada, "🎂"), (ada, "👍")):
        assert someone.post(f"/messages/{key}/react/", emoji=emoji).status == 302
    expect(ada.page.locator(".reaction")).to_have_count(2)
    ada.page.locator(".message").hover()
    ada.page.get_by_role("link", name="React", exact=True).click()
    expect(ada.page.locator("#reacting")).to_be_visible()
    return ada


@state
def page_of_a_message_with_reactions(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ben.say(room, "Cake?")
    key = ada.keys(room)[0]
    for someone in (ada, ben):
        assert someone.post(f"/messages/{key}/react/", emoji="🎂").status == 302
    ada.open(f"/messages/{key}/")
    ada.page.get_by_label("Any other emoji").fill("no emoji")
    ada.page.get_by_role("button", name="React with it").click()
    expect(ada.page.get_by_text("That is not an emoji")).to_be_visible()
    return ada


@state
def message_that_was_refused(scene: Scene) -> Person:
    ada = scene.ada
    ada.open_live(ada.make_room())
    ada.send("x" * 4001)
    expect(ada.notice).to_contain_text("at most 4000")
    return ada


# Takes the stream from a page, and tells it of so many attempts to have it again, and then of its end.
END_STREAM = """attempts => {
  window.ended ??= document.getElementById('stream');
  ended.remove();
  for (let attempt = 0; attempt < attempts; attempt++) ended.dispatchEvent(new Event('htmx-before-request'));
  const detail = { connection: { config: { reconnectDelay: 500 } } };
  ended.dispatchEvent(new CustomEvent('htmx-sse-close', { detail }));
}"""


@state
def connection_lost(scene: Scene) -> Person:
    ada = empty_room(scene)
    ada.page.evaluate(END_STREAM, 0)
    return shows(ada, "Connection lost")


@state
def connection_failed(scene: Scene) -> Person:
    ada = connection_lost(scene)
    ada.page.evaluate(END_STREAM, 6)
    expect(ada.page.get_by_role("button", name="Try again now")).to_be_visible()
    return ada


@state
def paused(scene: Scene) -> Person:
    """Other windows of the browser have taken its stream."""
    ada = empty_room(scene)
    ada.page.evaluate(
        """async () => {
          const { held } = await navigator.locks.query();
          const forEver = () => new Promise(() => {});
          held.forEach(({ name }) => navigator.locks.request(name, { steal: true }, forEver).catch(forEver));
        }"""
    )
    return shows(ada, "Paused: other windows")


@state
def session_ended(scene: Scene) -> Person:
    ada = empty_room(scene)
    ada.post("/logout/")
    return shows(ada, "Your session has ended")


@state
def details_of_a_message(scene: Scene) -> Person:
    ada, _ben, room = talk(scene)
    return ada.open(f"/messages/{ada.keys(room)[0]}/")


@state
def details_of_somebody_elses_message(scene: Scene) -> Person:
    ada, _ben, room = talk(scene)
    return ada.open(f"/messages/{ada.keys(room)[-1]}/")


@state
def menu_of_a_message(scene: Scene) -> Person:
    ada, _ben, room = talk(scene)
    ada.open_live(room)
    expect(
        ada.menu_of(ada.page.locator(".message").nth(2)).get_by_role("link", name="Report")
    ).to_be_visible()
    return ada


@state
def editing_above_the_room(scene: Scene) -> Person:
    ada, _ben, room = talk(scene)
    ada.open_live(room)
    ada.menu_of(ada.page.locator(".message").first).get_by_role("link", name="Edit").click()
    field = ada.panel.get_by_label("Message")
    field.fill(" ")
    field.press("Enter")
    expect(ada.panel.get_by_role("alert").last).not_to_be_empty()
    return ada


def edited_and_deleted(scene: Scene) -> tuple[Person, str]:
    """Return ada, and the address of a room where she edited a message and one was deleted."""
    ada, ben, room = scene.room()
    ada.say(room, "Helo")
    ben.say(room, "Never mind")
    scene.backstage.run("Message.objects.order_by('pk').last().erase()")
    scene.backstage.run("[m.edit('Hello') for m in Message.objects.order_by('-pk')[1:2]]")
    return ada, room


@state
def room_with_a_message_edited_and_one_deleted(scene: Scene) -> Person:
    ada, room = edited_and_deleted(scene)
    ada.open_live(room)
    ada.scroller.focus()
    ada.page.keyboard.press("End")
    ada.page.keyboard.press("Home")
    expect(ada.page.locator(".menu").first).to_be_visible()
    return ada


@state
def details_of_a_message_that_was_edited(scene: Scene) -> Person:
    ada, room = edited_and_deleted(scene)
    return ada.open(f"/messages/{ada.keys(room)[0]}/")


@state
def details_of_a_message_that_was_deleted(scene: Scene) -> Person:
    ada, room = edited_and_deleted(scene)
    return ada.open(f"/messages/{ada.keys(room)[-1]}/")


@state
def editing_a_message_that_was_changed_meanwhile(scene: Scene) -> Person:
    ada, room = edited_and_deleted(scene)
    ada.open(f"/messages/{ada.keys(room)[0]}/edit/")
    scene.backstage.run("[m.edit('Hello again') for m in Message.objects.order_by('-pk')[1:2]]")
    return submit(ada, "Save", message="Mine", says="changed since you opened it")


@state
def room_that_was_loaded_before_an_update(scene: Scene) -> Person:
    ada = scene.ada
    room = ada.make_room()
    ada.open_from_before_an_update(room)
    expect(ada.page.get_by_role("link", name="Reload this page")).to_be_visible()
    return ada


@state
def leaving_a_room(scene: Scene) -> Person:
    ada = scene.ada
    return ada.open(f"{ada.make_room()}leave/")


@state
def deleting_a_message(scene: Scene) -> Person:
    ada = details_of_a_message(scene)
    return follow(ada, "Delete", to="Delete this message?")


@state
def reporting_a_message(scene: Scene) -> Person:
    ada = follow(details_of_somebody_elses_message(scene), "Report")
    ada.page.locator("main form").evaluate("form => { form.noValidate = true; }")
    return submit(ada, "Report", says="Choose what is wrong")


@state
def message_that_was_reported(scene: Scene) -> Person:
    ada = follow(details_of_somebody_elses_message(scene), "Report")
    ada.page.get_by_label("What is wrong with it?").select_option("spam")
    return submit(ada, "Report", says="You have reported this message")


def reported(scene: Scene) -> tuple[Person, str]:
    ada, ben, room = scene.room()
    ben.say(room, "Buy this", "And that")
    scene.backstage.run(
        "[m.report(m.room.participants.order_by('pk').first(), reason='spam', details='Again')"
        " for m in Message.objects.order_by('-pk')[:2]]"
    )
    return ada, room


@state
def room_with_reported_messages(scene: Scene) -> Person:
    ada, room = reported(scene)
    ada.open_live(room)
    expect(ada.page.get_by_role("link", name="2 reported messages")).to_be_visible()
    return ada


@state
def reported_messages(scene: Scene) -> Person:
    ada, room = reported(scene)
    return ada.open(f"{room}reports/")


@state
def blocking_somebody(scene: Scene) -> Person:
    ada = details_of_somebody_elses_message(scene)
    ada.page.get_by_role("link", name="Block").click()
    expect(ada.page.get_by_role("button", name="Block")).to_be_visible()
    return ada


@state
def people_who_are_blocked(scene: Scene) -> Person:
    return submit(blocking_somebody(scene), "Block", says="People you have blocked")


@state
def room_with_messages_of_somebody_who_is_blocked(scene: Scene) -> Person:
    ada, ben, room = scene.room()
    ada.say(room, "Mine")
    ben.say(room, "His")
    scene.block(ada, ben)
    ada.open_live(room)
    expect(ada.messages.last).to_be_hidden()
    return ada


@state
def private_chat_with_somebody_who_is_blocked(scene: Scene) -> Person:
    ada, ben, room = scene.chat()
    ben.say(room, "Hello")
    scene.block(ada, ben)
    ada.open_live(room)
    ada.send("Well")
    expect(ada.notice).to_contain_text("You have blocked")
    return ada


@state
def notifications(scene: Scene) -> Person:
    ada = scene.ada
    return ada.open(f"{ada.make_room()}notifications/")


@state
def about_a_room_that_one_owns(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    ada.post(f"{room}edit/", name=f"Kitchen of {ada.name}", description="Who cooks, and when")
    return ada.open(f"{room}about/")


@state
def about_a_room_of_others(scene: Scene) -> Person:
    ada, ben = scene.ada, scene.ben
    return ada.open(f"{ben.make_room(ada)}about/")


@state
def change_of_a_room_that_is_refused(scene: Scene) -> Person:
    ada = scene.ada
    ada.open(f"{ada.make_room()}edit/")
    return submit(ada, "Save", name="general", says="A room with this name already exists.")


@state
def member_of_a_room(scene: Scene) -> Person:
    ada, _ben, room = scene.room()
    return follow(ada.open(f"{room}about/"), "Change", to="Remove from the room")


@state
def log_of_moderation(scene: Scene) -> Person:
    ada = follow(about_a_room_that_one_owns(scene), "Moderation log")
    return shows(ada, "changed the name")


@state
def invitations_into_a_room(scene: Scene) -> Person:
    ada = scene.ada
    ada.open(f"{ada.make_room()}invitations/")
    return submit(ada, "Show a link and a QR code", says="Used 0 of 100 times")


@state
def invitation_into_a_room(scene: Scene) -> Person:
    link = invitations_into_a_room(scene).page.get_by_label("Link", exact=True).input_value()
    ben = scene.ben
    return ben.open(link.removeprefix(ben.url))


@state
def link_that_makes_staff(scene: Scene) -> Person:
    scene.backstage.run("EntryLink.objects.issue_for_staff()")
    scene.backstage.run("EntryLink.objects.filter(for_staff=True).update(digest=digest_of('known'))")
    return scene.ada.open("/staff/known/")


def ban(scene: Scene) -> tuple[Person, Person, str]:
    ada, ben, room = scene.room()
    follow(ada.open(f"{room}about/"), "Change")
    form = ada.page.locator("form[action$='/ban/']")
    form.get_by_label("Reason").fill("Shouted all night")
    form.get_by_role("button", name="Ban").click()
    expect(ada.page.get_by_role("button", name="Lift")).to_be_visible()
    return ada, ben, room


@state
def room_where_only_moderators_write_slowly(scene: Scene) -> Person:
    """As a member sees it, who replies."""
    ada, ben, room = scene.room()
    ada.say(room, "Any questions?")
    ada.post(f"{room}edit/", name=room, posting="replies", slow_seconds="30")
    ben.open_live(room)
    ben.page.locator(".message").last.hover()
    follow(ben, "Reply")
    return shows(ben, "one message every 30 seconds")


def kept(scene: Scene, what: str, **fields: str) -> tuple[Person, str]:
    """Let a message be pinned or saved; return who did it, and the room."""
    ada, ben, room = scene.room()
    ben.say(room, "The key is **under** the mat")
    ada.post(f"/messages/{ada.keys(room)[0]}/{what}/", **fields)
    return ada, room


@state
def pinned_messages(scene: Scene) -> Person:
    ada, room = kept(scene, "pin", reason="For guests")
    return shows(ada.open(f"{room}pins/"), "For guests")


@state
def note_on_a_saved_message(scene: Scene) -> Person:
    ada, _room = kept(scene, "save", note="For the plumber")
    ada.open("/saved/").page.get_by_role("link", name="Change or remove").click()
    return shows(ada, "Remove from saved messages")


@state
def bans_from_a_room(scene: Scene) -> Person:
    return ban(scene)[0]


@state
def banned_from_a_room(scene: Scene) -> Person:
    _ada, ben, room = ban(scene)
    return ben.open(room)


@state
def archived_room(scene: Scene) -> Person:
    ada = scene.ada
    room = ada.make_room()
    ada.say(room, "The last word")
    ada.post(f"{room}archive/")
    ada.open_live(room)
    return shows(ada, "This room is archived")


def room_of_files(scene: Scene) -> tuple[Person, str]:
    """Return ada, who has sent files, and the address of the room where they are."""
    ada, ben, room = scene.room()
    token = next(one["value"] for one in ada.context.cookies() if one["name"] == "hearth_csrf")
    minutes: FilePayload = {"name": "Minutes.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    for file in (PICTURE, minutes):
        fields = {"csrfmiddlewaretoken": token, "content": "", "token": str(uuid4()), "file": file}
        assert ada.context.request.post(f"{ada.url}{room}messages/", multipart=fields).ok
    ben.say(room, "Nice")
    return ada, room


@state
def files_that_are_chosen_and_sent(scene: Scene) -> Person:
    ada, room = room_of_files(scene)
    ada.open_live(room)
    ada.page.route("**/messages/", lambda route: route.abort())
    notes: FilePayload = {"name": "Notes.odt", "mimeType": "application/odt", "buffer": b"Notes"}
    choice = ada.page.locator("#files-choice")
    choice.locator("summary").click()
    choice.get_by_label("Videos, audio and other files").set_input_files([notes])
    ada.box.press("Enter")
    shows(ada, "Not sent: the connection was lost.")
    choice.locator("summary").click()
    photo: FilePayload = {"name": "Cat.png", "mimeType": "image/png", "buffer": b""}
    choice.get_by_label("Photos").set_input_files([photo])
    return shows(ada, "This file is empty.")


@state
def picture_opened_large(scene: Scene) -> Person:
    ada, room = room_of_files(scene)
    ada.open_live(room).page.get_by_role("link", name="Photo without a description", exact=True).click()
    expect(ada.page.get_by_role("button", name="Close")).to_be_visible()
    return ada


@state
def page_of_a_file(scene: Scene) -> Person:
    ada, room = room_of_files(scene)
    ada.open(f"{room}files/").page.get_by_role("link", name="Photo without a description", exact=True).click()
    return shows(ada, "Delete this file")


@state
def files_of_a_room(scene: Scene) -> Person:
    ada, room = room_of_files(scene)
    return ada.open(f"{room}files/")


@state
def own_files(scene: Scene) -> Person:
    ada, _room = room_of_files(scene)
    return ada.open("/settings/files/")


@state
def own_data(scene: Scene) -> Person:
    return scene.ada.open("/settings/data/")


@state
def account_to_delete(scene: Scene) -> Person:
    return scene.ada.open("/settings/data/delete/")


@state
def settings(scene: Scene) -> Person:
    return scene.ada.open("/settings/")


def known(scene: Scene) -> tuple[Person, Person]:
    """Return two people; the second shows all there is of a profile."""
    ada, ben = scene.ada, scene.ben
    fields = {
        "display_name": ben.name.replace("ben", "Benedict the Great "),
        "status": "At the lake, back on Monday",
    }
    assert ben.post("/settings/profile/", **fields, status_ends="week").status == 302
    ben.open("/settings/profile/").page.get_by_label("Picture").set_input_files(PICTURE)
    ben.page.get_by_role("button", name="Use this picture").click()
    return ada, ben


@state
def profile_of_somebody(scene: Scene) -> Person:
    ada, ben = known(scene)
    return ada.open_live(f"/people/{ben.name}/profile/")


@state
def room_with_a_picture(scene: Scene) -> Person:
    ada, ben = known(scene)
    room = ada.make_room(ben)
    ben.say(room, "Hello", "Here is what I look like")
    ada.say(room, "Nice")
    return ada.open_live(room)


@state
def private_chat_with_a_status(scene: Scene) -> Person:
    ada, ben = known(scene)
    return ada.open_live(ada.chat_with(ben))


@state
def own_profile(scene: Scene) -> Person:
    return known(scene)[1].open("/settings/profile/")


@state
def profile_that_was_refused(scene: Scene) -> Person:
    ada = scene.ada.open("/settings/profile/")
    return submit(ada, "Save", display_name="Admin")


@state
def password_that_was_refused(scene: Scene) -> Person:
    ada = scene.ada.open("/settings/password/")
    fields = {"new_password": "1234", "new_password_again": "4321"}
    return submit(ada, "Set password", **fields, says="The two passwords are not the same.")


@state
def browsers_that_are_logged_in(scene: Scene) -> Person:
    ada = scene.ada
    Person(ada.context.browser, scene.server, ada.name).enter().context.close()
    return ada.open("/settings/sessions/")


@state
def help_page(scene: Scene) -> Person:
    return scene.ada.open("/help/")


@state
def not_found(scene: Scene) -> Person:
    return scene.ada.open("/nowhere/")


@state
def own_menu(scene: Scene) -> Person:
    """Without what it would cover in part, of which axe cannot tell the colours."""
    ada = not_found(scene)
    ada.page.locator("main p").evaluate_all("those => those.forEach((one) => one.remove())")
    expect(ada.own_menu("button", "Log out")).to_be_visible()
    return ada


@state
def refused(scene: Scene) -> Person:
    """A form without its token."""
    ada = scene.ada.open("/settings/")
    ada.page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').value = 'forged'")
    return submit(ada, "Save", says="This page has expired")


# One state of each layout: what depends on the layout and not on the words is looked at in these alone.
LAYOUTS = [
    "login",
    "lobby with unread messages",
    "room with messages",
    "room with a message edited and one deleted",
    "private chat with a status",
    "connection lost",
    "archived room",
    "details of a message",
    "about a room that one owns",
    "reported messages",
    "rooms and people",
    "settings",
    "own profile",
    "help page",
    "not found",
]
