"""The admin: for staff only, with what is theirs to do, and without private chats."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from rooms.models import Ban, ChatRoom, ModerationAct, Report
from tests.conftest import client_of
from tests.support.factories import make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def helper(db):
    """Staff who may look at people and change them, and nothing else."""
    user = User.objects.create_user("helper", "correct horse", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    return user


@pytest.fixture
def helper_client(helper):
    return client_of(helper)


def addresses(room):
    """Return every page of the admin that is opened without asking for anything else."""
    pages = ["index", "password_change", "password_change_done", "jsi18n", "autocomplete"]
    found = [reverse(f"admin:{name}") for name in pages]
    found += [reverse("admin:app_list", args=[label]) for label in ("accounts", "rooms")]
    for model in admin.site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{base}_changelist"), reverse(f"{base}_add")]
        found += [reverse(f"{base}_{page}", args=[room.pk]) for page in ("change", "history", "delete")]
    found += ["/admin/nowhere/", reverse("admin:auth_user_password_change", args=[1]), "/admin/r/1/1/"]
    return found


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_there_is_no_admin_for_anybody_else(client, ada_client, room, method):
    for address in addresses(room):
        assert ada_client.generic(method, address).status_code == 404, address
        answer = client.generic(method, address)
        assert answer.status_code == 302, address
        assert "/login/?next=" in answer.url, address


def test_staff_enter_by_the_page_of_the_chat_with_their_password(client, root):
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/login/?next=/admin/"
    answer = client.post("/login/", {"name": "root1", "next": "/admin/"})
    assert answer.status_code == 422
    answer = client.post("/login/", {"name": "root1", "password": "correct horse", "next": "/admin/"})
    assert answer.url == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login/").status_code == 404


def test_staff_without_a_password_are_logged_out(ada, ada_client):
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    assert ada_client.get("/admin/").status_code == 302


def test_logging_out_of_the_admin_is_that_of_the_chat(root_client, rung, committed, root):
    with committed():
        assert root_client.post("/admin/logout/").url == "/login/"
    assert ("access", {"user": root.pk}) in rung
    assert root_client.get("/").status_code == 302


@pytest.mark.parametrize(
    "spelling",
    ["{}", "0{}", "+{}", "{}%20", "%20{}", "_30{}", "%EF%BC%{:02X}", "{}%0A"],
)
def test_own_password_is_changed_where_the_current_one_is_asked_for(db, spelling):
    root = User.objects.create_superuser("root1", "correct horse", pk=8)
    client, number = client_of(root), 0x98 if "02X" in spelling else 8  # the digit 8 of full width
    address = f"/admin/accounts/user/{spelling.format(number)}/password/"
    fields = {"password1": "another horse 1", "password2": "another horse 1", "set-password": ""}
    for answer in (client.get("/admin/password_change/"), client.get(address), client.post(address, fields)):
        assert answer.status_code == 404 or answer.url in (reverse("accounts:password_update"), "/admin/")
    root.refresh_from_db()
    assert root.check_password("correct horse")


def test_staff_see_no_more_than_they_may(helper_client, room):
    assert helper_client.get("/admin/").status_code == 200
    assert helper_client.get("/admin/accounts/user/").status_code == 200
    for address in ("/admin/rooms/chatroom/", "/admin/rooms/message/", "/admin/accounts/user/add/"):
        assert helper_client.get(address).status_code == 403


def test_every_page_has_the_policy_but_for_trusted_types(root_client, room, ada):
    make_message(room, ada, "hello")
    for address in ("/admin/", "/admin/accounts/user/", f"/admin/accounts/user/{ada.pk}/change/"):
        response = root_client.get(address)
        assert response.status_code == 200
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert "trusted-types" not in policy
        assert "no-store" in response["Cache-Control"]
    assert "trusted-types" in root_client.get("/")["Content-Security-Policy"]


def test_private_chats_are_in_no_list_and_on_no_page(root_client, room, private, ada):
    secret = make_message(private, ada, "the secret word")
    make_message(room, ada, "the open word")
    listed = root_client.get("/admin/rooms/message/", {"q": "word"}).content.decode()
    assert "the open word" in listed
    assert "the secret word" not in listed
    shown = root_client.get("/admin/rooms/chatroom/").content.decode()
    assert f"/admin/rooms/chatroom/{room.pk}/" in shown
    assert f"/admin/rooms/chatroom/{private.pk}/" not in shown
    for page in ("change", "history", "delete"):
        for model, pk in (("message", secret.pk), ("chatroom", private.pk)):
            address = reverse(f"admin:rooms_{model}_{page}", args=[pk])
            answer = root_client.get(address, follow=True)
            assert "the secret word" not in answer.content.decode()
            # The admin says that there is no such thing, on the page it leads to, or refuses.
            assert answer.redirect_chain[-1:] == [("/admin/", 302)] or answer.status_code in (403, 404)


def test_messages_of_rooms_by_invitation_are_not_shown(root_client, room, ada):
    message = make_message(room, ada, "among us")
    ChatRoom.objects.filter(pk=room.pk).update(is_by_invitation=True)
    assert "among us" not in root_client.get("/admin/rooms/message/").content.decode()
    address = reverse("admin:rooms_message_change", args=[message.pk])
    assert "among us" not in root_client.get(address, follow=True).content.decode()


def test_deleting_leaves_a_tombstone_and_an_entry_in_the_log(root, root_client, room, ada):
    message = make_message(room, ada, "as it was said")
    chosen = {"action": "erase", "_selected_action": [message.pk]}
    root_client.post("/admin/rooms/message/", chosen)
    message.refresh_from_db()
    assert (message.content, message.deleted_by_moderator) == ("", True)
    [act] = ModerationAct.objects.all()
    assert (act.actor, act.act, act.person, act.message_id) == (root, "delete_message", ada, message.pk)
    assert "deleted the message" in root_client.get("/admin/rooms/moderationact/").content.decode()


def test_messages_of_private_chats_cannot_be_deleted_by_number(root_client, private, ada):
    message = make_message(private, ada, "as it was said")
    root_client.post("/admin/rooms/message/", {"action": "erase", "_selected_action": [message.pk]})
    message.refresh_from_db()
    assert message.content == "as it was said"


def test_who_only_looks_deletes_nothing(helper, helper_client, room, ada):
    helper.user_permissions.add(Permission.objects.get(codename="view_message"))
    message = make_message(room, ada, "as it was said")
    assert "as it was said" in helper_client.get("/admin/rooms/message/").content.decode()
    helper_client.post("/admin/rooms/message/", {"action": "erase", "_selected_action": [message.pk]})
    message.refresh_from_db()
    assert message.content == "as it was said"


def test_rooms_are_archived_and_taken_out_again(root, root_client, room):
    for action, is_archived in (("archive", True), ("archive", True), ("unarchive", False)):
        root_client.post("/admin/rooms/chatroom/", {"action": action, "_selected_action": [room.pk]})
        room.refresh_from_db()
        assert room.is_archived is is_archived
    acts = ModerationAct.objects.order_by("pk")
    assert [(act.actor, act.act) for act in acts] == [(root, "archive"), (root, "unarchive")]


def test_bans_are_lifted(root, root_client, room, mallory, mallory_client):
    ban = Ban.objects.create(room=room, user=mallory, reason="shouting")
    assert mallory_client.get(f"/rooms/{room.pk}/").status_code == 403
    assert "shouting" in root_client.get("/admin/rooms/ban/").content.decode()
    root_client.post("/admin/rooms/ban/", {"action": "lift", "_selected_action": [ban.pk]})
    assert mallory_client.get(f"/rooms/{room.pk}/").status_code == 200
    [act] = ModerationAct.objects.filter(person=mallory)
    assert (act.actor, act.act) == (root, "unban")


@pytest.mark.parametrize(("action", "content"), [("erase", ""), ("dismiss", "what ada said")])
def test_report_of_a_private_chat_is_shown_and_decided(root_client, private, ada, ben, action, content):
    message = make_message(private, ada, "what ada said")
    make_message(private, ben, "what ben said")
    message.report(ben, reason="abuse", details="please look")
    shown = root_client.get("/admin/rooms/report/").content.decode()
    assert "what ada said" in shown
    assert "direct message" in shown
    assert "what ben said" not in shown
    report = Report.objects.get()
    root_client.post("/admin/rooms/report/", {"action": action, "_selected_action": [report.pk]})
    message.refresh_from_db()
    report.refresh_from_db()
    assert message.content == content
    assert report.closed_at
    assert report.content == ""
    assert "what ada said" not in root_client.get("/admin/rooms/report/").content.decode()


def test_what_was_decided_in_private_chats_is_not_listed(root_client, root, room, private, ada):
    for place in (room, private):
        make_message(place, ada).erase(moderator=root)
    open_act, private_act = (ModerationAct.objects.get(room=place) for place in (room, private))
    shown = root_client.get("/admin/rooms/moderationact/").content.decode()
    assert f"/admin/rooms/moderationact/{open_act.pk}/change/" in shown
    assert f"/admin/rooms/moderationact/{private_act.pk}/change/" not in shown
    assert root_client.get(f"/admin/rooms/moderationact/{open_act.pk}/change/").status_code == 200
    assert root_client.get(f"/admin/rooms/moderationact/{private_act.pk}/change/").status_code == 302


def test_staff_see_and_decide_no_reports_of_their_own_messages(root, root_client, private, ada, ben, room):
    room.join(root)
    message = make_message(room, root, "what root said")
    message.report(ada, reason="abuse", details="please look")
    make_message(private, ada, "what ada said").report(ben, reason="spam")
    shown = root_client.get("/admin/rooms/report/").content.decode()
    assert "what ada said" in shown
    assert "what root said" not in shown
    report = Report.objects.get(message=message)
    assert root_client.get(f"/admin/rooms/report/{report.pk}/change/").status_code == 302
    root_client.post("/admin/rooms/report/", {"action": "dismiss", "_selected_action": [report.pk]})
    report.refresh_from_db()
    assert report.closed_at is None


def test_messages_and_rooms_are_only_looked_at(root_client, room, ada):
    message = make_message(room, ada, "as it was said")
    for model, pk in (("message", message.pk), ("chatroom", room.pk)):
        address = reverse(f"admin:rooms_{model}_change", args=[pk])
        assert root_client.get(address).status_code == 200
        assert root_client.post(address, {"content": "as it was not said"}).status_code == 403
        assert root_client.get(reverse(f"admin:rooms_{model}_add")).status_code == 403
        assert root_client.post(reverse(f"admin:rooms_{model}_delete", args=[pk])).status_code == 403
    message.refresh_from_db()
    assert message.content == "as it was said"


NEW = {"username": "carol", "password1": "correct horse 1", "password2": "correct horse 1"}


def test_somebody_new_gets_a_name_and_a_password(root_client, rung, committed):
    with committed():
        root_client.post("/admin/accounts/user/add/", NEW)
    carol = User.objects.named("carol")
    assert carol
    assert ("person", {"user": carol.pk}) in rung
    entered = Client().post("/login/", {"name": "carol", "password": "correct horse 1"})
    assert entered.status_code == 302


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"username": "аda"}, "alphabet"),
        ({"username": "Ada"}, "Someone already has this name"),
        ({"username": "admin"}, "reserved"),
        ({"username": "a b"}, "letters"),
        ({"password1": "short", "password2": "short"}, "short"),
        ({"password2": "another"}, "match"),
    ],
)
def test_somebody_new_is_under_the_rules_of_the_login_page(root_client, ada, change, reason):
    before = User.objects.count()
    answer = root_client.post("/admin/accounts/user/add/", NEW | change)
    assert answer.status_code == 200
    assert reason in str(answer.context["adminform"].errors)
    assert User.objects.count() == before


def test_password_given_by_staff_ends_all_sessions(root_client, ada, ada_client, rung, committed):
    ada_client.get("/")
    with committed():
        root_client.post(
            f"/admin/accounts/user/{ada.pk}/password/",
            {"password1": "correct horse 1", "password2": "correct horse 1", "set-password": ""},
        )
    assert ada_client.get("/").status_code == 302
    assert ("access", {"user": ada.pk}) in rung
    ada.refresh_from_db()
    assert ada.check_password("correct horse 1")


def test_password_can_be_taken_away(root_client, ada):
    ada.change_password("correct horse 1")
    root_client.post(
        f"/admin/accounts/user/{ada.pk}/password/", {"usable_password": "false", "unset-password": ""}
    )
    ada.refresh_from_db()
    assert not ada.has_usable_password()


def act(client, action, *users):
    return client.post(
        "/admin/accounts/user/", {"action": action, "_selected_action": [user.pk for user in users]}
    )


def test_deactivating_ends_sessions_and_entering(root_client, ada, ada_client, ben_client, rung, committed):
    ada_client.get("/")
    with committed():
        act(root_client, "deactivate", ada)
    assert ada_client.get("/").status_code == 302
    assert ben_client.get("/").status_code == 200
    assert ("access", {"user": ada.pk}) in rung
    assert Client().post("/login/", {"name": "ada"}).status_code == 422
    act(root_client, "activate", ada)
    assert Client().post("/login/", {"name": "ada"}).status_code == 302
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["Activated.", "Deactivated."]


def test_deactivating_on_the_page_of_a_person_ends_sessions(root_client, ada, ada_client, rung, committed):
    ada_client.get("/")
    with committed():
        answer = root_client.post(f"/admin/accounts/user/{ada.pk}/change/", {})  # no box is ticked
    assert answer.status_code == 302
    assert ada_client.get("/").status_code == 302
    assert ("access", {"user": ada.pk}) in rung


def test_sessions_are_ended(root_client, ada_client, ada):
    ada_client.get("/")
    act(root_client, "end_sessions", ada)
    assert ada_client.get("/").status_code == 302
    assert Client().post("/login/", {"name": "ada"}).status_code == 302


def test_nobody_shuts_themselves_out(root, root_client):
    act(root_client, "deactivate", root)
    assert root_client.get("/admin/").status_code == 200


def test_staff_do_not_rule_over_staff(root, helper, helper_client, ada):
    act(helper_client, "deactivate", root, ada)
    root.refresh_from_db()
    ada.refresh_from_db()
    assert (root.is_active, ada.is_active) == (True, False)
    assert helper_client.get(f"/admin/accounts/user/{root.pk}/password/").status_code == 403
    assert helper_client.post(f"/admin/accounts/user/{root.pk}/change/", {}).status_code == 403
    helper_client.post(
        f"/admin/accounts/user/{ada.pk}/change/", {"is_active": "on", "is_staff": "on", "is_superuser": "on"}
    )
    ada.refresh_from_db()
    assert (ada.is_active, ada.is_staff, ada.is_superuser) == (True, False, False)


def test_people_are_found_by_name(root_client, ada):
    make_user("somebody")
    found = root_client.get("/admin/accounts/user/", {"q": "SOMEBODY"}).content.decode()
    assert ">somebody<" in found
    assert ">ada<" not in found


def test_pages_take_as_many_queries_for_many(root_client, room, ada, django_assert_max_num_queries):
    root_client.get("/admin/")  # the first visit of a day notes the session
    for number in range(30):
        make_user(f"person{number}")
        message = make_message(room, ada)
        message.report(make_user(f"reporter{number}"), reason="spam", details="")
    for model in ("accounts/user", "rooms/message", "rooms/chatroom", "rooms/report", "rooms/ban"):
        with django_assert_max_num_queries(9):
            assert root_client.get(f"/admin/{model}/").status_code == 200
