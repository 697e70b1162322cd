"""Answers to a message: the relation, its quote, and what becomes of both."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rooms import replies
from rooms.ids import room_channel
from rooms.live.wire.channels import RoomStorage
from rooms.live.wire.formats import EVENTS, Document
from rooms.models import Mention, Message, TokenReused
from rooms.unread import Unread, unread_of
from tests.rooms.test_notifications import Listeners
from tests.support.factories import make_message, make_messages, make_private_room, make_user
from tests.support.responses import HTMX, page_of, texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(room, ada):
    return make_message(room, ada, "Shall we?\nTomorrow")


def post(client, room, content, reply, token=None, **options):
    fields = {"content": content, "reply": reply, "token": token or uuid.uuid4()}
    return client.post(f"/rooms/{room.pk}/messages/", fields, **options)


def said_of(room):
    """Return what the newest page of the room says of the last message."""
    return room.messages.order_by("-pk").first()


def test_reply_is_said_with_its_author_and_a_line_and_leads_there(ben_client, room, asked):
    answer = page_of(post(ben_client, room, "Yes", asked.pk, headers=HTMX))
    [quote] = answer.all(css_class="quote")
    assert " ".join(answer.by_id(f"message-{said_of(room).pk}").text.split()).startswith(
        "B ben replies to ada: Shall we? Tomorrow Yes"
    )
    assert quote["data-sender"] == str(asked.sender_id)
    assert quote.all("a")[0]["href"] == asked.get_absolute_url()
    assert [span["data-quote"] for span in quote.all("span") if span.get("data-quote")] == [str(asked.pk)]


def test_link_to_reply_opens_the_room_with_the_message_in_the_composer(ben_client, room, asked):
    for headers in ({}, HTMX):
        page = page_of(ben_client.get(f"/rooms/{room.pk}/?reply={asked.pk}", headers=headers))
        [field] = [field for field in page.all("input") if field.get("name") == "reply"]
        assert field["value"] == str(asked.pk)
        assert page.by_id("cancel-reply")["href"] == room.get_absolute_url()
        assert "Shall we?" in texts(page, "quote")[-1]


def test_refused_reply_keeps_what_it_answers(ben_client, room, asked):
    page = page_of(post(ben_client, room, "", asked.pk))
    assert [field["value"] for field in page.all("input") if field.get("name") == "reply"] == [str(asked.pk)]


@pytest.mark.parametrize("reply", ["{other}", "999999", "-1", "x", str(10**30)])
def test_nothing_of_another_room_is_answered_or_quoted(ben, ben_client, ada, room, asked, reply):
    secret = make_message(make_private_room(ada, make_user("mallory")), ada, "Secret")
    number = reply.format(other=secret.pk)
    response = post(ben_client, room, "Yes", number)
    assert response.status_code == 422
    assert "Secret" not in response.content.decode()
    assert "Secret" not in ben_client.get(f"/rooms/{room.pk}/?reply={number}").content.decode()
    assert said_of(room) == asked


def test_token_is_for_a_message_with_what_it_answers(ben, room, asked):
    token, other = uuid.uuid4(), make_message(room, ben)
    reply = room.post_message(ben, "Yes", token, asked)
    assert room.post_message(ben, "Yes", token, asked) == reply
    for wrong in (None, other):
        with pytest.raises(TokenReused):
            room.post_message(ben, "Yes", token, wrong)
    rest = room.post_message(ben, "Yes\nAnd more", token, asked)
    assert (rest.content, rest.reply_to) == ("And more", None)


def frame_of(room, revision, form=EVENTS):
    [change] = RoomStorage().get_changes(room_channel(room.pk), {revision}, for_documents={revision}).values()
    return form.changes(change)


def frame(room, revision, form=EVENTS):
    return frame_of(room, revision, form).decode()


def test_change_of_what_is_answered_is_told_to_all_its_quotes(ben, room, asked):
    reply = room.post_message(ben, "Yes", uuid.uuid4(), asked)
    before = Message.objects.get(pk=reply.pk).revision
    asked.edit("Shall they?")
    changed = frame(room, before)
    assert f"[data-quote='{asked.pk}']" in changed
    assert changed.count("Shall they?") == 2
    asked.erase()
    assert "Shall" not in frame(room, before)
    assert f'[data-quote="{asked.pk}"]' in frame(room, before, Document("en", "UTC"))
    assert Message.objects.get(pk=reply.pk).revision == before
    unanswered = make_message(room, ben)
    unanswered.edit("Somebody may be answering this")
    assert f"[data-quote='{unanswered.pk}']" in frame(room, unanswered.position)


def test_page_that_was_away_too_long_gets_all_quotes_anew(ada, ben, room, asked, settings):
    """What it had loaded further up goes with what it is not told of."""
    settings.HISTORY_PAGE_SIZE = 2
    room.post_message(ben, "Yes", uuid.uuid4(), asked)
    asked.edit("Shall they?")
    room.post_message(ben, "No", uuid.uuid4(), asked)
    make_messages(room, ada, settings.REPLAY_LIMIT)
    told = frame(room, 1)
    assert 'hx-target="#conversation" hx-swap="innerHTML"' in told
    assert "[data-quote=" not in told
    assert frame_of(room, 1, Document("en", "UTC")) is None


def test_page_shows_the_quote_as_it_is_now(ben, ben_client, room, asked):
    room.post_message(ben, "Yes", uuid.uuid4(), asked)
    for change, words in ((lambda: asked.edit("Shall they?"), "Shall they?"), (asked.erase, "was deleted")):
        change()
        [quote] = texts(page_of(ben_client.get(room.get_absolute_url())), "quote")
        assert words in quote


def test_deleted_reply_answers_nothing(ben, room, asked):
    reply = room.post_message(ben, "Yes", uuid.uuid4(), asked)
    reply.erase()
    assert Message.objects.get(pk=reply.pk).reply_to is None


def test_reply_counts_as_a_mention_of_the_author_who_is_here_and_wants_it(ada, ben, room, asked):
    mention = Unread(count=1, mentions=1)
    reply = room.post_message(ben, "Yes", uuid.uuid4(), asked)
    assert unread_of(ada, room) == mention
    reply.edit("Yes, @ada")
    reply.edit("Yes!")
    assert unread_of(ada, room) == mention
    room.post_message(ben, "As I said", uuid.uuid4(), reply)
    assert unread_of(ben, room).mentions == 0
    reply.erase()
    assert unread_of(ada, room) == Unread(count=1)
    ada.change_settings(replies_mention=False)
    room.post_message(ben, "Yes, really", uuid.uuid4(), asked)
    assert unread_of(ada, room) == Unread(count=2)
    ada.change_settings(replies_mention=True)
    room.memberships.filter(user=ada).delete()
    room.post_message(ben, "Where are you?", uuid.uuid4(), asked)
    assert not Mention.objects.filter(user=ada).exists()


def test_whoever_wants_mentions_is_notified_of_replies(ada, ben, room, asked):
    room.memberships.filter(user=ada).update(notify="mentions")
    listeners = Listeners(room, ada)
    room.post_message(ben, "Yes", uuid.uuid4(), asked)
    room.post_message(ben, "By the way", uuid.uuid4())
    assert listeners.tell(rooms={room.pk}) == [(f"user-{ada.pk}", "ben: Yes")]
    ada.block(ben)
    room.post_message(ben, "Yes!", uuid.uuid4(), asked)
    assert listeners.tell(rooms={room.pk}) == []


def test_only_replies_cost_more_to_post(ben, room, asked):
    def statements(reply_to):
        with CaptureQueriesContext(connection) as found:
            room.post_message(ben, "Yes", uuid.uuid4(), reply_to)
        return len(found)

    statements(None)
    assert statements(asked) == statements(None) + 3


def test_page_of_replies_shows_what_followed_in_order(ada, ben, ben_client, room, asked):
    first = room.post_message(ben, "Yes", uuid.uuid4(), asked)
    make_message(room, ada, "By the way")
    room.post_message(ada, "Why?", uuid.uuid4(), first)
    room.post_message(ada, "When?", uuid.uuid4(), asked)
    page = page_of(ben_client.get(f"/messages/{asked.pk}/replies/"))
    assert [text.split()[-1] for text in texts(page, "content")] == ["Tomorrow", "Yes", "Why?", "When?"]
    assert "3 replies" in page_of(ben_client.get(f"/messages/{asked.pk}/")).text
    assert "1 reply" in page_of(ben_client.get(f"/messages/{first.pk}/")).text
    first.erase()  # with what came of it
    assert texts(page_of(ben_client.get(f"/messages/{asked.pk}/replies/")), "content")[1:] == ["When?"]
    assert unread_of(ben, room).count == 4  # looking has read nothing


def test_reply_from_its_page_is_posted_once_and_leads_back_there(ben_client, room, asked, ada):
    for number in range(21):
        room.post_message(ada, f"{number}", uuid.uuid4(), asked)
    url, fields = f"/messages/{asked.pk}/replies/", {"content": "Yes", "token": uuid.uuid4()}
    answers = [ben_client.post(url, fields) for _twice in range(2)]
    reply = said_of(room)
    assert (reply.content, reply.reply_to) == ("Yes", asked)
    second = room.messages.order_by("pk")[2]
    assert {answer.url for answer in answers} == {f"{url}?after={second.pk}#message-{reply.pk}"}
    assert texts(page_of(ben_client.get(answers[0].url)), "content")[1:] == [*map(str, range(2, 21)), "Yes"]
    newer = f"?after={room.messages.order_by('pk')[20].pk}"
    assert newer in [link["href"] for link in page_of(ben_client.get(url)).all("a")]


def test_refused_reply_stays_on_its_page(ben_client, ben, room, asked):
    url, token = f"/messages/{asked.pk}/replies/", uuid.uuid4()
    room.post_message(ben, "Before", token)
    refused = ben_client.post(url, {"content": "Yes", "token": token})
    assert (refused.status_code, "already sent" in refused.content.decode()) == (409, True)
    assert page_of(refused).by_id("token")["value"] != str(token)
    preview = page_of(ben_client.post(url, {"content": "**Yes**", "token": token, "preview": "1"}))
    assert "Yes" in preview.by_id("preview").text
    assert said_of(room).content == "Before"


def test_reply_from_its_page_may_have_files(ben_client, room, asked, settings, folder_of_files):
    url = f"/messages/{asked.pk}/replies/"
    assert ben_client.get(url).status_code == 200
    files = [SimpleUploadedFile("empty.txt", b""), SimpleUploadedFile("notes.txt", b"Milk")]
    fields = {"content": "", "token": uuid.uuid4(), "file": files}
    refused = ben_client.post(url, fields)
    assert (refused.status_code, "“empty.txt”: this file is empty." in refused.content.decode()) == (
        422,
        True,
    )
    answer = ben_client.post(url, {**fields, "file": SimpleUploadedFile("notes.txt", b"Milk")})
    reply = said_of(room)
    assert answer.url == f"{url}#message-{reply.pk}"
    assert ([file.name for file in reply.files], reply.reply_to) == (["notes.txt"], asked)
    settings.FILES_PER_MESSAGE = 0
    assert "multipart" not in ben_client.get(url).content.decode()


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30, str(2**62)])
def test_page_of_replies_is_there_whatever_the_address_says(ben_client, room, asked, after):
    assert ben_client.get(f"/messages/{asked.pk}/replies/", {"after": after}).status_code == 200


def test_no_more_than_so_many_replies_are_looked_for(ben, room, asked, monkeypatch):
    monkeypatch.setattr(replies, "REPLIES_AT_MOST", 3)
    last = asked
    for _each in range(5):
        last = room.post_message(ben, "And", uuid.uuid4(), last)
    assert replies.reply_ids(asked) == [asked.pk + 1, asked.pk + 2, asked.pk + 3]


def test_quotes_of_a_page_take_one_query(ada, ben, ben_client, room, asked):
    def queries():
        with CaptureQueriesContext(connection) as found:
            ben_client.get(room.get_absolute_url())
        return [query["sql"] for query in found]

    make_messages(room, ada, 5)
    queries()
    without = queries()
    for number in range(5):
        room.post_message(ben, "Yes", uuid.uuid4(), room.messages.order_by("pk")[number])
    queries()
    found = queries()
    assert len(found) == len(without) + 1, "\n".join(found[17:])


def test_quote_of_a_blocked_person_is_hidden(ada, ben, ben_client):
    ben.block(ada)
    style = ben_client.get(f"/own/{ben.pk}.css").content.decode()
    assert f'.quote[data-sender="{ada.pk}"]' in style
