"""What open pages are told when people change what they show of themselves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from config.doorbell import Bell
from rooms.live.endpoints.access import Opening, _moment
from rooms.live.endpoints.present_state import changed_people, present_states
from rooms.live.news.profiles import Profiles
from rooms.live.news.typing_indicators import _names
from rooms.live.wire import fragments
from rooms.live.wire.formats import Document
from tests.support.clients import eventually
from tests.support.factories import make_message, state_of
from tests.support.htmx import Page
from tests.support.live import OpenPage
from tests.support.responses import page_of
from tests.support.sse import parse as event_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_pauses")]


@pytest.fixture
async def profiles(hub, database):
    profiles = Profiles(hub, database)
    profiles.start()
    yield profiles
    profiles.stop()


async def change(do, profiles, user, **fields):
    await do(lambda: user.change_profile(**fields))
    profiles.heard(Bell("profile", {"user": user.pk}))


async def test_change_is_told_to_all_pages_once(profiles, hub, do, ada, ben, mallory):
    pages = [OpenPage(user) for user in (ada, ben, mallory)]
    for page in pages:
        hub.join(page)
    await change(do, profiles, ben, display_name="Benedict", status="<i>busy</i>")
    await eventually(lambda: all(page.told for page in pages))
    for page in pages:
        news = page.news
        assert news.count(">Benedict<") == 1
        assert "&lt;i&gt;busy" in news
    profiles.heard(Bell("profile", {"user": ben.pk}))  # the poll finds it, too
    await change(do, profiles, ada, display_name="Countess")
    await eventually(lambda: pages[0].told)
    assert "Benedict" not in pages[0].news
    await do(ben.become_former)
    profiles.heard(Bell("profile", {"user": ben.pk}))
    await eventually(lambda: pages[0].told)
    # Wherever their name is, and once more in the place of the link to their profile.
    assert pages[0].news.count(">Former member<") == 2


async def test_only_the_other_person_of_a_private_chat_is_told_of_its_title(
    profiles, hub, do, ada, ben, private
):
    hers, his, elsewhere = OpenPage(ada, private), OpenPage(ben, private), OpenPage(ada)
    for page in (hers, his, elsewhere):
        hub.join(page)
    await change(do, profiles, ben, display_name="Benedict")
    await eventually(lambda: len(hers.told) > 1)
    assert "Benedict – Hearth" in hers.news
    assert "– Hearth" not in his.news
    assert "– Hearth" not in elsewhere.news
    await change(do, profiles, ben, status="here")
    await eventually(lambda: hers.told)
    assert "– Hearth" not in hers.news


async def test_both_of_a_private_chat_may_change_at_once(profiles, hub, do, ada, ben, private):
    hers, his = OpenPage(ada, private), OpenPage(ben, private)
    hub.join(hers)
    hub.join(his)
    await do(lambda: ben.change_profile(display_name="Benedict"))
    await do(lambda: ada.change_profile(display_name="Countess"))
    for person in (ada, ben):
        profiles.heard(Bell("profile", {"user": person.pk}))
    await eventually(lambda: len(hers.told) > 2 and len(his.told) > 2)
    assert "Benedict – Hearth" in hers.news
    assert "Countess – Hearth" in his.news


async def test_documents_with_the_name_begin_anew(profiles, hub, do, ada, ben, mallory, room):
    format = Document("en", "UTC")
    document, elsewhere = OpenPage(ada, room, format), OpenPage(mallory, None, format)
    hub.join(document)
    hub.join(elsewhere)
    await change(do, profiles, mallory, display_name="Nobody in there")
    await change(do, profiles, ben, display_name="Benedict")
    await eventually(lambda: document.last)
    assert b'http-equiv="refresh" content="0; url=live"' in document.last
    assert elsewhere.last is None
    document.last = None
    await change(do, profiles, ben, status="busy")
    page = OpenPage(ada)
    hub.join(page)
    await eventually(lambda: page.told)
    assert document.last is None


def test_page_that_missed_a_change_is_told(ada, ben, ada_client, private):
    page = Page(ada_client.get(private.get_absolute_url()).content.decode())
    ben.change_profile(display_name="Benedict", status="busy")
    since = datetime.fromtimestamp(int(page.cursors["profiles"]) / 1000, UTC)
    state = state_of(ada, private.pk, page.cursors["chats"], since)
    page.apply(event_of(state.removesuffix(b"\n\n")).data)
    names = {name.text for name in page.root.all("bdi") if name.get("data-name") == str(ben.pk)}
    assert names == {"Benedict"}
    assert {status.text for status in page.root.all(css_class="status")} == {"busy"}
    assert page.cursors["profiles"] > str(int(since.timestamp() * 1000))


def profiles_since(since):
    now = timezone.now()
    return "".join(
        fragments.profile(person, now) for person in changed_people(since, now, User.objects.values("pk"))
    )


def test_page_is_told_of_the_people_it_shows_only(ada, ben, mallory, room, private, settings):
    settings.SMALL_HOUSE_PEOPLE = 0
    make_message(private, ben)
    since = timezone.now()
    for person in (ben, mallory):
        person.change_profile(status="busy")
    of_mallory = f"data-status='{mallory.pk}'".encode()
    told = state_of(ada, None, None, since)
    assert f"data-status='{ben.pk}'".encode() in told
    assert of_mallory not in told
    room.join(mallory)
    assert of_mallory in state_of(ada, room.pk, None, since)


def test_profile_shows_whether_its_person_is_online(ada, ada_client, mallory, settings):
    settings.SMALL_HOUSE_PEOPLE = 0
    profile = ada_client.get(f"/people/{mallory.username}/profile/").content.decode()
    assert "/files/" not in profile, "they have not talked yet"
    assert Page(profile).cursors["person"] == str(mallory.pk)
    opening = Opening(ada, "", None, set(), 0, None, None, "UTC", person_id=mallory.pk)
    [state] = present_states([opening])
    assert state.people == {mallory.pk: False}
    assert f"data-presence='{mallory.pk}'".encode() in state.frame
    ada.shows_presence = False
    [state] = present_states([opening])
    assert state.people == {}
    assert b"data-presence=" not in state.frame


def test_profile_leads_to_the_files_of_direct_messages(ada_client, ben, private):
    found = page_of(ada_client.get(f"/people/{ben.username}/profile/"))
    assert f"/rooms/{private.pk}/files/" in [link["href"] for link in found.all("a")]


def test_page_that_missed_the_end_of_a_status_is_told(ada, ben, clock):
    ben.change_profile(status="busy", status_until=timezone.now() + timedelta(minutes=30))
    clock.shift(1000)
    assert ">busy<" not in profiles_since(timezone.now())
    since = timezone.now()
    clock.shift(1000)
    page = Page(f'<p><bdi data-status="{ben.pk}">busy</bdi><input id="as-of"></p>')
    page.apply(profiles_since(since))
    assert page.root.text.strip() == ""
    clock.shift(1000)
    assert not User.objects.changed_between(timezone.now(), timezone.now()).exists()


def test_list_that_shows_old_names_is_sent_again(ada, ben, ada_client):
    digest = Page(ada_client.get("/").content.decode()).cursors["chats"]
    assert b'hx-target="#chats"' not in state_of(ada, None, digest)
    ben.change_profile(display_name="Benedict")
    assert b'hx-target="#chats"' in state_of(ada, None, digest)


@pytest.mark.parametrize("moment", ["", "soon", "-1", "1e3", "9" * 30, "٣"])
def test_moment_that_cannot_be_read_is_none(moment):
    assert _moment(moment) is None


def test_typing_indicators_use_the_display_name(ben):
    ben.change_profile(display_name="Benedict")
    assert _names({ben.pk}) == {ben.pk: "Benedict"}


def test_mentions_go_on_using_the_name(ada, ben, room, ada_client):
    ben.change_profile(display_name="Benedict")
    message = room.post_message(ada, "@ben and @Benedict", "8f7cb2b0-0000-4000-8000-000000000001")
    assert message.mentioned == {"ben": ben.pk}
    shown = page_of(ada_client.get(room.get_absolute_url())).all(css_class="mention")
    assert [mention.text for mention in shown] == ["@ben"]
