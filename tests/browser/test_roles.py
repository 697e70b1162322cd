"""Rooms that change while others look at them, and the way into a room by a link."""

import re

import pytest
from playwright.sync_api import expect


def test_new_name_shows_on_pages_that_are_open(ada, ben, cleo, room):
    ben.open_live(room)
    cleo.open_live("/")
    name = f"Pantry {room.strip('/').replace('/', ' ')}"
    ada.open(f"{room}edit/")
    ada.page.get_by_label("Name", exact=True).fill(name)
    ada.page.get_by_label("Description").fill("What we lack")
    ada.page.get_by_role("button", name="Save").click()
    expect(ada.page.get_by_role("heading", name=name)).to_be_visible()
    expect(ben.page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(ben.page).to_have_title(f"{name} – Hearth")
    expect(ben.page.locator("#description")).to_have_text("What we lack")
    expect(ben.page.get_by_role("textbox", name=f"Message {name}")).to_be_visible()
    for person in (ben, cleo):
        expect(person.line(room)).to_contain_text(name)
    # The name leads to the page about the room.
    ben.page.get_by_role("link", name=re.compile("about this room")).click()
    expect(ben.page.get_by_role("dialog").get_by_text("What we lack")).to_be_visible()


def test_archive_takes_the_box_away_and_gives_it_back_with_what_was_typed(ada, ben, room):
    ben.open_live(room)
    ben.box.fill("Not yet said")
    ada.open(f"{room}about/")
    ada.page.get_by_role("button", name="Archive this room").click()
    expect(ben.page.get_by_text("This room is archived: no one can write here")).to_be_visible()
    expect(ben.box).to_be_hidden()
    expect(ben.line(room)).to_contain_text("Archived")
    expect(ben.page.locator("#mine > li").last.locator("a")).to_have_attribute("href", re.compile(f"^{room}"))
    ada.page.get_by_role("button", name="Unarchive this room").click()
    expect(ben.box).to_be_visible()
    expect(ben.box).to_have_value("Not yet said")


def test_rule_takes_the_box_from_members_alone_and_a_new_role_gives_it_back(ada, ben, room):
    ben.open_live(room)
    ben.box.fill("Not yet said")
    ada.open_live(room)
    ada.post(f"{room}edit/", name=f"Quiet {room}", posting="replies", slow_seconds="30")
    expect(ben.page.get_by_text("You can reply to their messages.")).to_be_visible()
    expect(ben.box).to_be_hidden()
    expect(ben.page.get_by_text("one message every 30 seconds")).to_be_visible()
    expect(ada.page.get_by_role("heading", name=f"Quiet {room}")).to_be_visible()
    expect(ada.box).to_be_visible()
    expect(ada.page.get_by_text("one message every 30 seconds")).to_be_hidden()
    ada.say(room, "Any questions?")
    ben.page.locator(".message").last.hover()
    ben.page.get_by_role("link", name="Reply", exact=True).click()
    expect(ben.box).to_be_visible()
    expect(ben.box).to_have_value("Not yet said")
    ben.page.get_by_role("link", name="Cancel reply").click()
    expect(ben.box).to_be_hidden()
    ben_id = ben.page.locator("#to-newest").get_attribute("data-user")
    ada.post(f"{room}members/{ben_id}/role/", role="moderator")
    expect(ben.box).to_be_visible()
    expect(ben.page.get_by_text("Only moderators can write here")).to_be_hidden()


def test_who_is_removed_sees_it_and_gets_nothing_more(ada, ben, room):
    ada.post(f"{room}edit/", name=f"Closed {room}", is_by_invitation="on")
    ben.open_live(room)
    ada.open(f"{room}about/")
    ada.page.get_by_role("link", name="Change", exact=True).click()
    removal = ada.page.locator("form[action$='/remove/']")
    removal.get_by_label("Reason").fill("Moved out")
    removal.get_by_role("button", name="Remove").click()
    expect(ben.page.get_by_text("You are no longer in this room.")).to_be_visible()
    ada.say(room, "Now we can talk")
    expect(ben.page.get_by_text("Now we can talk")).to_have_count(0)
    ben.open_live("/")
    expect(ben.line(room)).to_have_count(0)
    ben.open(room)
    expect(ben.page.get_by_role("heading", name="Not found")).to_be_visible()


def test_who_is_banned_reads_why(ada, ben, room):
    ben.open_live(room)
    ada.open(f"{room}about/")
    ada.page.get_by_role("link", name="Change", exact=True).click()
    ban = ada.page.locator("form[action$='/ban/']")
    ban.get_by_label("How long").select_option(label="For a day")
    ban.get_by_label("Reason").fill("Shouted all night")
    ban.get_by_role("button", name="Ban").click()
    expect(ben.page.get_by_text("You are no longer in this room.")).to_be_visible()
    ben.open(room)
    expect(ben.page.get_by_text("Shouted all night")).to_be_visible()
    ada.page.get_by_role("button", name="Lift").click()
    expect(ada.page.get_by_text("No one is banned.")).to_be_visible()
    ben.open_live(room)
    expect(ben.box).to_be_visible()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_link_leads_a_newcomer_into_the_room(ada, person, has_scripts):
    room = ada.make_room()
    ada.post(f"{room}edit/", name=f"Club {room} {has_scripts}", is_by_invitation="on")
    ada.say(room, "Members only")
    ada.open(f"{room}invitations/")
    ada.page.get_by_label("Number of uses").select_option("1")
    ada.page.get_by_role("button", name="Show a link and a QR code").click()
    expect(ada.page.get_by_role("img", name="The same link as a QR code")).to_be_visible()
    link = ada.page.get_by_label("Link", exact=True).input_value()

    newcomer = person("dora", enter=False, java_script_enabled=has_scripts)
    newcomer.page.goto(link, wait_until=newcomer.loaded)
    expect(newcomer.page.get_by_text(f"ada invited you to the room Club {room}")).to_be_visible()
    newcomer.page.get_by_role("link", name="Log in to join").click()
    newcomer.page.get_by_label("Name", exact=True).fill(newcomer.name)
    newcomer.page.get_by_role("button", name="Log in").click()
    expect(newcomer.page.get_by_text(f"ada invited you to the room Club {room}")).to_be_visible()
    newcomer.page.get_by_role("button", name="Join").click(no_wait_after=True)
    newcomer.sees("Members only")
    ada.open(f"{room}invitations/")
    expect(ada.page.get_by_role("button", name="Revoke")).to_have_count(0)

    late = person("late", java_script_enabled=has_scripts)
    late.page.goto(link, wait_until=late.loaded)
    expect(late.page.get_by_role("heading", name="This link no longer works")).to_be_visible()


def test_who_is_added_by_name_sees_the_room_in_the_list(ada, ben):
    room = ada.make_room()
    ada.post(f"{room}edit/", name=f"Surprise {room}", is_by_invitation="on")
    ben.open_live("/")
    expect(ben.line(room)).to_have_count(0)
    ada.open(f"{room}invitations/")
    ada.page.get_by_label("Username").fill(ben.name)
    ada.page.get_by_role("button", name="Add to the room").click()
    expect(ben.line(room)).to_contain_text(f"Surprise {room}")
