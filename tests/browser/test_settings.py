"""The settings, as the browser follows them."""

import re

import pytest
from playwright.sync_api import expect


def save(person):
    person.page.get_by_role("button", name="Save").click()
    expect(person.page.get_by_role("status")).to_have_text("Settings saved")


def test_enter_sends_by_itself(person):
    dora = person("dora")
    dora.open_live(dora.make_room())
    expect(dora.box).to_have_accessible_description("Enter sends. Shift+Enter starts a new line.")
    dora.box.press_sequentially("one")
    dora.box.press("Shift+Enter")
    dora.box.press_sequentially("two")
    dora.box.press("Enter")
    dora.sees("one\ntwo")
    dora.box.press_sequentially("three")
    dora.box.press("Control+Enter")
    dora.sees("one\ntwo", "three")


def test_enter_begins_a_line_for_who_wants_that(person):
    dora = person("dora")
    dora.open("/settings/").page.get_by_label("Enter sends a message").uncheck()
    save(dora)
    dora.open_live(dora.make_room())
    expect(dora.box).to_have_accessible_description("Ctrl+Enter or Cmd+Enter sends. Enter starts a new line.")
    dora.box.press_sequentially("one")
    dora.box.press("Enter")
    dora.box.press_sequentially("two")
    expect(dora.box).to_have_value("one\ntwo")
    dora.box.press("Meta+Enter")
    dora.sees("one\ntwo")
    dora.box.press_sequentially("three")
    dora.box.press("Control+Enter")
    dora.sees("one\ntwo", "three")


def test_without_scripts_no_key_is_promised(person):
    dora = person("dora", java_script_enabled=False)
    dora.open(dora.make_room())
    expect(dora.box).to_have_accessible_description("")


MOMENTS = {
    "2026-03-29T00:59:00Z": "01:59",
    "2026-03-29T01:00:00Z": "03:00",
    "2026-10-25T00:30:00Z": "02:30",
    "2026-10-25T01:30:00Z": "02:30",
    "2026-10-25T22:59:00Z": "23:59",
    "2026-10-25T23:00:00Z": "00:00",
}


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without"])
def test_times_are_in_the_chosen_zone(person, backstage, has_scripts):
    dora = person("dora", timezone_id="America/Anchorage", java_script_enabled=has_scripts)
    dora.open("/settings/").page.get_by_label("Time zone").select_option("Europe/Berlin")
    save(dora)
    room = dora.make_room()
    dora.say(room, *MOMENTS)
    for moment in MOMENTS:
        backstage.run(f"Message.objects.filter(content={moment!r}).update(timestamp={moment!r})")
    dora.open(room)
    place = dora.page if has_scripts else dora.frame
    expect(place.locator(".message time")).to_have_text(list(MOMENTS.values()))
    days = [re.compile("29"), re.compile("25"), re.compile("26")]
    expect(place.locator(".day h3")).to_have_text(days)


def test_zone_that_the_browser_does_not_know_harms_no_script(person):
    dora = person("dora")
    room = dora.make_room()
    dora.page.route(
        f"**{room}",
        lambda route: route.fulfill(
            body=route.fetch().text().replace("<body ", '<body data-time-zone="Mars/Olympus" '),
            content_type="text/html",
        ),
    )
    dora.open_live(room)
    dora.send("Still here")
    dora.sees("Still here")


def test_nothing_is_saved_by_choosing(person):
    dora = person("dora")
    dora.open("/settings/")
    requests = dora.requests("*/settings/*")
    for field in dora.page.locator("select, input[type=checkbox]").all():
        field.focus()
        field.press("ArrowDown")
        field.press("Space")
        field.press("Escape")
    dora.page.get_by_label("Theme").focus()
    assert requests.seen == []
    expect(dora.page.get_by_role("status")).to_have_count(0)


def test_settings_work_without_scripts(person):
    dora = person("dora", java_script_enabled=False)
    dora.open("/settings/").page.get_by_label("Theme").select_option("dark")
    save(dora)
    expect(dora.page.locator("html")).to_have_attribute("data-theme", "dark")
    dora.reload()
    expect(dora.page.get_by_role("status")).to_have_count(0)
    expect(dora.page.get_by_label("Theme")).to_have_value("dark")
