"""What is mine: to take along, and to leave."""

from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import wait_until


def download(person):
    person.open("/settings/").page.get_by_role("link", name="Download your data").click()
    person.page.get_by_role("button", name="Prepare a download of your data").click()
    return person.page.get_by_role("link", name="Download", exact=True)


def look_into(person, link):
    with person.page.expect_download() as started:
        link.click()
    with ZipFile(started.value.path()) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".html"))


@pytest.mark.parametrize("has_scripts", [True, False])
def test_take_everything_along_and_leave(person, has_scripts):
    ben, ada = person("ben"), person("ada", java_script_enabled=has_scripts)
    room = ben.make_room(ada)
    ada.say(room, "What I said")
    ben.open_live(room)
    link = download(ada)
    if not has_scripts:
        wait_until(ada.page, lambda: link.is_visible() or ada.reload())
    expect(link).to_be_visible(timeout=20_000)
    assert "What I said" in look_into(ada, link)

    ada.open("/settings/").page.get_by_role("link", name="Delete your account").click()
    ada.page.get_by_label("What becomes of your messages?").select_option("erase")
    ada.page.get_by_label("I know that nobody can undo this").check()
    ada.page.get_by_role("button", name="Delete my account").click()
    expect(ada.page.get_by_role("heading", name="Your account is deleted")).to_be_visible()
    expect(ben.page.get_by_text("What I said")).to_have_count(0, timeout=20_000)
    expect(ben.page.locator(".message").last).to_contain_text("Former member")
    ada.open("/")
    assert "/login/" in ada.page.url
