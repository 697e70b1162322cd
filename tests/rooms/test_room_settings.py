"""The page about a room: its head, who gets in, the archive, who may write, and its members."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config.rates import Rate
from rooms import moderation
from rooms.models import ChatRoom, Membership, Message, ModerationAct, NotAdmitted, TooSoon
from tests.support.factories import make_membership, make_message, make_room, make_user, make_users
from tests.support.responses import HTMX, page_of, texts

pytestmark = pytest.mark.django_db

OWNER, MODERATOR, MEMBER = Membership.Role.OWNER, Membership.Role.MODERATOR, Membership.Role.MEMBER


def change(client, room, **fields):
    given = {"name": room.name, "description": room.description}
    if room.is_by_invitation:
        given["is_by_invitation"] = "on"
    return client.post(f"/rooms/{room.pk}/edit/", {**given, **fields})


def acts_in(room):
    return list(room.moderation_acts.order_by("pk").values_list("actor__username", "act", "person__username"))


@pytest.fixture
def moderator(ben, room):
    """ben moderates the room that ada owns."""
    room.memberships.filter(user=ben).update(role=MODERATOR)
    return room.memberships.get(user=ben)


# The head of the room


def test_moderator_renames_and_describes(moderator, ben_client, room):
    response = change(ben_client, room, name="Pantry", description="What we lack")
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/about/")
    room.refresh_from_db()
    assert (room.name, room.description, room.canonical_name) == ("Pantry", "What we lack", "pantry")
    assert room.head_revision == room.revision == 1
    assert acts_in(room) == [("ben", "rename", None), ("ben", "describe", None)]


def test_old_address_stays_the_address(ada_client, room):
    address = room.get_absolute_url()
    change(ada_client, room, name="Pantry")
    assert "Pantry" in page_of(ada_client.get(address)).by_id("room-name").text


def test_saving_the_same_changes_nothing(ada_client, room, rung, committed):
    with committed():
        change(ada_client, room)
    room.refresh_from_db()
    assert (room.revision, acts_in(room), rung) == (0, [], [])


@pytest.mark.parametrize("name", ["", "  ", "general", "GENERAL", "\u202egeneral", "a\x00b", "…", "x" * 61])
def test_name_that_a_new_room_could_not_have_is_refused(ada_client, room, name):
    make_room("General")
    response = change(ada_client, room, name=name)
    assert response.status_code == 422
    room.refresh_from_db()
    assert room.name == "Kitchen"


def test_room_may_keep_its_name_in_other_letters(ada_client, room):
    assert change(ada_client, room, name="KITCHEN").status_code == 302


def test_name_that_was_taken_meanwhile_is_refused(ada_client, room, monkeypatch):
    make_room("General")
    monkeypatch.setattr("rooms.forms.canonical_room_name", lambda _name: "looks free")
    response = change(ada_client, room, name="General", description="typed")
    assert response.status_code == 422
    assert "A room with this name already exists." in response.content.decode()
    assert page_of(response).by_id("id_description")["value"] == "typed"


def test_other_fields_are_not_taken(ada, ada_client, room):
    change(ada_client, room, type="private", revision="99", archived_at="2020-01-01", low_user=ada.pk)
    room.refresh_from_db()
    assert (room.type, room.revision, room.archived_at, room.low_user) == ("group", 0, None, None)


def test_moderators_change_no_more_than_so_much(ada, ada_client, ben_client, room, limit):
    limit(moderation_per_user=Rate(2, 60))
    archive, end = (f"/rooms/{room.pk}/archive/{end}" for end in ("", "end/"))
    assert [ada_client.post(address).status_code for address in (archive, end)] == [302, 302]
    refused = ada_client.post(archive)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 30
    assert "You have done this too often. Wait" in refused.content.decode()
    room.refresh_from_db()
    assert not room.is_archived
    assert ada_client.get(f"/rooms/{room.pk}/edit/").status_code == 200
    # People who may not do it are not counted.
    assert [ben_client.post(archive).status_code for _time in range(3)] == [403] * 3


def test_members_change_nothing(ben_client, room):
    for address in ("edit/", "archive/", "archive/end/"):
        assert ben_client.post(f"/rooms/{room.pk}/{address}", {"name": "Mine"}).status_code == 403
    assert acts_in(room) == []


def test_new_room_by_invitation(ada, ada_client, mallory_client):
    response = ada_client.post("/rooms/", {"name": "Surprise", "is_by_invitation": "on"})
    assert ChatRoom.objects.get(name="Surprise").is_by_invitation
    assert mallory_client.get(response.url).status_code == 404


# By invitation


@pytest.fixture
def closed(room):
    moderation.update(room.memberships.get(role=OWNER), room.name, "", is_by_invitation=True)
    return ChatRoom.objects.get(pk=room.pk)


def test_members_of_a_room_that_is_closed_stay(ada_client, ben_client, closed):
    for client in (ada_client, ben_client):
        assert client.get(closed.get_absolute_url()).status_code == 200
        assert page_of(client.get("/")).by_id(f"room-{closed.pk}")
    assert acts_in(closed) == [("ada", "close", None)]


def test_outsider_finds_nothing_of_a_closed_room(ada, mallory, mallory_client, closed):
    message = make_message(closed, ada, "Behind the door @mallory")
    assert mallory_client.get(closed.get_absolute_url()).status_code == 404
    assert mallory_client.get(f"/messages/{message.pk}/").status_code == 404
    assert mallory_client.post(f"/messages/{message.pk}/unread/").status_code == 404
    lobby = mallory_client.get("/").content.decode()
    assert "Kitchen" not in lobby
    assert f"room-{closed.pk}" not in lobby
    assert message.mentioned == {}
    assert not closed.memberships.filter(user=mallory).exists()


def test_who_left_a_closed_room_stays_outside(ben, ben_client, closed):
    ben_client.post(f"/rooms/{closed.pk}/leave/")
    assert ben_client.get(closed.get_absolute_url()).status_code == 404
    assert f"room-{closed.pk}" not in ben_client.get("/").content.decode()


def test_room_that_is_opened_is_there_for_everybody(ada, mallory_client, closed):
    moderation.update(closed.memberships.get(user=ada), closed.name, "", is_by_invitation=False)
    assert mallory_client.get(closed.get_absolute_url()).status_code == 200
    assert [act for _who, act, _whom in acts_in(closed)] == ["close", "open"]


def test_visit_that_began_before_the_room_was_closed_joins_nothing(mallory, mallory_client, closed):
    seen_open = ChatRoom(pk=closed.pk, type="group", name="Kitchen")
    with pytest.raises(NotAdmitted):
        seen_open.join(mallory)
    assert not closed.memberships.filter(user=mallory).exists()


# The archive


def test_nobody_writes_in_an_archived_room(ada_client, ben_client, ben, room):
    assert ada_client.post(f"/rooms/{room.pk}/archive/").status_code == 302
    for headers in ({}, HTMX):
        response = ben_client.post(f"/rooms/{room.pk}/messages/", {"content": "Late"}, headers=headers)
        assert response.status_code == 422
        assert "This room is archived" in response.content.decode()
        assert "Late" in response.content.decode() or headers
    assert not Message.objects.exists()
    page = page_of(ben_client.get(room.get_absolute_url()))
    assert "This room is archived" in page.by_id("archived").text


def test_archived_room_can_be_read_and_taken_out_again(ada, ada_client, ben_client, room):
    message = make_message(room, ada, "Still here")
    ada_client.post(f"/rooms/{room.pk}/archive/")
    assert page_of(ben_client.get(room.get_absolute_url())).by_id(f"message-{message.pk}")
    ada_client.post(f"/rooms/{room.pk}/archive/end/")
    assert ben_client.post(f"/rooms/{room.pk}/messages/", {"content": "Back"}).status_code == 302
    assert page_of(ben_client.get(room.get_absolute_url())).by_id("archived").text.strip() == ""
    assert [act for _who, act, _whom in acts_in(room)] == ["archive", "unarchive"]


def test_message_that_was_saved_before_is_returned_though_the_room_is_archived(ada, room):
    message = make_message(room, ada, "Once")
    moderation.archive(room.memberships.get(user=ada))
    assert make_message(room, ada, "Once", message.token) == message


def test_archiving_twice_is_one_act(ada_client, room):
    for _time in range(2):
        ada_client.post(f"/rooms/{room.pk}/archive/")
    assert acts_in(room) == [("ada", "archive", None)]


def test_archived_rooms_stand_after_the_others_that_one_is_in(ada, ben, ada_client, room):
    make_message(room, ada, "The latest")
    empty = make_room("Empty", members=[ada])
    moderation.archive(room.memberships.get(user=ada))
    lines = [item["id"] for item in page_of(ada_client.get("/")).all("li", "chat")]
    assert lines == [f"room-{empty.pk}", f"room-{room.pk}", f"person-{ben.pk}"]


# People who may write


@pytest.fixture
def rules(room):
    """Set rules of the room, as its owner does."""

    def rules(**fields):
        moderation.update(room.memberships.get(role=OWNER), room.name, "", **fields)
        room.refresh_from_db()

    return rules


def post(client, room, content="Hello", headers=None, **fields):
    fields = {"content": content, **fields}
    return client.post(f"/rooms/{room.pk}/messages/", fields, headers=headers or {})


def test_only_moderators_write_where_the_room_says_so(ada_client, ben, ben_client, room):
    message = make_message(room, ben, "From before")
    assert change(ada_client, room, posting="moderators").status_code == 302
    assert acts_in(room) == [("ada", "posting", None)]
    for headers in ({}, HTMX):
        response = post(ben_client, room, "Me too", headers=headers)
        assert response.status_code == 403
        assert "Only moderators can write here." in response.content.decode()
        assert "Me too" in response.content.decode() or headers
    edited = ben_client.post(f"/messages/{message.pk}/edit/", {"content": "And now", "since": 0})
    assert edited.status_code == 409
    assert "Only moderators can write here." in edited.content.decode()
    assert post(ada_client, room).status_code == 302
    # What somebody wrote is theirs to delete.
    assert ben_client.post(f"/messages/{message.pk}/delete/").status_code == 302
    page = page_of(ben_client.get(room.get_absolute_url()))
    assert "Only moderators can write here." in page.by_id("archived").text
    assert page.by_id("standing")["value"] == "member"
    assert page_of(ada_client.get(room.get_absolute_url())).by_id("standing")["value"] == "moderator"


def test_nobody_writes_where_the_room_says_so(ada_client, ben_client, room, rules):
    rules(posting="nobody")
    assert [post(client, room).status_code for client in (ada_client, ben_client)] == [403, 403]
    assert not Message.objects.exists()
    rules(posting="everybody")
    assert [post(client, room).status_code for client in (ada_client, ben_client)] == [302, 302]


def test_others_reply_where_the_room_says_so(ada, ada_client, ben_client, room, rules):
    question = make_message(room, ada, "Any questions?")
    rules(posting="replies")
    page = page_of(ben_client.get(room.get_absolute_url()))
    assert "You can reply to their messages." in page.by_id("archived").text
    assert post(ben_client, room, "Announcing").status_code == 403
    assert post(ben_client, room, "When?", reply=question.pk).status_code == 302
    assert ben_client.post(f"/rooms/{room.pk}/typing/").status_code == 204
    reply = Message.objects.get(content="When?")
    edited = ben_client.post(f"/messages/{reply.pk}/edit/", {"content": "Where?", "since": 0})
    assert edited.status_code == 302
    rules(posting="moderators")
    assert post(ben_client, room, "Why?", reply=question.pk).status_code == 403


def test_new_moderator_writes_at_once_and_a_demoted_one_no_more(ada, ben, ben_client, room, rules):
    rules(posting="moderators")
    statuses = []
    for role in (MODERATOR, MEMBER):
        moderation.set_role(room.memberships.get(user=ada), ben, role)
        statuses.append(post(ben_client, room).status_code)
    assert statuses == [302, 403]


@pytest.mark.parametrize(("posting", "statuses"), [("moderators", [204, 403]), ("nobody", [403, 403])])
def test_who_may_not_write_does_not_type(posting, statuses, ada_client, ben_client, room, rules, rung):
    rules(posting=posting)
    rung.clear()
    address = f"/rooms/{room.pk}/typing/"
    assert [client.post(address).status_code for client in (ada_client, ben_client)] == statuses
    assert len(rung) == statuses.count(204)


def test_slow_mode_says_how_long_to_wait(ada_client, ben_client, room):
    assert change(ada_client, room, slow_seconds="30").status_code == 302
    assert acts_in(room) == [("ada", "slow", None)]
    assert post(ben_client, room, "First").status_code == 302
    response = post(ben_client, room, "Second")
    assert response.status_code == 429
    assert int(response["Retry-After"]) in (29, 30)
    page = page_of(response)
    assert re.search(r"Slow mode: wait (29|30) seconds, then send it again\.", page.by_id("notice").text)
    assert "one message every 30 seconds" in page.by_id("slow-mode").text
    assert page.by_id("content").text.strip() == "Second"
    # Others have waits of their own, and moderators none.
    assert [post(ada_client, room).status_code for _time in range(2)] == [302, 302]
    change(ada_client, room, slow_seconds="0")
    assert post(ben_client, room, "Second").status_code == 302


def test_leaving_does_not_shorten_the_wait(ben, ben_client, room, rules):
    rules(slow_seconds=3600)
    assert post(ben_client, room).status_code == 302
    room.memberships.get(user=ben).leave()
    room.join(ben)
    assert post(ben_client, room).status_code == 429


def test_message_that_was_saved_is_returned_in_slow_mode_and_costs_no_wait(ben, room, rules):
    rules(slow_seconds=60)
    message = make_message(room, ben, "Once")
    assert make_message(room, ben, "Once", message.token) == message
    with pytest.raises(TooSoon):
        make_message(room, ben, "Twice")


def test_page_from_before_there_were_rules_leaves_them(ada_client, room, rules):
    rules(posting="moderators", slow_seconds=10)
    change(ada_client, room, name="Pantry")
    room.refresh_from_db()
    assert (room.name, room.posting, room.slow_seconds) == ("Pantry", "moderators", 10)


@pytest.mark.parametrize("fields", [{"posting": "everyone"}, {"slow_seconds": "7"}, {"slow_seconds": "x"}])
def test_rule_that_is_none_is_refused(fields, ada_client, room):
    assert change(ada_client, room, **fields).status_code == 422
    assert acts_in(room) == []


# Members


def test_page_about_a_room_lists_who_is_there_by_rank(ada_client, moderator, room):
    make_membership(room, make_user("aaron"))
    page = page_of(ada_client.get(f"/rooms/{room.pk}/about/"))
    rows = [[" ".join(cell.text.split()) for cell in row.children] for row in page.all("tr")[1:]]
    assert rows == [["ada", "Owner", ""], ["ben", "Moderator", "Change"], ["aaron", "Member", "Change"]]


def test_members_are_offered_no_more_than_to_leave(ben_client, room):
    [main] = page_of(ben_client.get(f"/rooms/{room.pk}/about/")).all("main")
    assert main.all("form") == []
    profiles = [f"/people/{name}/profile/" for name in ("ada", "ben")]
    assert [link["href"] for link in main.all("a")] == [
        f"/rooms/{room.pk}/",
        f"/rooms/{room.pk}/files/",
        *profiles,
        f"/rooms/{room.pk}/leave/",
    ]


def test_page_about_a_room_costs_the_same_for_200_members(ada_client, room):
    address, counts = f"/rooms/{room.pk}/about/", []
    ada_client.get(address)
    for amount in (2, 198):
        Membership.objects.bulk_create(Membership(room=room, user=person) for person in make_users(amount))
        with CaptureQueriesContext(connection) as queries:
            page = page_of(ada_client.get(address))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
    assert "202 members" in texts(page.all("main")[0], "card") or "202 members" in page.text
    assert len(page.all("tr")) == 51
    assert len(page_of(ada_client.get(f"{address}?page=4")).all("tr")) == 3


def act(client, room, user, what, **fields):
    return client.post(f"/rooms/{room.pk}/members/{user.pk}/{what}/", fields)


def test_owner_makes_moderators_and_owners(ada_client, ben, room):
    for role in (MODERATOR, OWNER, MEMBER):
        assert act(ada_client, room, ben, "role", role=role).status_code == 302
        assert room.memberships.get(user=ben).role == role
    assert acts_in(room) == [("ada", role, "ben") for role in ("moderator", "owner", "member")]


def test_moderator_makes_moderators_but_no_owners(moderator, ben_client, room):
    cleo = make_membership(room, make_user("cleo")).user
    assert act(ben_client, room, cleo, "role", role=OWNER).status_code == 422
    assert act(ben_client, room, cleo, "role", role=MODERATOR).status_code == 302
    assert room.memberships.get(user=cleo).role == MODERATOR


@pytest.mark.parametrize("what", ["role", "remove"])
def test_nobody_acts_on_an_owner_but_an_owner(what, ada, moderator, ben_client, room):
    assert act(ben_client, room, ada, what, role=MEMBER).status_code == 403
    assert room.memberships.get(user=ada).role == OWNER


@pytest.mark.parametrize("what", ["role", "remove"])
def test_nobody_acts_on_themselves(what, ada, ada_client, room):
    assert act(ada_client, room, ada, what, role=MEMBER).status_code == 403
    assert room.memberships.get(user=ada).role == OWNER


@pytest.mark.parametrize("what", ["role", "remove"])
def test_nobody_acts_on_who_is_not_there(what, mallory, ada_client, room):
    assert act(ada_client, room, mallory, what, role=MEMBER).status_code == 404
    assert act(ada_client, room, make_user("x" * 9), what, role=MEMBER).status_code == 404


def test_demoted_moderator_does_nothing_more(ada, ben, moderator, ben_client, room):
    """Also not with what was looked up before."""
    moderation.set_role(room.memberships.get(user=ada), ben, MEMBER)
    assert change(ben_client, room, name="Mine").status_code == 403
    for verb in (
        lambda: moderation.archive(moderator),
        lambda: moderation.update(moderator, "Mine", "", is_by_invitation=False),
        lambda: moderation.add(moderator, make_user()),
    ):
        with pytest.raises(PermissionDenied):
            verb()


def test_removed_member_is_gone_with_the_reason_in_the_log(ada_client, ben, room, rung, committed):
    with committed():
        assert act(ada_client, room, ben, "remove", reason="Moved out").status_code == 302
    assert not room.memberships.filter(user=ben).exists()
    entry = room.moderation_acts.get()
    assert (entry.act, entry.person, entry.reason) == ("remove", ben, "Moved out")
    assert rung == [("act", {"act": entry.pk, "room": room.pk, "person": ben.pk})]


def test_reason_that_is_refused_stays_in_the_form(ada_client, ben, room):
    response = act(ada_client, room, ben, "remove", reason="x" * 201)
    assert response.status_code == 422
    assert "x" * 201 in response.content.decode()
    assert room.memberships.filter(user=ben).exists()
    assert act(ada_client, room, ben, "remove", reason="a\x00b").status_code == 422


# Private chats


def test_nothing_of_a_room_of_many_is_there_for_private_chats(ada_client, ben, private):
    for address in ("about", "edit", "log", f"members/{ben.pk}"):
        assert ada_client.get(f"/rooms/{private.pk}/{address}/").status_code == 404
    posts = ["leave", "edit", "archive", "archive/end", f"members/{ben.pk}/role", f"members/{ben.pk}/remove"]
    for address in posts:
        fields = {"name": "Group", "role": OWNER}
        assert ada_client.post(f"/rooms/{private.pk}/{address}/", fields).status_code == 404
    assert private.memberships.count() == 2


def test_private_chat_cannot_be_widened_or_moderated(ada, ben, mallory, private):
    for role in Membership.Role:
        private.memberships.update(role=role)
        mine = private.memberships.get(user=ada)
        for verb in (
            lambda mine=mine: moderation.add(mine, mallory),
            lambda mine=mine: moderation.remove(mine, ben),
            lambda mine=mine: moderation.set_role(mine, ben, MEMBER),
            lambda mine=mine: moderation.archive(mine),
            lambda mine=mine: moderation.update(mine, "Group", "", is_by_invitation=False),
        ):
            with pytest.raises(PermissionDenied):
                verb()
    for is_invited in (False, True):
        with pytest.raises(NotAdmitted):
            private.join(mallory, is_invited=is_invited)
    assert set(private.participants.all()) == {ada, ben}
    assert not ModerationAct.objects.exists()


@pytest.mark.parametrize(
    "values",
    [{"description": "x"}, {"is_by_invitation": True}, {"archived_at": "2026-01-01T00:00Z"}, {"name": "x"}],
)
def test_database_keeps_private_chats_as_they_are(private, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        ChatRoom.objects.filter(pk=private.pk).update(**values)


def test_ambiguous_names_have_rooms_of_their_own(client):
    """Rooms are found by ids: no name of a person or a group leads into the chat of others."""
    one, other, third, fourth = (make_user(name) for name in ("a_b", "c", "a", "b_c"))
    first, second = (ChatRoom.objects.private_between(*pair) for pair in ((one, other), (third, fourth)))
    assert first != second
    for name in ("private_a_b_c", "a_b_c", "a_b", f"direct message {first.pk}", f"room-{first.pk}"):
        group = ChatRoom.objects.create_group(name, third)
        assert group not in (first, second)
    assert set(first.participants.all()) == {one, other}
    client.force_login(third)
    assert client.get(first.get_absolute_url()).status_code == 404
    assert client.get(second.get_absolute_url()).status_code == 200
