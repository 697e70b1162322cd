"""What people show of themselves: display name and status."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from accounts import limits, names
from accounts.models import NameTaken, User
from config.rates import Rate
from tests.support.factories import make_message, make_user
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db

URL = "/settings/profile/"


def change(client, **fields):
    return client.post(URL, {"display_name": "", "status": "", "status_ends": "never", **fields})


def form_of(response):
    """Return what the form would post as it is."""
    page = page_of(response)
    fields = {field["name"]: field.get("value") for field in page.all("input")}
    for select in page.all("select"):
        fields[select["name"]] = next(o["value"] for o in select.all("option") if "selected" in o.attributes)
    return fields


def errors_of(response):
    return {error.attributes.get("id"): error.text for error in page_of(response).all(css_class="error")}


def test_profile_is_changed_and_announced(ada_client, ada, rung, committed):
    with committed():
        response = change(ada_client, display_name="  Ada   Lovelace ", status=" in\ta meeting ")
    assert response.url == "/people/ada/profile/"
    ada.refresh_from_db()
    assert (ada.shown_name, ada.current_status, ada.status_until) == ("Ada Lovelace", "in a meeting", None)
    assert rung == [("profile", {"user": ada.pk})]


def test_nothing_else_can_be_changed(ada_client, ada):
    change(ada_client, username="root", is_staff="on")
    ada.refresh_from_db()
    assert (ada.username, ada.is_staff) == ("ada", False)


# Display names


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace",
        "O'Brien",
        "Anne-Marie",
        "M. L. King Jr.",
        "山田 太郎",
        "Ольга Б.",
        "Ada L. (she/her)",
        "Ada [Berlin]",
        "Smith, Ada & Co",
        "Ada \U0001f31f\U0001f469\u200d\U0001f4bb",
        "\u2764\ufe0f Ada",
    ],
)
def test_display_name_of_any_script_is_accepted(ada_client, ada, name):
    assert change(ada_client, display_name=name).status_code == 302
    ada.refresh_from_db()
    assert ada.shown_name == name


def test_apostrophes_and_spaces_become_one_kind(ada_client, ada):
    change(ada_client, display_name="O\u2019Brien\u00a0\u2003Jr.")
    ada.refresh_from_db()
    assert ada.display_name == "O'Brien Jr."


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a" * 33, "at most 32 characters"),
        ("Ada <b>", "“<” can’t be"),
        ("Ada \u202eneB", "U+202E can’t be"),
        ("Ada\u200bB", "U+200B can’t be"),
        ("Ada ✓", "“✓” can’t be"),
        ("Ada \U0001f170", "“\U0001f170” can’t be"),
        ("Ada \u200d", "U+200D can’t be"),
        ("\U0001f31f", "at least one letter or digit"),
        ("Ada (hris", "brackets around whole words"),
        ("A()da", "brackets around whole words"),
        ("Ada /", "a slash between two"),
        ("me \U0001f31f", "reserved"),
        ("Ada\x00", "Null characters"),
        ("' '", "at least one letter or digit"),
        ("'Ada", "must start with a letter"),
        ("Аda L", "one alphabet"),
        ("every one", "reserved"),
        ("Hearth", "reserved"),
        ("Ben (admin)", "reserved"),
        ("Ben [he/staff]", "reserved"),
        ("ad\U0001f31fmin", "reserved"),
        ("Ben the Moderator", "reserved"),
        ("hearth-support", "reserved"),
        ("a" + "\u0301" * 4, "at most two accents"),
    ],
)
def test_other_display_names_are_refused_with_a_reason(ada_client, ada, rung, name, sentence):
    response = change(ada_client, display_name=name)
    assert response.status_code == 422
    assert sentence.lower() in errors_of(response)["id_display_name_error"].lower()
    ada.refresh_from_db()
    assert ada.shown_name == "ada"
    assert not rung


@pytest.mark.parametrize(
    "name",
    [
        *("Ben", "b e n", "BEN", "\u0392 \u0395\u039d", "ｂｅｎ"),
        *("Ben \U0001f31f", "B\U0001f31fen", "Ben (he/him)", "Ben,", "Ben & (x)", "B/en", "Ben （x）"),
    ],
)
def test_nobody_passes_for_somebodys_name(ada_client, ada, ben, name):
    response = change(ada_client, display_name=name)
    assert "too much like someone else" in errors_of(response)["id_display_name_error"]
    ada.refresh_from_db()
    assert ada.display_name == ""


def test_nobody_passes_for_somebodys_display_name(ada_client, ben):
    ben.change_profile(display_name="Benedict Arnold")
    for name in ("benedict arnold", "BenedictArnold", "Benedict  Arnold"):
        assert change(ada_client, display_name=name).status_code == 422
    with pytest.raises(NameTaken):
        User.objects.enter("benedictarnold")


def test_database_keeps_names_and_display_names_apart(ada, ben):
    with pytest.raises(IntegrityError):
        ada.change_profile(display_name="Ben")


def test_somebody_takes_the_name_in_the_same_moment(ada_client, ben, monkeypatch):
    # After the form was found good.
    monkeypatch.setattr(limits, "take", lambda *_limit: ben.change_profile(display_name="Rival"))
    response = change(ada_client, display_name="rival")
    assert response.status_code == 422
    assert "too much like someone else" in errors_of(response)["id_display_name_error"]


def test_own_name_in_another_way_is_a_display_name(ada_client, ada):
    assert change(ada_client, display_name="Ada").status_code == 302
    ada.refresh_from_db()
    assert ada.shown_name == "Ada"
    assert change(ada_client, display_name="").status_code == 302
    ada.refresh_from_db()
    assert ada.shown_name == "ada"


def test_display_name_that_was_given_up_is_free(ada, ben):
    ada.change_profile(display_name="Captain")
    ada.change_profile(display_name="Ada")
    ben.change_profile(display_name="Captain")
    assert set(ben.name_shapes.values_list("skeleton", flat=True)) == {"ben"} | names.shapes("Captain")


@pytest.mark.parametrize(("name", "display_name"), [("ian", "Ian"), ("arne", "ARNE"), ("lan", "Ian")])
def test_nobody_is_shown_by_the_name_of_somebody_else_in_other_letters(ada, ada_client, name, display_name):
    make_user(name)
    response = change(ada_client, display_name=display_name)
    assert response.status_code == 422
    with pytest.raises(IntegrityError):
        ada.change_profile(display_name=display_name)


def test_nobody_enters_by_what_somebody_else_is_shown_by(ada):
    ada.change_profile(display_name="Ian")
    for name in ("ian", "IAN", "lan"):
        with pytest.raises(NameTaken):
            User.objects.enter(name)


def test_who_is_shown_like_somebody_else_since_before_may_change_the_rest(ada_client, ada, ben):
    User.objects.filter(pk=ada.pk).update(display_name="Ben")
    assert change(ada_client, display_name="Ben", status="Back soon").status_code == 302
    ada.refresh_from_db()
    assert ada.status == "Back soon"


def test_migration_keeps_people_apart_who_look_alike_by_now(ada, ben):
    """As they were stored when a capital i was no lookalike."""
    people = [make_user(name) for name in ("first", "second", "third")]
    for person, name, shape in zip(people, ("paul", "pauI", "Ida"), ("paul", "paui", "ida"), strict=True):
        person.name_shapes.update(skeleton=shape)
        User.objects.filter(pk=person.pk).update(username=name, skeleton=shape)
    import_module("accounts.migrations.0013_more_lookalikes").look_again(apps, None)
    shapes = [set(person.name_shapes.values_list("skeleton", flat=True)) for person in people]
    assert shapes == [{"paul"}, {"paui"}, {"lda", "ida"}]
    assert [User.objects.get(pk=person.pk).skeleton for person in people] == ["paul", "paui", "lda"]
    with pytest.raises(NameTaken):
        User.objects.enter("lda")
    # Nobody is kept from changing their profile.
    second = User.objects.get(username="pauI")
    second.change_profile(display_name="Paula")
    second.save()


def test_long_names_of_many_scripts_fit_into_the_table(ada):
    ada.change_profile(display_name="ᛟ" * 32)
    assert ada.name_shapes.count() == 2


def test_display_name_is_not_a_name(ada):
    with pytest.raises(ValidationError):
        names.validate("Ada Lovelace")
    ada.change_profile(display_name="Ada Lovelace")
    assert User.objects.named("Ada Lovelace") is None


# Status


@pytest.mark.parametrize(
    ("ends", "until"),
    [
        ("never", None),
        ("half-hour", datetime(2026, 11, 23, 12, 30, tzinfo=UTC)),
        ("hour", datetime(2026, 11, 23, 13, 0, tzinfo=UTC)),
        ("week", datetime(2026, 11, 30, 12, 0, tzinfo=UTC)),
        ("today", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
        ("time", datetime(2026, 11, 23, 17, 5, tzinfo=UTC)),
    ],
)
def test_status_ends_when_it_is_to(ada_client, ada, clock, ends, until):
    ada_client.cookies["hearth_timezone"] = "Europe/Berlin"
    change(ada_client, status="out", status_ends=ends, status_until="2026-11-23T18:05")
    ada.refresh_from_db()
    assert (ada.status, ada.status_until) == ("out", until)
    if until:
        clock.move_to(until - timedelta(seconds=1))
        assert ada.current_status == "out"
        clock.move_to(until)
        assert ada.current_status == ""


def test_form_keeps_the_end_that_a_status_has(ada_client, ada, clock):
    ada.change_profile(status="out", status_until=timezone.now() + timedelta(hours=1))
    fields = form_of(ada_client.get(URL))
    ada_client.post(URL, fields)
    before = ada.status_until
    ada.refresh_from_db()
    assert (ada.status, ada.status_until) == ("out", before)


def test_status_that_is_over_is_not_in_the_form(ada_client, ada, clock):
    ada.change_profile(status="out", status_until=timezone.now() - timedelta(hours=1))
    assert "out" not in form_of(ada_client.get(URL)).values()


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"status": "x" * 101}, "status", "at most 100 characters"),
        ({"status": "a\x07b"}, "status", "control character (U+0007)"),
        ({"status": "out", "status_ends": "time"}, "status_until", "Enter the time"),
        ({"status": "out", "status_ends": "time", "status_until": "soon"}, "status_until", "valid date"),
        (
            {"status": "out", "status_ends": "time", "status_until": "2001-01-01T00:00"},
            "status_until",
            "This time is in the past",
        ),
        ({"status": "out", "status_ends": "later"}, "status_ends", "valid choice"),
    ],
)
def test_wrong_status_is_refused_with_a_reason(ada_client, ada, fields, field, sentence):
    response = change(ada_client, **fields)
    assert response.status_code == 422
    assert sentence in errors_of(response)[f"id_{field}_error"]
    ada.refresh_from_db()
    assert ada.status == ""


@pytest.mark.parametrize("status", ["", " ", "\u200b\u2060", "\u202e"])
def test_status_that_shows_nothing_is_none(ada_client, ada, status):
    assert change(ada_client, status=status, status_ends="hour").status_code == 302
    ada.refresh_from_db()
    assert (ada.status, ada.status_until) == ("", None)


def test_too_many_changes_are_refused(ada_client, ada, limit):
    limit(profile_per_user=Rate(1, 60))
    change(ada_client, status="first")
    response = change(ada_client, status="second")
    assert response.status_code == 429
    assert "Wait" in errors_of(response)[None]
    ada.refresh_from_db()
    assert ada.status == "first"


def test_removing_the_picture_too_often_is_refused(ada_client, limit):
    limit(profile_per_user=Rate(1, 60))
    assert ada_client.post("/settings/avatar/remove/").status_code == 302
    assert ada_client.post("/settings/avatar/remove/").status_code == 429


# What others see


@pytest.fixture
def seen(ada, ben):
    ben.change_profile(display_name="Benedict", status="<b>busy</b>", status_until=None)
    return ben


def test_profile_shows_it(ada_client, seen):
    text = page_of(ada_client.get("/people/ben/profile/")).text
    assert "Benedict" in text
    assert "@ben" in text
    assert "<b>busy</b>" in text


def test_lists_chats_and_messages_show_it(ada_client, seen, private, room):
    make_message(room, seen)
    for address in ("/", private.get_absolute_url(), room.get_absolute_url()):
        page = page_of(ada_client.get(address))
        shown = [name.text for name in page.all("bdi") if name.attributes.get("data-name") == str(seen.pk)]
        assert shown
        assert set(shown) == {"Benedict"}
    assert "<b>busy</b>" in page_of(ada_client.get(private.get_absolute_url())).text


def test_status_that_ended_is_nowhere(ada_client, ben, private):
    ben.change_profile(status="busy", status_until=timezone.now() - timedelta(seconds=1))
    for address in ("/", private.get_absolute_url(), "/people/ben/profile/"):
        assert "busy" not in ada_client.get(address).content.decode()


def test_profile_of_somebody_who_is_not_there(ada_client):
    make_user("gone", is_active=False)
    for name in ("gone", "nobody-here", "%00"):
        assert ada_client.get(f"/people/{name}/profile/").status_code == 404


def test_own_profile_leads_to_where_it_is_changed(ada_client, ben_client, ada):
    assert URL in ada_client.get("/people/ada/profile/").content.decode()
    assert URL not in ben_client.get("/people/ada/profile/").content.decode()


# Local time


@pytest.fixture
def in_auckland(ben):
    ben.time_zone = "Pacific/Auckland"
    ben.save()
    ben.change_profile(shows_local_time=True)
    return ben


def test_local_time_is_that_of_the_person_and_not_of_the_reader(ada_client, in_auckland, clock):
    ada_client.cookies["hearth_timezone"] = "Europe/Berlin"
    assert "01:00 local time" in page_of(ada_client.get("/people/ben/profile/")).text
    fragment = ada_client.get("/people/ben/profile/", headers=HTMX).content.decode().strip()
    assert fragment.startswith('<p id="local-time"')
    assert "01:00 local time" in fragment


@pytest.mark.parametrize(
    "fields", [{"shows_local_time": False}, {"time_zone": ""}, {"time_zone": "Gone/Away"}]
)
def test_local_time_is_told_only_by_those_who_say_so_and_chose_a_zone(ada_client, in_auckland, fields):
    User.objects.filter(pk=in_auckland.pk).update(**fields)
    assert "local time" not in ada_client.get("/people/ben/profile/").content.decode()
    assert ada_client.get("/people/ben/profile/", headers=HTMX).content.strip() == b""


def test_local_time_is_shared_in_the_form(ada_client, ada):
    response = change(ada_client, shows_local_time="on")
    assert "Choose your time zone" in errors_of(response)["id_shows_local_time_error"]
    ada.time_zone = "Pacific/Auckland"
    ada.save()
    assert change(ada_client, shows_local_time="on").status_code == 302
    ada.refresh_from_db()
    assert ada.shows_local_time
    change(ada_client)
    ada.refresh_from_db()
    assert not ada.shows_local_time
