"""What people show of themselves, on pages that are open."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect


def change(person, **fields):
    form = {"display_name": "", "status": "", "status_ends": "never", **fields}
    assert person.post("/settings/profile/", **form).status == 302


def picture(color):
    """Return a file to choose, as Playwright wants it."""
    file = io.BytesIO()
    Image.new("RGB", (200, 100), color).save(file, "PNG")
    return {"name": "me.png", "mimeType": "image/png", "buffer": file.getvalue()}


def choose(person, file):
    person.open("/settings/profile/")
    person.page.get_by_label("Picture").set_input_files(file)
    person.page.get_by_role("button", name="Use this picture").click()


def test_new_name_and_status_show_at_once_everywhere(ada, person):
    dora = person("dora")
    room = ada.make_room(dora)
    dora.say(room, "Hello", "again")
    chat = ada.chat_with(dora)
    ada.say(chat, "Hello")
    ada.open_live(room)
    expect(ada.page.locator(".sender")).to_have_text([dora.name] * 2)
    name = dora.name.replace("dora", "Dora Example ")
    change(dora, display_name=name, status="out for <b>lunch</b>")
    expect(ada.page.locator(".sender")).to_have_text([name] * 2)
    expect(ada.line(chat).locator(".chat-name")).to_contain_text(name)
    expect(ada.line(chat).locator(".status")).to_have_text("out for <b>lunch</b>")
    dora.say(room, "later")
    expect(ada.page.locator(".sender")).to_have_text([name] * 3)
    ada.open_live(chat)
    change(dora, display_name=f"{name} II")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text(f"{name} II")
    expect(ada.page).to_have_title(f"{name} II – Hearth")
    expect(ada.page.get_by_role("textbox")).to_have_accessible_name(f"Message {name} II")
    expect(ada.page.locator("main .status")).to_have_text("")


def test_profile_is_reached_from_messages_and_headers_and_stays_current(ada, person):
    dora = person("dora")
    room = ada.make_room(dora)
    dora.say(room, "Hello")
    ada.open_live(room)
    ada.page.locator(".sender").get_by_role("link", name=dora.name).click()
    expect(ada.panel.get_by_role("heading", level=1)).to_have_text(dora.name)
    change(dora, status="at the lake")
    expect(ada.panel.locator(".status")).to_have_text("at the lake")
    ada.panel.get_by_role("link", name="Direct message", exact=True).click()
    expect(ada.box).to_be_visible()
    ada.page.get_by_role("heading", level=1).get_by_role("link").click()
    expect(ada.page.get_by_text(f"@{dora.name}", exact=True)).to_be_visible()


def test_profile_is_changed_in_a_form(person):
    dora = person("dora").open("/settings/profile/")
    dora.page.get_by_label("Display name").fill("me")
    dora.page.get_by_label("Status", exact=True).fill("busy")
    dora.page.get_by_label("Clear the status").select_option("In an hour")
    dora.page.get_by_role("button", name="Save").click()
    expect(dora.notice).to_contain_text("reserved")
    expect(dora.page.get_by_label("Status", exact=True)).to_have_value("busy")
    dora.page.get_by_label("Display name").fill(dora.name.replace("dora", "Dora Sample "))
    dora.page.get_by_role("button", name="Save").click()
    expect(dora.page.get_by_role("heading", level=1)).to_have_text(dora.name.replace("dora", "Dora Sample "))
    expect(dora.page.locator("main .status")).to_have_text("busy")


@pytest.mark.parametrize("java_script_enabled", [False])
def test_document_without_scripts_shows_the_new_name(person, ada, java_script_enabled):
    dora, emil = person("dora"), person("emil", java_script_enabled=java_script_enabled)
    room = ada.make_room(dora, emil)
    dora.say(room, "Hello")
    emil.open(room)
    expect(emil.frame.locator(".sender")).to_have_text([dora.name])
    name = dora.name.replace("dora", "Dora the ")
    change(dora, display_name=name)
    expect(emil.frame.locator(".sender")).to_have_text([name])


def test_new_picture_shows_at_once_everywhere(ada, person):
    dora = person("dora")
    room = ada.make_room(dora)
    chat = ada.chat_with(dora)
    ada.say(chat, "Hello")
    dora.say(room, "Hello")
    ada.open_live(room)
    in_list, in_message = (
        place.locator(".avatar") for place in (ada.line(chat), ada.page.locator(".message").first)
    )
    for place in (in_list, in_message):
        expect(place).to_have_text("D")
    sizes = [place.bounding_box() for place in (in_list, in_message)]
    addresses = []
    for color in ("red", "blue"):
        choose(dora, picture(color))
        expect(dora.page.locator("main .avatar img")).to_have_attribute("src", re.compile("/320.webp$"))
        for place in (in_list, in_message):
            expect(place.locator("img")).not_to_have_attribute("src", addresses[-1] if addresses else "")
            expect(place.locator("img")).to_have_js_property("naturalWidth", 96)
        addresses.append(in_list.locator("img").get_attribute("src"))
        assert [place.bounding_box() for place in (in_list, in_message)] == sizes, "nothing moves"
    dora.open("/settings/profile/").page.get_by_role("button", name="Remove the picture").click()
    for place in (in_list, in_message):
        expect(place).to_have_text("D")
    assert len(set(addresses)) == 2


def test_file_that_is_no_picture(person):
    dora = person("dora")
    choose(dora, {"name": "me.png", "mimeType": "image/png", "buffer": b"<html>"})
    expect(dora.notice).to_contain_text("can’t be read as a picture")
    expect(dora.page.get_by_label("Picture")).to_have_attribute("aria-invalid", "true")
