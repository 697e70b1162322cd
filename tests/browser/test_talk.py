"""Two people talk, each in a browser of their own."""

from playwright.sync_api import expect


def test_two_people_see_each_others_messages_in_order(person):
    ada, ben = person("talk-ada"), person("talk-ben")
    ada.open("/people/talk-ben/")
    ben.open("/people/talk-ada/")
    ada.wait_until_live()
    ben.wait_until_live()
    ada.send("Hello Ben")
    expect(ben.page.get_by_text("Hello Ben").last).to_be_visible(timeout=1000)
    ben.send("Hello Ada")
    ada.send("How are you?")
    for someone in (ada, ben):
        expect(someone.page.locator(".message .content").last).to_have_text("How are you?")
        assert someone.messages() == ["Hello Ben", "Hello Ada", "How are you?"]
