"""What open pages are told of the list of chats."""

import re

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.doorbell import Bell
from rooms import moderation
from rooms.live.news.chat_list import ChatList, Gathered
from rooms.live.news.part import PresentState
from rooms.models import Membership, ModerationAct
from rooms.models.tick import Marks
from rooms.unread import Unread
from tests.support.clients import eventually
from tests.support.factories import make_message, make_private_room, make_room, make_user, make_users
from tests.support.live import OpenPage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_pauses")]


@pytest.fixture
async def chat_list(hub, database):
    chat_list = ChatList(hub, database)
    chat_list.start()
    yield chat_list
    chat_list.stop()


@pytest.fixture
async def hers(hub, ada):
    page = OpenPage(ada)
    hub.join(page)
    return page


@pytest.fixture
async def his(hub, ben):
    page = OpenPage(ben)
    hub.join(page)
    return page


async def test_last_message_goes_to_all_and_each_count_to_its_own(chat_list, do, hers, his, room, ada):
    await do(make_message, room, ada, "Hello all")
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: hers.told and his.told)
    for page in (hers, his):
        assert page.told[0].count("<bdi>Hello all</bdi>") == 1
    assert "1 unread message" in his.news
    assert "unread message" not in hers.news


async def test_change_that_was_told_is_not_told_again(chat_list, do, hers, room, ada):
    """The poll finds what doorbells announced already."""
    await do(make_message, room, ada, "once")
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: hers.told)
    assert "once" in hers.news
    chat_list.heard(Bell("room", {"room": room.pk}))
    other = await do(make_room)
    chat_list.heard(Bell("room", {"room": other.pk}))
    await eventually(lambda: hers.told)
    assert "once" not in hers.news


async def test_count_is_told_when_it_changes(chat_list, do, his, room, ada, ben):
    message = await do(make_message, room, ada)
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: "1 unread message" in "".join(his.told))
    his.told.clear()
    await do(lambda: room.join(ben).mark_read(message.pk))
    chat_list.heard(Bell("read", {"room": room.pk, "user": ben.pk}))
    await eventually(lambda: f'id="room-{room.pk}-badge"' in "".join(his.told))
    assert "unread message" not in his.news


async def test_count_that_changed_back_is_told_where_a_page_shows_another(
    chat_list, hub, do, his, room, ada, ben
):
    """It began after the change, and before the round that would have told of it."""
    message = await do(make_message, room, ada)
    await do(lambda: room.join(ben).mark_read(message.pk))
    chat_list.began(his, PresentState(b"", Marks(), {room.pk: Unread(0)}))
    for _number in range(2):
        late = OpenPage(ben)
        hub.join(late)
        chat_list.began(late, PresentState(b"", Marks(), {room.pk: Unread(1)}))
    await eventually(lambda: f'id="room-{room.pk}-badge"' in "".join(late.told))
    assert "unread message" not in late.news


async def test_count_is_told_again_to_a_page_that_is_new(chat_list, hub, do, his, hers, room, ada, ben):
    await do(make_message, room, ada)
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: "1 unread message" in his.news)
    hub.leave(his)
    chat_list.left(his)
    hub.join(his)
    chat_list.heard(Bell("read", {"room": room.pk, "user": ben.pk}))
    await eventually(lambda: "1 unread message" in his.news)


async def test_round_that_fails_is_done_again(chat_list, do, hers, his, room, ada, ben, monkeypatch, caplog):
    await do(make_message, room, ada, "after all")
    read, failures = chat_list.read_news, [OperationalError("locked")]

    def fail_first(*arguments):
        if failures:
            raise failures.pop()
        return read(*arguments)

    monkeypatch.setattr(chat_list, "read_news", fail_first)
    person = await do(make_user)
    chat_list.heard(Bell("room", {"room": room.pk}))
    chat_list.heard(Bell("person", {"user": person.pk}))
    chat_list.heard(Bell("read", {"room": room.pk, "user": ben.pk}))
    await eventually(lambda: "after all" in "".join(hers.told))
    assert person.username in hers.news
    assert "1 unread message" in his.news
    assert len(caplog.records) == 1


async def test_new_room_comes_with_what_was_said_at_once(chat_list, do, hers, ada):
    room = await do(make_room, None, [ada])
    for text in ("one", "two"):
        await do(make_message, room, ada, text)
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: hers.told)
    news = hers.news
    assert f'<li id="room-{room.pk}"' in news
    assert "two" in news
    await do(make_message, room, ada, "three")
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: hers.told)
    assert f'<li id="room-{room.pk}"' not in hers.news


async def test_person_is_told_to_others_before_what_they_said(chat_list, do, hub, hers, ada):
    new = await do(make_user)
    own_page = OpenPage(new)
    hub.join(own_page)
    private = await do(make_private_room, ada, new)
    await do(make_message, private, new, "Hello, I am new")
    chat_list.heard(Bell("room", {"room": private.pk}))
    chat_list.heard(Bell("person", {"user": new.pk}))
    await eventually(lambda: "Hello, I am new" in "".join(hers.told))
    news = hers.news
    assert news.index(f'id="person-{new.pk}"') < news.index("Hello, I am new")
    assert f'id="person-{new.pk}"' not in own_page.news


async def test_private_chat_is_told_to_the_two_only(chat_list, do, hub, hers, his, ada, ben, mallory):
    outside = OpenPage(mallory)
    hub.join(outside)
    private = await do(make_private_room, ada, ben)
    await do(make_message, private, ada, "between us")
    chat_list.heard(Bell("room", {"room": private.pk}))
    await eventually(lambda: hers.told and his.told)
    assert "between us" in hers.news
    assert "between us" in his.news
    public = await do(make_room)
    chat_list.heard(Bell("room", {"room": public.pk}))
    await eventually(lambda: outside.told)
    assert len(outside.told) == 1


# What is on no page is told to none


def line(room):
    return f'<li id="room-{room.pk}"'


def gone(room):
    return f'<hx-partial hx-target="#room-{room.pk}" hx-swap="delete">'


@pytest.fixture
async def rooms(settings, do, mallory, chat_list):
    """Have two open rooms, which mallory is in and all see: one more is too many for a small house."""
    settings.SMALL_HOUSE_ROOMS = 2
    rooms = [await do(make_room, name, [mallory]) for name in ("Old", "Young")]
    for room in rooms:
        await do(make_message, room, mallory)
    chat_list.begin_after(0, {room.pk for room in rooms})
    return rooms


@pytest.fixture
async def own(hub, mallory):
    page = OpenPage(mallory)
    hub.join(page)
    return page


async def test_house_that_becomes_large_or_small_lets_all_pages_come_back(
    chat_list, do, hers, own, mallory, rooms
):
    new = await do(make_room, "One too many", [mallory])
    chat_list.heard(Bell("room", {"room": new.pk}))
    await eventually(lambda: hers.last is not None and own.last is not None)
    assert "One too many" not in hers.news
    assert "One too many" in own.news
    hers.last = None
    await do(make_message, rooms[0], mallory, "among us")
    chat_list.heard(Bell("room", {"room": rooms[0].pk}))
    await eventually(lambda: "among us" in "".join(own.told))
    assert not hers.told
    assert hers.last is None  # once is enough
    await do(new.delete)
    chat_list.heard(Bell("room", {"room": rooms[0].pk}))
    await eventually(lambda: hers.last is not None)


async def test_archived_room_stays_in_the_lists_of_its_members_only(chat_list, do, hers, own, mallory, rooms):
    old, _young = rooms

    def archive():
        moderation.archive(Membership.objects.select_related("room").get(room=old, user=mallory))

    await do(archive)
    act = await do(ModerationAct.objects.get)
    chat_list.heard(Bell("act", {"act": act.pk, "room": old.pk, "person": 0}))
    await eventually(lambda: hers.told and own.told)
    assert gone(old) in hers.news
    assert "delete" not in own.news


async def test_people_are_told_of_new_ones_in_a_small_house_only(chat_list, do, hers, ada, settings):
    settings.SMALL_HOUSE_PEOPLE = await do(User.objects.count)
    new = await do(make_user)
    chat_list.heard(Bell("person", {"user": new.pk}))
    room = await do(make_room, None, [ada])
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: line(room) in "".join(hers.told))
    assert new.username not in hers.news


def shows(*rooms):
    """Return what a page begins with that shows these, the last one on top."""
    return PresentState(b"", Marks(), {room.pk: Unread() for room in rooms})


async def test_chat_that_is_not_on_the_page_comes_in_as_a_whole(
    chat_list, do, his, room, private, ada, monkeypatch
):
    monkeypatch.setattr("rooms.live.news.chat_list.CHATS_PER_PAGE", 1)
    chat_list.began(his, shows(room))

    async def said_in(chat):
        await do(make_message, chat, ada, "Hello")
        chat_list.heard(Bell("room", {"room": chat.pk}))
        await eventually(lambda: "badge" in "".join(his.told))
        return his.news

    assert line(room) not in await said_in(room)
    assert f'<li id="person-{ada.pk}"' in await said_in(private)
    assert f'<li id="person-{ada.pk}"' not in await said_in(private)
    assert line(room) in await said_in(room)  # it may have fallen out at the end


async def test_changed_line_stays_where_it_is_for_somebody_who_came_later(
    chat_list, do, his, hers, room, private, ada, ben
):
    await do(lambda: room.memberships.get(user=ada).leave())
    first = await do(make_message, room, ben)
    later = await do(make_message, private, ben)
    await do(room.join, ada)
    for page in (his, hers):
        chat_list.began(page, shows(room))
    await do(first.edit, "changed")
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: his.told and hers.told)
    keys = [re.findall(f'room-{room.pk}-preview"[^>]*data-key="([0-9]+)"', page.news) for page in (his, hers)]
    assert keys == [[str(2 * first.pk)], [str(2 * later.pk + 1)]]


async def test_page_shows_whom_it_was_brought(chat_list, do, hub, his, private, ada):
    await do(make_message, private, ada)
    chat_list.heard(Bell("room", {"room": private.pk}))
    await eventually(lambda: his.told)
    assert hub.watchers(ada.pk) == (his,)


async def test_room_that_closed_while_no_page_was_open_comes_back(chat_list, do, his):
    closet = await do(make_room, "Closet")
    chat_list.begin_after(0, {closet.pk})
    chat_list.began(his, shows())  # it was closed then
    chat_list.heard(Bell("room", {"room": closet.pk}))
    await eventually(lambda: "Closet" in "".join(his.told))


async def test_line_that_only_one_of_two_pages_has_is_brought_to_the_other(
    chat_list, hub, his, room, private, ben
):
    chat_list.began(his, shows(room))
    late = OpenPage(ben)
    hub.join(late)
    chat_list.began(late, shows(private, room))
    await eventually(lambda: "person-" in "".join(his.told))
    assert 'hx-target="#mine"' in his.news


async def test_reading_a_chat_that_is_not_on_the_page_tells_no_line(
    chat_list, do, his, room, private, ada, ben
):
    chat_list.began(his, shows(private))
    message = await do(make_message, room, ada)
    await do(lambda: room.join(ben).mark_read(message.pk))
    chat_list.heard(Bell("read", {"room": room.pk, "user": ben.pk}))
    await eventually(lambda: "read-elsewhere" in "".join(his.told))
    assert f"room-{room.pk}-badge" not in his.news
    await do(make_message, room, ada)
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: his.told)
    assert line(room) in his.news


async def test_line_that_a_later_page_lacks_comes_to_it_as_a_whole(
    chat_list, do, hub, his, room, private, ada, ben
):
    chat_list.began(his, shows(private, room))
    late = OpenPage(ben)
    hub.join(late)
    chat_list.began(late, shows(private))
    await do(make_message, room, ada)
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: late.told)
    assert line(room) in late.news


async def test_room_goes_from_part_to_part_as_one_joins_and_leaves(chat_list, do, hers, ada, room):
    chat_list.began(hers, shows(room))
    chat_list.begin_after(0, {room.pk})
    for verb, part in (("leave", "rooms"), ("join", "mine")):
        await do(lambda verb=verb: room.join(ada).leave() if verb == "leave" else room.join(ada))
        chat_list.heard(Bell("listing", {"room": room.pk, "user": ada.pk}))
        await eventually(lambda part=part: f'data-list="{part}"' in "".join(hers.told))
        news = hers.news
        assert line(room) in news
        assert ("You left" in news) == (verb == "leave")


async def test_favourite_is_told_to_the_pages_of_its_reader(chat_list, do, hub, hers, his, room, ada):
    here = OpenPage(ada, room)
    hub.join(here)
    for page in (hers, his, here):
        chat_list.began(page, shows(room))
    membership = await do(lambda: room.memberships.get(user=ada))
    for is_favourite, part, button in ((True, "favourites", "Remove"), (False, "mine", "Add")):
        await do(membership.choose_favourite, is_favourite)
        chat_list.heard(Bell("read", {"room": room.pk, "user": ada.pk}))
        await eventually(lambda: hers.told and here.told)
        assert f'data-list="{part}"' in hers.news
        assert f"{button} " in here.news
        assert "favourites" not in hers.news
    assert not his.told


async def test_hidden_chat_goes_from_the_pages_of_its_reader_until_somebody_writes(
    chat_list, do, hers, his, room, ada
):
    for page in (hers, his):
        chat_list.began(page, shows(room))
    membership = await do(lambda: room.memberships.select_related("room").get(user=ada))
    await do(membership.choose_hidden, True)
    chat_list.heard(Bell("listing", {"room": room.pk, "user": ada.pk}))
    await eventually(lambda: f'hx-target="#room-{room.pk}" hx-swap="delete"' in "".join(hers.told))
    assert not his.told
    await do(make_message, room, ada)
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: line(room) in "".join(hers.told))


async def test_favourite_of_one_changes_nothing_for_others(chat_list, do, hers, his, room, ada):
    for page in (hers, his):
        chat_list.began(page, shows(room))
    membership = await do(lambda: room.memberships.get(user=ada))
    await do(membership.choose_favourite, True)
    message = await do(make_message, room, ada)
    chat_list.heard(Bell("room", {"room": room.pk}))
    await eventually(lambda: hers.told and his.told)
    assert f'data-key="{2 * message.pk}"' in his.news


async def test_round_costs_as_much_however_many_listen(chat_list, do, hub, ada, ben, private):
    """Two are concerned, and hundreds have a page open."""

    def cost():
        make_message(private, ada)
        with CaptureQueriesContext(connection) as queries:
            news = chat_list.read_news(Gathered(rooms={private.pk}), hub.listening_users())
        return len(queries), max(len(query["sql"]) for query in queries), len(news.letters)

    costs = []
    for _time in range(2):
        for user in await do(make_users, 150):
            hub.join(OpenPage(user))
        costs.append(await do(cost))
    assert costs[0] == costs[1]
