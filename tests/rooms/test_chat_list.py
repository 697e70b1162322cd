"""What open pages are told of the list of chats."""

import pytest
from django.db import OperationalError

from config.doorbell import Bell
from rooms import moderation
from rooms.live.news.chat_list import ChatList
from rooms.live.news.part import PresentState
from rooms.models import Membership, ModerationAct
from rooms.models.tick import Marks
from rooms.unread import Unread
from tests.support.clients import eventually
from tests.support.factories import make_message, make_private_room, make_room, make_user
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


# The bound of the list


@pytest.fixture
async def two_rooms(settings, do, ben, mallory, chat_list):
    """Have two open rooms in everybody's list; a third one is older, and mallory is in all of them."""
    settings.ROOMS_IN_LIST = 2
    rooms = [await do(make_room, name, [mallory]) for name in ("Old", "Middle", "Young")]
    for room in rooms:
        await do(make_message, room, mallory)
    chat_list.begin_after(0, {rooms[1].pk, rooms[2].pk})
    return rooms


async def test_room_that_is_used_again_comes_into_lists_and_another_falls_out(
    chat_list, do, hub, hers, mallory, two_rooms
):
    own = OpenPage(mallory)
    hub.join(own)
    old, middle, _young = two_rooms
    await do(make_message, old, mallory, "awake")
    chat_list.heard(Bell("room", {"room": old.pk}))
    await eventually(lambda: "awake" in "".join(hers.told) and "awake" in "".join(own.told))
    news = hers.news
    assert f'<li id="room-{old.pk}"' in news
    assert f'<hx-partial hx-target="#room-{middle.pk}" hx-swap="delete">' in news
    assert "delete" not in own.news
    assert "Young" not in news


async def test_room_that_is_not_in_the_lists_of_others_is_told_to_its_members_only(
    chat_list, do, hub, hers, mallory, two_rooms
):
    own = OpenPage(mallory)
    hub.join(own)
    new = await do(make_room, "Nothing said", [mallory])
    chat_list.heard(Bell("room", {"room": new.pk}))
    await eventually(lambda: "Nothing said" in "".join(own.told))
    assert not hers.told


async def test_archived_room_stays_in_the_lists_of_its_members_only(
    chat_list, do, hub, hers, mallory, two_rooms
):
    own = OpenPage(mallory)
    hub.join(own)
    old, middle, _young = two_rooms

    def archive():
        moderation.archive(Membership.objects.select_related("room").get(room=middle, user=mallory))

    await do(archive)
    act = await do(ModerationAct.objects.get)
    chat_list.heard(Bell("act", {"act": act.pk, "room": middle.pk, "person": 0}))
    await eventually(lambda: hers.told and own.told)
    news = hers.news
    assert f'<hx-partial hx-target="#room-{middle.pk}" hx-swap="delete">' in news
    assert f'<li id="room-{old.pk}"' in news
    assert "delete" not in own.news
