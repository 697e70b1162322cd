"""A whole visit without a mouse."""

from playwright.sync_api import expect

from tests.browser.conftest import Person


def tab_to(person: Person, role: str, name: str) -> None:
    """Press Tab until that element has the focus, as somebody does who cannot see how far it is."""
    target = person.page.get_by_role(role, name=name)
    for _press in range(60):
        person.page.keyboard.press("Tab")
        if target.evaluate_all("(found) => found.includes(document.activeElement)"):
            return
    raise AssertionError(f"Tab never came to the {role} {name!r}")


def test_login_chat_history_logout(person, ada, backstage):
    dora = person("dora", enter=False)
    room = ada.make_room()
    backstage.fill(room, ada.name, 52)
    ada.say(room, f"Last for {dora.name}")
    keyboard = dora.page.keyboard

    dora.open("/")
    keyboard.type(dora.name)  # the box for the name has the focus
    keyboard.press("Enter")
    expect(dora.page.get_by_role("heading", name="Hearth")).to_be_visible()
    tab_to(dora, "link", f"Last for {dora.name}")
    keyboard.press("Enter")
    expect(dora.messages.last).to_have_text(f"Last for {dora.name}")

    expect(dora.box).to_be_focused()
    keyboard.type("Good morning")
    keyboard.press("Enter")
    expect(dora.messages.last).to_have_text("Good morning")
    expect(dora.box).to_be_focused()

    keyboard.press("Shift+Tab")  # to the link to older messages, which come when it is in view
    expect(dora.messages).to_have_count(54)
    expect(dora.page.get_by_text("The conversation begins here")).to_be_focused()

    tab_to(dora, "button", "Log out")
    keyboard.press("Enter")
    expect(dora.page.get_by_label("Name", exact=True)).to_be_focused()


def test_skip_link_leads_past_the_chats(ada):
    ada.open_live("/")
    ada.page.keyboard.press("Tab")
    link = ada.page.get_by_role("link", name="Skip to content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("main")).to_be_focused()
