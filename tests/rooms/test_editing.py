"""Messages that are edited, with their versions, and messages that are deleted, with what stays."""

import uuid

import pytest
from django.urls import reverse

from config.rates import Rate
from rooms.models import ChangeRefused, ChatRoom, Mention, Message, MessageVersion
from rooms.unread import unread_of
from tests.support.factories import make_message
from tests.support.responses import HTMX, page_of, texts

pytestmark = pytest.mark.django_db


def address(what, message):
    return reverse(f"rooms:message_{what}", args=[message.pk])


def edit(client, message, content, since=None):
    since = message.edits if since is None else since
    return client.post(address("update", message), {"content": content, "since": since})


# Editing


def test_author_edits_and_is_led_back_to_the_message(ada_client, ada, room, rung, committed):
    message = make_message(room, ada, "Helo")
    with committed():
        response = edit(ada_client, message, "Hello")
    assert response.status_code == 302
    assert response.url == f"/rooms/{room.pk}/?message={message.pk}"
    message.refresh_from_db()
    assert (message.content, message.position, message.revision) == ("Hello", 1, 2)
    assert ("room", {"room": room.pk}) in rung


def test_versions_are_shown_to_everybody_of_the_room(ben_client, ada, room, clock):
    message = make_message(room, ada, "First <b>")
    written = message.timestamp
    for text in ("Second", "Third"):
        clock.shift(60)
        message.edit(text)
    assert list(message.versions.values_list("content", flat=True)) == ["Second", "First <b>"]
    assert message.versions.last().written_at == written
    page = page_of(ben_client.get(address("detail", message)))
    assert texts(page, "content") == ["Third", "Second", "First <b>"]
    assert "Edited 2 times" in page.text


def test_form_begins_with_the_text_and_leads_back(ada_client, ada, room):
    message = make_message(room, ada, "<Hello>")
    page = page_of(ada_client.get(address("update", message)))
    assert page.by_id("new-content").text.strip() == "<Hello>"
    assert page.by_id("cancel")["href"] == f"/rooms/{room.pk}/?message={message.pk}"


@pytest.mark.parametrize("content", ["", "  ", "x" * 4001, "a\x00b"])
def test_what_is_no_message_is_refused_with_the_text_kept(ada_client, ada, room, rung, committed, content):
    message = make_message(room, ada, "Hello")
    with committed():
        response = edit(ada_client, message, content)
    assert response.status_code == 422
    if "\x00" not in content:
        assert page_of(response).by_id("new-content").text.strip() == content.strip()
    message.refresh_from_db()
    assert (message.content, message.edited_at) == ("Hello", None)
    assert rung == []


def test_what_else_is_drawn_anew_is_no_edit(ada_client, ada, room):
    message = make_message(room, ada, "Hello")
    form = page_of(ada_client.get(address("update", message)))
    since = next(field["value"] for field in form.all("input") if field.get("name") == "since")
    room.messages.filter(pk=message.pk).update(revision=room.next_revision())
    shown = page_of(ada_client.get(room.get_absolute_url())).by_id(f"message-{message.pk}")
    assert "edited" not in shown.text
    assert edit(ada_client, message, "Hello there", since).status_code == 302
    assert edit(ada_client, message, "Hello again", since).status_code == 409


@pytest.mark.parametrize("since", ["", "x", "-1", str(2**70)])
def test_form_without_a_number_is_refused(ada_client, ada, room, since):
    message = make_message(room, ada, "Hello")
    assert edit(ada_client, message, "Changed", since).status_code == 422
    message.refresh_from_db()
    assert message.content == "Hello"


def test_second_of_two_tabs_is_told_of_the_newer_text(ada_client, ada, room):
    message = make_message(room, ada, "Hello")
    edit(ada_client, message, "From one tab")
    response = edit(ada_client, message, "From the <other>", since=0)
    page = page_of(response)
    assert response.status_code == 409
    assert page.by_id("new-content").text.strip() == "From the <other>"
    assert "changed since you opened it" in page.by_id("id_content_error").text
    assert texts(page, "content") == ["From one tab"]
    message.refresh_from_db()
    assert message.content == "From one tab"
    since = next(field["value"] for field in page.all("input") if field.get("name") == "since")
    assert edit(ada_client, message, "From the <other>", since).status_code == 302
    message.refresh_from_db()
    assert message.content == "From the <other>"
    assert [version.content for version in message.versions.all()] == ["From one tab", "Hello"]


def test_same_form_sent_twice_is_one_edit(ada_client, ada, room):
    message = make_message(room, ada, "Hello")
    assert [edit(ada_client, message, "Changed").status_code for _ in range(2)] == [302, 302]
    assert MessageVersion.objects.count() == 1


def test_text_that_is_the_same_is_no_edit(ada_client, ada, room, rung, committed):
    message = make_message(room, ada, "Hello")
    with committed():
        assert edit(ada_client, message, " Hello ").status_code == 302
    message.refresh_from_db()
    assert (message.edited_at, message.revision) == (None, message.position)
    assert rung == []


def test_mentions_follow_the_text(ada, ben, room):
    message = make_message(room, ada, "Hello")
    message.edit(f"Hello @{ben.username}")
    assert Mention.objects.get().user == ben
    assert unread_of(ben, room).mentions == 1
    message.edit("Hello")
    assert not Mention.objects.exists()


def test_nobody_else_edits(ben_client, mallory_client, ada, room, private):
    for place in (room, private):
        message = make_message(place, ada, "Hello")
        for client in (ben_client, mallory_client):
            assert client.get(address("update", message)).status_code == 404
            assert edit(client, message, "Changed").status_code == 404
        message.refresh_from_db()
        assert message.content == "Hello"


def test_who_has_left_edits_and_deletes_no_more(ada_client, ada, room):
    message = make_message(room, ada, "Hello")
    room.memberships.get(user=ada).leave()
    assert edit(ada_client, message, "Changed").status_code == 404
    assert ada_client.post(address("delete", message)).status_code == 404


@pytest.mark.parametrize("what", ["edit", "delete"])
def test_who_is_removed_while_it_is_being_saved_changes_nothing(ada_client, ada, room, meanwhile, what):
    message = make_message(room, ada, "First")
    meanwhile(lambda: room.memberships.filter(user=ada).delete())
    fields = {"content": "Second", "since": message.edits}
    assert ada_client.post(f"/messages/{message.pk}/{what}/", fields).status_code == 404
    message.refresh_from_db()
    assert (message.content, message.deleted_at) == ("First", None)


def test_too_many_edits_are_refused_with_the_text_kept(ada_client, ada, room, limit, clock):
    limit(edit_per_user=Rate(1, 60))
    message = make_message(room, ada, "Hello")
    edit(ada_client, message, "One")
    message.refresh_from_db()
    response = edit(ada_client, message, "Two")
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert page_of(response).by_id("new-content").text.strip() == "Two"


def test_versions_of_a_message_are_not_without_end(ada, room):
    message = make_message(room, ada, "0")
    for number in range(MessageVersion.LIMIT):
        message.edit(str(number + 1))
    with pytest.raises(ChangeRefused):
        message.edit("One more")
    message.refresh_from_db()
    assert message.content == str(MessageVersion.LIMIT)


def test_retry_of_a_post_finds_the_message_that_was_edited_since(ada, room):
    token = uuid.uuid4()
    message = room.post_message(ada, "Hello", token)
    message.edit("Changed")
    assert room.post_message(ada, "Hello", token) == message
    assert Message.objects.get().content == "Changed"


@pytest.mark.usefixtures("contexts")
def test_preview_shows_the_new_text(ben_client, ada, room):
    message = make_message(room, ada, "Hello")
    before = ben_client.get("/").context["chats_digest"]
    message.edit("Good morning")
    lobby = ben_client.get("/")
    assert "Good morning" in texts(page_of(lobby), "chat-text")[0]
    assert lobby.context["chats_digest"] != before


# Deleting


def test_deleting_asks_first_and_names_the_message(ada_client, ada, room):
    message = make_message(room, ada, "Oh <no>")
    page = page_of(ada_client.get(address("delete", message)))
    assert page.by_id("message").text == "Oh <no>"
    message.refresh_from_db()
    assert not message.is_deleted


def test_nothing_of_the_text_is_left(ada_client, ben_client, ada, ben, room, rung, committed):
    message = make_message(room, ada, f"Secret one @{ben.username}")
    message.edit(f"Secret two @{ben.username}")
    with committed():
        response = ada_client.post(address("delete", message))
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/?message={message.pk}")
    assert ("room", {"room": room.pk}) in rung
    message.refresh_from_db()
    assert (message.content, message.mentioned, message.edited_at) == ("", {}, None)
    assert (message.position, message.revision) == (1, 3)
    assert not MessageVersion.objects.exists()
    assert not Mention.objects.exists()
    for client in (ada_client, ben_client):
        for url in ("/", room.get_absolute_url(), address("detail", message)):
            html = client.get(url).content.decode()
            assert "Secret" not in html
            assert "This message was deleted." in html


def test_place_and_read_state_hold(ben_client, ada, ben, room):
    first, second, third = (make_message(room, ada, text) for text in ("One", "Two", "Three"))
    assert unread_of(ben, room).count == 3
    second.erase()
    assert unread_of(ben, room).count == 2
    room.memberships.get(user=ben).mark_read(second.pk)
    assert unread_of(ben, room).count == 1
    page = page_of(ben_client.get(room.get_absolute_url()))
    rows = [row["id"] for row in page.all("li", css_class="message")]
    assert rows == [f"message-{message.pk}" for message in (first, second, third)]
    assert texts(page, "tombstone") == ["This message was deleted."]


def test_what_was_deleted_is_not_unread(ben_client, ada, ben, room):
    first = make_message(room, ada, "One")
    first.erase()
    assert unread_of(ben, room).count == 0
    assert page_of(ben_client.get(room.get_absolute_url())).by_id("unread") is None


def test_deleting_twice_changes_nothing_more(ada_client, ada, room):
    message = make_message(room, ada)
    assert [ada_client.post(address("delete", message)).status_code for _ in range(2)] == [302, 302]
    message.refresh_from_db()
    assert message.revision == 2
    assert ada_client.get(address("delete", message)).status_code == 302
    assert ada_client.get(address("update", message)).status_code == 302


def test_deleted_message_cannot_be_edited_and_the_text_is_kept(ada_client, ada, room):
    message = make_message(room, ada, "Hello")
    since = message.edits
    message.erase()
    response = edit(ada_client, message, "Back again", since)
    assert response.status_code == 409
    assert page_of(response).by_id("new-content").text.strip() == "Back again"
    assert "This message has been deleted since you opened it." in response.content.decode()
    message.refresh_from_db()
    assert (message.content, message.edited_at) == ("", None)


@pytest.mark.parametrize("content", ["Hello", "Something else"])
def test_same_form_does_not_bring_a_deleted_message_back(ada_client, ada, room, content):
    fields = {"content": content, "token": str(uuid.uuid4())}
    post = reverse("rooms:message_create", args=[room.pk])
    ada_client.post(post, fields)
    Message.objects.get().erase()
    response = ada_client.post(post, fields, headers=HTMX)
    assert response.status_code == 409
    assert Message.objects.get().content == ""


def test_nobody_else_deletes(ben_client, mallory_client, ada, room, private):
    for place in (room, private):
        message = make_message(place, ada, "Hello")
        for client in (ben_client, mallory_client):
            assert client.get(address("delete", message)).status_code == 404
            assert client.post(address("delete", message)).status_code == 404
        message.refresh_from_db()
        assert not message.is_deleted


def test_private_chat_is_not_told_in_the_lobby(mallory_client, ada, private):
    make_message(private, ada, "Secret").erase()
    assert "deleted" not in mallory_client.get("/").content.decode()


def test_room_keeps_its_last_message(ada, room):
    message = make_message(room, ada)
    message.erase()
    assert ChatRoom.objects.get(pk=room.pk).last_message == message
