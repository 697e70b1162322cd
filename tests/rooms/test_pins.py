"""Messages that are pinned for a room, and those that somebody saves for themselves."""

import pytest

from rooms import moderation
from rooms.models import Membership, Pin, SavedMessage
from tests.support.factories import make_message
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db


def pin(client, message, reason=""):
    return client.post(f"/messages/{message.pk}/pin/", {"reason": reason})


def save(client, message, note=""):
    return client.post(f"/messages/{message.pk}/save/", {"note": note})


def listed(client, address):
    """Return where the messages of a list lead, in order."""
    return [link["href"] for link in page_of(client.get(address)).all("a") if "message=" in link["href"]]


@pytest.fixture
def messages(room, ben):
    return [make_message(room, ben, text) for text in ("**First**", "Second")]


def place(message):
    return f"/rooms/{message.room_id}/?message={message.pk}"


def test_pinned_messages_say_why_and_lead_to_their_places(ada_client, ben_client, room, messages):
    first, second = messages
    address = f"/rooms/{room.pk}/pins/"
    for message, reason in ((first, "House rules"), (second, "")):
        response = pin(ada_client, message, reason)
        assert (response.status_code, response.url) == (302, address)
    assert listed(ben_client, address) == [place(second), place(first)]
    page = page_of(ben_client.get(address))
    assert "House rules" in page.text
    assert page.all("blockquote")[1].text.strip() == "First"
    about = page_of(ben_client.get(f"/rooms/{room.pk}/about/"))
    assert "2 pinned messages" in about.text
    assert address in [link["href"] for link in about.all("a")]
    assert "House rules" in page_of(ben_client.get(f"/messages/{first.pk}/")).text
    acts = list(room.moderation_acts.order_by("pk").values_list("act", "person__username", "message_id"))
    assert acts == [("pin", "ben", first.pk), ("pin", "ben", second.pk)]


def test_why_it_is_pinned_can_be_said_anew_and_it_can_be_unpinned(ada_client, room, messages):
    for reason in ("Rules", "House rules"):
        pin(ada_client, messages[0], reason)
    assert (
        page_of(ada_client.get(f"/messages/{messages[0].pk}/pin/")).by_id("id_reason")["value"]
        == "House rules"
    )
    for _time in range(2):
        assert ada_client.post(f"/messages/{messages[0].pk}/pin/end/").status_code == 302
    assert not Pin.objects.exists()
    assert list(room.moderation_acts.order_by("pk").values_list("act", flat=True)) == ["pin", "unpin"]


def test_room_lets_everybody_pin(ada, ada_client, ben_client, room, messages):
    assert pin(ben_client, messages[0]).status_code == 403
    assert (
        ada_client.post(f"/rooms/{room.pk}/edit/", {"name": room.name, "pinning": "everybody"}).status_code
        == 302
    )
    assert pin(ben_client, messages[0]).status_code == 302
    assert room.moderation_acts.first().act == "pinning"
    room.memberships.get(user=ada).leave()
    assert pin(ada_client, messages[1]).status_code == 404


def test_pins_of_an_archived_room_stay_as_they_are(ada, ada_client, room, messages):
    pin(ada_client, messages[0])
    moderation.archive(room.memberships.get(user=ada))
    assert listed(ada_client, f"/rooms/{room.pk}/pins/") == [place(messages[0])]
    response = pin(ada_client, messages[1], "Too late")
    assert response.status_code == 409
    assert "This room is archived" in response.content.decode()
    assert "Too late" in response.content.decode()


def test_room_has_no_more_pins_than_so_many(ada_client, room, messages, monkeypatch):
    monkeypatch.setattr(Pin, "AT_MOST", 1)
    assert [pin(ada_client, message).status_code for message in messages] == [302, 409]
    assert pin(ada_client, messages[0], "Still this one").status_code == 302


@pytest.mark.parametrize("what", ["pin", "save"])
@pytest.mark.parametrize("text", ["x" * 201, "a\x00b"])
def test_line_that_is_too_long_or_odd_is_refused(what, text, ada_client, messages):
    fields = {"reason": text, "note": text}
    assert ada_client.post(f"/messages/{messages[0].pk}/{what}/", fields).status_code == 422
    assert not Pin.objects.exists()
    assert not SavedMessage.objects.exists()


def test_saved_messages_are_for_one_person_with_a_note(ada_client, ben_client, messages):
    first, second = messages
    for message, note in ((first, "For the plumber"), (second, ""), (first, "For the painter")):
        assert save(ada_client, message, note).url == "/saved/"
    assert listed(ada_client, "/saved/") == [place(second), place(first)]
    text = page_of(ada_client.get("/saved/")).text
    assert "For the painter" in text
    assert "For the plumber" not in text
    assert listed(ben_client, "/saved/") == []
    assert "For the painter" not in ben_client.get(f"/messages/{first.pk}/").content.decode()
    ada_client.post(f"/messages/{first.pk}/save/end/")
    assert listed(ada_client, "/saved/") == [place(second)]
    assert "/saved/" in [link["href"] for link in page_of(ada_client.get("/")).all("a")]


def test_one_person_saves_no_more_than_so_many(ada_client, messages, monkeypatch):
    monkeypatch.setattr(SavedMessage, "AT_MOST", 1)
    assert [save(ada_client, message).status_code for message in messages] == [302, 409]
    assert save(ada_client, messages[0], "Still this one").status_code == 302


def test_saved_message_can_be_forgotten_where_it_cannot_be_read(ada, ada_client, room, messages):
    save(ada_client, messages[0])
    Membership.objects.get(room=room, user=ada).leave()
    assert save(ada_client, messages[0]).status_code == 404
    ada_client.post(f"/messages/{messages[0].pk}/save/end/")
    assert not SavedMessage.objects.exists()
