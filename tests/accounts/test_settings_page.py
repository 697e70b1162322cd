from datetime import timedelta

from django.utils import timezone

URL = "/settings/"


def test_settings_are_saved_and_announced(ada_client, ada, rung):
    response = ada_client.post(URL, {"plays_sound": "on", "announcements": "mentions"})
    assert response.status_code == 302
    ada.refresh_from_db()
    assert (ada.sends_read_receipts, ada.shows_presence, ada.plays_sound) == (False, False, True)
    assert ada.announcements == "mentions"
    assert rung == [("settings", {"user": ada.pk})]


def test_nothing_else_can_be_set(ada_client, ada):
    ada_client.post(URL, {"is_staff": "on", "username": "root", "announcements": "all"})
    ada.refresh_from_db()
    assert not ada.is_staff
    assert ada.username == "ada"


def test_unknown_choice_is_refused(ada_client, ada, rung):
    assert ada_client.post(URL, {"announcements": "shouting"}).status_code == 422
    ada.refresh_from_db()
    assert ada.announcements == "all"
    assert not rung


def test_anonymous_is_asked_to_log_in(client):
    assert client.get(URL).status_code == 302


def test_presence_is_shown_to_those_who_show_theirs(ada_client, ada, ben, private):
    ben.online_until = timezone.now() + timedelta(seconds=20)
    ben.save()
    assert "online" in ada_client.get(private.get_absolute_url()).content.decode()
    ada.shows_presence = False
    ada.save()
    assert 'class="presence' not in ada_client.get(private.get_absolute_url()).content.decode()


def test_hidden_presence_is_not_shown(ada_client, ben, private):
    ben.online_until = timezone.now() + timedelta(seconds=20)
    ben.shows_presence = False
    ben.save()
    page = ada_client.get(private.get_absolute_url()).content.decode()
    assert ">online<" not in page
    assert "last seen" not in page


def test_last_seen_is_when_the_last_stream_was_open(ada_client, ben, private):
    ben.online_until = timezone.now() - timedelta(minutes=5)
    ben.save()
    assert not ben.is_online
    assert "last seen" in ada_client.get(private.get_absolute_url()).content.decode()
