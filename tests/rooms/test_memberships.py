"""Joining a group room by visiting it, and leaving it."""

import pytest
from django.db import IntegrityError, transaction

from rooms import moderation
from rooms.models import ChatRoom, Membership
from tests.support.factories import make_membership, make_message, make_private_room, make_room, make_user
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "head"])
def test_first_visit_joins_a_group(mallory, mallory_client, room, method):
    assert not room.memberships.filter(user=mallory).exists()
    assert getattr(mallory_client, method)(f"/rooms/{room.pk}/").status_code == 200
    assert room.memberships.filter(user=mallory).count() == 1


def test_in_a_large_house_an_open_room_is_looked_at_first(ada, mallory, mallory_client, room, settings):
    """People who look at it are no members, have nothing unread, and may do nothing but join."""
    settings.JOIN_BY_VISIT = "auto"
    settings.SMALL_HOUSE_PEOPLE = 1
    message = make_message(room, ada)
    message.react_as(ada, "👍")
    page = page_of(mallory_client.get(f"/rooms/{room.pk}/"))
    assert page.by_id(f"message-{message.pk}")
    assert "disabled" in page.by_id("conversation").parent.attributes
    assert page.by_id("reacting").nodes == []
    assert [page.by_id(name) for name in ("composer", "read", "favourite", "typing-start")] == [None] * 4
    assert not room.memberships.filter(user=mallory).exists()
    assert "Look at it" in mallory_client.get("/find/").content.decode()
    for address in ("draft/", "read/", "typing/", "messages/", "notifications/", "favourite/"):
        assert mallory_client.post(f"/rooms/{room.pk}/{address}").status_code == 404
    where = f"/rooms/{room.pk}/?message={message.pk}"
    assert mallory_client.get(f"/messages/{message.pk}/").headers["Location"] == where
    seeking = mallory_client.get(f"/rooms/{room.pk}/search/").text
    assert 'type="date"' in seeking
    assert 'type="search"' not in seeking
    for day, answer in (("2026-03-01", where), ("soon", None)):
        response = mallory_client.get(f"/rooms/{room.pk}/", {"date": day})
        assert response.headers.get("Location") == answer
        assert response.status_code == (302 if answer else 422)
        assert 'type="search"' not in response.text
    for _time in range(2):
        assert mallory_client.post(f"/rooms/{room.pk}/join/").headers["Location"] == f"/rooms/{room.pk}/"
    page = page_of(mallory_client.get(f"/rooms/{room.pk}/"))
    assert page.by_id("composer")
    assert "disabled" not in page.by_id("conversation").parent.attributes


@pytest.mark.parametrize(
    ("choice", "people", "joins"), [("no", 50, False), ("yes", 0, True), ("auto", 50, True)]
)
def test_setting_says_whether_visits_join(mallory, mallory_client, room, settings, choice, people, joins):
    settings.JOIN_BY_VISIT, settings.SMALL_HOUSE_PEOPLE = choice, people
    mallory_client.get(f"/rooms/{room.pk}/")
    assert room.memberships.filter(user=mallory).exists() == joins


def test_closed_room_and_ban_leave_nothing_to_look_at(ada, mallory, mallory_client, room, settings):
    settings.JOIN_BY_VISIT = "no"
    message = make_message(room, ada)
    mine = room.memberships.get(user=ada)
    Membership.objects.filter(pk=mine.pk).update(role="owner")
    mine.refresh_from_db()
    moderation.update(mine, room.name, "", is_by_invitation=True)
    for address in (f"/rooms/{room.pk}/", f"/messages/{message.pk}/", f"/rooms/{room.pk}/search/"):
        assert mallory_client.get(address).status_code == 404
    assert mallory_client.post(f"/rooms/{room.pk}/join/").status_code == 404


def test_next_visits_join_nothing(ada, ada_client, room):
    for _ in range(2):
        ada_client.get(f"/rooms/{room.pk}/")
    assert room.memberships.filter(user=ada).count() == 1


def test_visit_of_an_outsider_to_a_private_chat_joins_nothing(mallory_client, private):
    for headers in ({}, HTMX):
        assert mallory_client.get(f"/rooms/{private.pk}/", headers=headers).status_code == 404
    assert private.memberships.count() == 2


def test_who_joins_has_nothing_unread(ada, mallory, mallory_client, room):
    message = make_message(room, ada)
    page = page_of(mallory_client.get(f"/rooms/{room.pk}/"))
    assert room.memberships.get(user=mallory).last_read == message.pk
    assert page.by_id(f"message-{message.pk}")
    assert page.by_id("unread") is None
    assert not page.by_id(f"room-{room.pk}-badge").text.strip()


def test_who_joins_an_empty_room_has_read_nothing(mallory, mallory_client, room):
    mallory_client.get(f"/rooms/{room.pk}/")
    assert room.memberships.get(user=mallory).last_read == 0


def test_what_is_said_after_joining_is_unread(ada, mallory_client, room):
    mallory_client.get(f"/rooms/{room.pk}/")
    make_message(room, ada)
    assert (
        page_of(mallory_client.get("/")).by_id(f"room-{room.pk}-badge").all(css_class="badge")[0].text == "1"
    )


def test_member_can_leave_a_group(ben, ben_client, room, rung, committed):
    with committed():
        response = ben_client.post(f"/rooms/{room.pk}/leave/")
    assert (response.status_code, response.url) == (302, "/")
    assert not room.memberships.filter(user=ben).exists()
    assert rung == [
        ("access", {"user": ben.pk}),
        ("receipt", {"room": room.pk}),
        ("listing", {"room": room.pk, "user": ben.pk}),
    ]


def test_leaving_takes_nobody_else_along(ben, ada_client, room):
    other = make_room(members=[ben])
    ada_client.post(f"/rooms/{room.pk}/leave/")
    assert list(room.participants.all()) == [ben]
    assert list(other.participants.all()) == [ben]


def test_leaving_twice_is_no_error(ada_client, room, rung, committed):
    ada_client.post(f"/rooms/{room.pk}/leave/")
    with committed():
        assert ada_client.post(f"/rooms/{room.pk}/leave/").status_code == 302
    assert rung == []


def test_leaving_that_is_rolled_back_is_not_announced(ada, room, rung, committed):
    def leave_and_fail():
        with transaction.atomic():
            room.memberships.get(user=ada).leave()
            raise RuntimeError

    with committed(), pytest.raises(RuntimeError):
        leave_and_fail()
    assert room.memberships.filter(user=ada).exists()
    assert rung == []


def test_messages_of_who_left_stay(ada, ada_client, ben_client, room):
    message = make_message(room, ada)
    ada_client.post(f"/rooms/{room.pk}/leave/")
    assert page_of(ben_client.get(f"/rooms/{room.pk}/")).by_id(f"message-{message.pk}")


def test_who_comes_back_has_nothing_unread(ada, ben, ada_client, room):
    ada_client.post(f"/rooms/{room.pk}/leave/")
    message = make_message(room, ben)
    ada_client.get(f"/rooms/{room.pk}/")
    assert room.memberships.get(user=ada).last_read == message.pk


def test_private_chat_cannot_be_left(ada_client, private, rung, committed):
    with committed():
        assert ada_client.post(f"/rooms/{private.pk}/leave/").status_code == 404
    assert private.memberships.count() == 2
    assert rung == []


def test_private_chat_offers_no_way_to_leave(ada_client, room, private):
    def links(chat):
        return [link["href"] for link in page_of(ada_client.get(f"/rooms/{chat.pk}/")).all("a")]

    assert f"/rooms/{room.pk}/leave/" in links(room)
    assert f"/rooms/{private.pk}/leave/" not in links(private)


@pytest.mark.accessibility("A88")
@pytest.mark.parametrize(
    ("is_by_invitation", "consequence"),
    [(False, "You can come back by opening the room again."), (True, "You need an invitation to come back.")],
)
def test_leaving_is_confirmed_by_name(ada, ada_client, room, is_by_invitation, consequence):
    ChatRoom.objects.filter(pk=room.pk).update(is_by_invitation=is_by_invitation)
    page = page_of(ada_client.get(f"/rooms/{room.pk}/leave/"))
    assert room.name in page.text
    assert consequence in page.text
    assert f"/rooms/{room.pk}/" in [link["href"] for link in page.all("a")]
    assert room.memberships.filter(user=ada).exists()


def test_joined_by_finds_the_rooms_of_a_person(ada, mallory, room, private):
    make_private_room(mallory, make_user())
    model = type(room)
    assert set(model.objects.joined_by(ada)) == {room, private}


def test_visible_are_all_groups_and_the_own_private_chats(ada, mallory, room, private):
    foreign = make_private_room(mallory, make_user())
    model = type(room)
    assert set(model.objects.visible_to(ada)) == {room, private}
    assert set(model.objects.visible_to(mallory)) == {room, foreign}


def test_database_keeps_memberships_apart(ada, room):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_membership(room, ada)
    assert Membership.objects.filter(room=room, user=ada).count() == 1
