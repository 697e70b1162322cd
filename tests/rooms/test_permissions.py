"""What each person may do: every address of the project, for everybody, with every method."""

import functools
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts import limits
from accounts.models import EntryLink
from config.rates import Rate
from rooms.models import Ban, ChatRoom, Membership, RoomInvitation
from tests.accounts.test_settings_page import USUAL
from tests.conftest import client_of
from tests.support.asking import undone
from tests.support.factories import (
    PHOTO,
    avatar_of,
    login_session_of,
    make_membership,
    make_message,
    make_message_with_file,
    make_user,
)
from tests.support.responses import HTMX
from tests.support.turns import Turns

pytestmark = pytest.mark.django_db

TOKEN = "00000000-0000-4000-8000-000000000001"
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]

# Statuses in the order of METHODS; POST comes without fields. People who are not logged in are sent to
# the login page (302) before anything else is looked at. For outsiders a private chat does not exist.
LOGIN_FIRST = "302 302 302 302 302 302"
READ_ONLY = "200 200 405 405 405 405"
POSTED_TOO = "200 200 200 405 405 405"
NOT_FOUND = "404 404 405 405 405 405"
OPEN = {
    "accounts:login",
    "accounts:logout",
    "accounts:entry_link_detail",
    "accounts:invitation_detail",
    "accounts:staff_link_detail",
    "accounts:password_link_detail",
    "rooms:room_invitation_detail",
    "rooms:account_deleted",
    "help",
}
EMPTY_FORM = "200 200 422 405 405 405"
NO_FORM = "404 404 404 405 405 405"
CONFIRMED = "200 200 302 405 405 405"
ACTION = "405 405 302 405 405 405"
STREAM = "501 501 501 501 501 501"  # the ASGI application takes them before they come here
NOTHING_THERE = {"anonymous": LOGIN_FIRST, "outsider": NOT_FOUND, "member": NOT_FOUND}
NO_FORM_THERE = {"anonymous": LOGIN_FIRST, "outsider": NO_FORM, "member": NO_FORM}
NO_ACTION_THERE = {
    "anonymous": LOGIN_FIRST,
    "outsider": "405 405 404 405 405 405",
    "member": "405 405 404 405 405 405",
}
FOR_STAFF = {"anonymous": LOGIN_FIRST, "outsider": NOT_FOUND, "member": NOT_FOUND, "staff": READ_ONLY}
FOR_MODERATORS = {
    "anonymous": LOGIN_FIRST,
    "outsider": "405 405 404 405 405 405",
    "member": "405 405 403 405 405 405",
    "moderator": ACTION,
}
TABLE = {
    ("accounts:login", None): {
        "anonymous": "200 200 422 405 405 405",
        "outsider": "302 302 422 405 405 405",
        "member": "302 302 422 405 405 405",
    },
    ("accounts:logout", None): {
        "anonymous": "405 405 302 405 405 405",
        "outsider": "405 405 302 405 405 405",
        "member": "405 405 302 405 405 405",
    },
    ("accounts:first_steps_delete", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": ACTION,
        "member": ACTION,
    },
    ("help", None): {"anonymous": READ_ONLY, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:lobby", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:lobby_stream", None): {"anonymous": LOGIN_FIRST, "outsider": STREAM, "member": STREAM},
    ("rooms:chat_room_create", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 422 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("rooms:find", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:message_search", None): {"anonymous": LOGIN_FIRST, "outsider": POSTED_TOO, "member": POSTED_TOO},
    ("rooms:chat_list", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:emoji_list", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:mention_list", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:saved_message_list", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": READ_ONLY,
        "member": READ_ONLY,
    },
    ("rooms:chat_room_list", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": "302 302 405 405 405 405",
        "member": "302 302 405 405 405 405",
    },
    ("rooms:person_detail", "person"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "302 302 405 405 405 405",
        "member": "302 302 405 405 405 405",
    },
    ("rooms:gallery", None): FOR_STAFF,
    ("rooms:gallery_template", "template"): FOR_STAFF,
    ("rooms:gallery_frame", "state"): FOR_STAFF,
    ("rooms:own_messages", "person id"): {
        "anonymous": LOGIN_FIRST,
        "outsider": READ_ONLY,
        "member": READ_ONLY,
    },
    # Groups are open: visiting one joins it. Everything else needs that visit first.
    ("rooms:chat_room_detail", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": READ_ONLY,
        "member": READ_ONLY,
        "banned": "403 403 405 405 405 405",
    },
    ("rooms:chat_room_detail", "closed group"): NOTHING_THERE,
    ("rooms:chat_room_detail", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:chat_room_stream", "group"): {"anonymous": LOGIN_FIRST, "outsider": STREAM, "member": STREAM},
    ("rooms:chat_room_stream", "private"): {"anonymous": LOGIN_FIRST, "outsider": STREAM, "member": STREAM},
    ("rooms:chat_room_live", "group"): {"anonymous": LOGIN_FIRST, "outsider": STREAM, "member": STREAM},
    ("rooms:chat_room_live", "private"): {"anonymous": LOGIN_FIRST, "outsider": STREAM, "member": STREAM},
    ("rooms:membership_delete", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "302 302 302 405 405 405",
        "member": CONFIRMED,
        "banned": NO_FORM,
    },
    ("rooms:membership_delete", "private"): NO_FORM_THERE,
    ("rooms:chat_room_about", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:chat_room_about", "private"): NOTHING_THERE,
    ("rooms:chat_room_search", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:chat_room_search", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:export_detail", None): {"anonymous": LOGIN_FIRST, "outsider": CONFIRMED, "member": CONFIRMED},
    ("rooms:export_content", None): NOTHING_THERE,
    ("rooms:account_delete", None): {"anonymous": LOGIN_FIRST, "outsider": EMPTY_FORM, "member": EMPTY_FORM},
    ("rooms:account_deleted", None): {"anonymous": READ_ONLY, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:room_export_create", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": "403 403 403 405 405 405",
        "owner": CONFIRMED,
    },
    ("rooms:room_export_create", "private"): NO_FORM_THERE,
    ("rooms:own_file_list", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("rooms:room_file_list", "group"): {"anonymous": LOGIN_FIRST, "outsider": NOT_FOUND, "member": READ_ONLY},
    ("rooms:room_file_list", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:pin_list", "group"): {"anonymous": LOGIN_FIRST, "outsider": NOT_FOUND, "member": READ_ONLY},
    ("rooms:pin_list", "private"): NOTHING_THERE,
    ("rooms:pin_update", "message in a group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": "403 403 403 405 405 405",
        "moderator": CONFIRMED,
    },
    ("rooms:pin_update", "message"): NO_FORM_THERE,
    ("rooms:pin_delete", "message in a group"): FOR_MODERATORS,
    ("rooms:pin_delete", "message"): NO_ACTION_THERE,
    ("rooms:saved_message_update", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": CONFIRMED,
    },
    # Also where one may read it no more.
    ("rooms:saved_message_delete", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": ACTION,
        "member": ACTION,
    },
    ("rooms:chat_room_update", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": "403 403 403 405 405 405",
        "moderator": EMPTY_FORM,
    },
    ("rooms:chat_room_update", "private"): NO_FORM_THERE,
    ("rooms:archive_create", "group"): FOR_MODERATORS,
    ("rooms:archive_create", "private"): NO_ACTION_THERE,
    ("rooms:archive_delete", "group"): FOR_MODERATORS,
    ("rooms:archive_delete", "private"): NO_ACTION_THERE,
    ("rooms:member_detail", "member"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": "403 403 405 405 405 405",
        "moderator": READ_ONLY,
    },
    ("rooms:member_detail", "private member"): NOTHING_THERE,
    ("rooms:role_update", "member"): {**FOR_MODERATORS, "moderator": "405 405 422 405 405 405"},
    ("rooms:role_update", "private member"): NO_ACTION_THERE,
    ("rooms:member_delete", "member"): FOR_MODERATORS,
    ("rooms:member_delete", "private member"): NO_ACTION_THERE,
    ("rooms:moderation_act_list", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": "403 403 405 405 405 405",
        "moderator": READ_ONLY,
    },
    ("rooms:moderation_act_list", "private"): NOTHING_THERE,
    ("rooms:ban_create", "member"): {**FOR_MODERATORS, "moderator": "405 405 422 405 405 405"},
    ("rooms:ban_create", "private member"): NO_ACTION_THERE,
    ("rooms:ban_list", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": "403 403 403 405 405 405",
        "moderator": EMPTY_FORM,
    },
    ("rooms:ban_list", "private"): NO_FORM_THERE,
    ("rooms:ban_delete", "ban"): FOR_MODERATORS,
    ("rooms:ban_delete", "private member"): NO_ACTION_THERE,
    ("rooms:member_create", "group"): {**FOR_MODERATORS, "moderator": "405 405 422 405 405 405"},
    ("rooms:member_create", "private"): NO_ACTION_THERE,
    ("rooms:room_invitation_list", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": "403 403 403 405 405 405",
        "moderator": EMPTY_FORM,
    },
    ("rooms:room_invitation_list", "private"): NO_FORM_THERE,
    ("rooms:room_invitation_delete", "invitation"): FOR_MODERATORS,
    ("rooms:room_invitation_delete", "private invitation"): NO_ACTION_THERE,
    ("rooms:room_invitation_detail", "token"): {"anonymous": NO_FORM, "outsider": NO_FORM, "member": NO_FORM},
    ("rooms:room_invitation_detail", "invitation token"): {
        "anonymous": "200 200 200 405 405 405",
        "outsider": "200 200 302 405 405 405",
        "member": "302 302 302 405 405 405",
        "banned": "403 403 403 405 405 405",
    },
    ("rooms:message_create", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("rooms:message_create", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("rooms:read_receipt_create", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("rooms:read_receipt_create", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("rooms:read_receipt_create_by_style", "seen message"): {
        "anonymous": "302 302 302 302 302 302",
        "outsider": "403 405 405 405 405 405",
        "member": "403 405 405 405 405 405",
    },
    ("accounts:settings_update", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": EMPTY_FORM,
        "member": EMPTY_FORM,
    },
    ("accounts:password_update", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": EMPTY_FORM,
        "member": EMPTY_FORM,
    },
    ("accounts:password_delete", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 422 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("accounts:block_list", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("accounts:block_create", "person id"): {
        "anonymous": LOGIN_FIRST,
        "outsider": CONFIRMED,
        "member": CONFIRMED,
    },
    ("accounts:block_delete", "person id"): {
        "anonymous": LOGIN_FIRST,
        "outsider": ACTION,
        "member": ACTION,
    },
    ("accounts:session_list", None): {"anonymous": LOGIN_FIRST, "outsider": READ_ONLY, "member": READ_ONLY},
    ("accounts:session_delete_others", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": ACTION,
        "member": ACTION,
    },
    ("accounts:session_delete", "session"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": ACTION,
    },
    # Which of these are there follows from ENTERING: see tests/accounts/test_entering.py.
    ("accounts:entry_link_create", None): {"anonymous": LOGIN_FIRST, "outsider": NO_FORM, "member": NO_FORM},
    ("accounts:invitation_list", None): NO_FORM_THERE,
    ("accounts:invitation_delete", "entry link"): NO_ACTION_THERE,
    ("accounts:entry_link_detail", "token"): {"anonymous": NO_FORM, "outsider": NO_FORM, "member": NO_FORM},
    ("accounts:invitation_detail", "token"): {"anonymous": NO_FORM, "outsider": NO_FORM, "member": NO_FORM},
    ("accounts:staff_link_detail", "token"): {"anonymous": NO_FORM, "outsider": NO_FORM, "member": NO_FORM},
    ("accounts:password_link_detail", "token"): {
        "anonymous": NO_FORM,
        "outsider": NO_FORM,
        "member": NO_FORM,
    },
    ("rooms:membership_update", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": EMPTY_FORM,
    },
    ("rooms:membership_update", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": EMPTY_FORM,
    },
    ("rooms:favourite_update", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": ACTION,
    },
    ("rooms:favourite_update", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": ACTION,
    },
    ("rooms:hidden_update", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": ACTION,
    },
    ("rooms:membership_create", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": ACTION,
        "banned": "405 405 404 405 405 405",
        "member": ACTION,
    },
    ("rooms:membership_create", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 404 405 405 405",
    },
    ("rooms:draft_update", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": CONFIRMED,
    },
    ("rooms:draft_update", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": CONFIRMED,
    },
    ("rooms:completion_list", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:completion_list", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:typing_indicator_create", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 204 405 405 405",
    },
    ("rooms:typing_indicator_create", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 204 405 405 405",
    },
    ("rooms:message_detail", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": READ_ONLY,
    },
    ("rooms:message_file_detail", "file of a message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": "200 200 404 405 405 405",
    },
    ("rooms:message_file_detail", "file of an own message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": CONFIRMED,
    },
    ("rooms:message_file_delete", "file of a message"): NO_ACTION_THERE,
    ("rooms:message_file_delete", "file of an own message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": ACTION,
    },
    ("rooms:file_content", "file"): {"anonymous": LOGIN_FIRST, "outsider": NOT_FOUND, "member": READ_ONLY},
    ("rooms:file_download", "file"): {"anonymous": LOGIN_FIRST, "outsider": NOT_FOUND, "member": READ_ONLY},
    ("rooms:file_thumbnail", "file"): NOTHING_THERE,
    ("rooms:file_thumbnail", "photo"): {"anonymous": LOGIN_FIRST, "outsider": NOT_FOUND, "member": READ_ONLY},
    ("rooms:message_update", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": NO_FORM,
    },
    ("rooms:message_update", "own message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": EMPTY_FORM,
    },
    ("rooms:reaction_create", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("rooms:message_delete", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": NO_FORM,
    },
    ("rooms:message_delete", "message in a group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": NO_FORM,
        "moderator": CONFIRMED,
        "owner": CONFIRMED,
    },
    ("rooms:reply_list", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": EMPTY_FORM,
    },
    ("rooms:forward_create", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": EMPTY_FORM,
    },
    ("rooms:report_create", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": EMPTY_FORM,
    },
    ("rooms:report_create", "own message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": NO_FORM,
    },
    ("rooms:report_dismiss", "message in a group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 404 405 405 405",
        "moderator": ACTION,
        "owner": ACTION,
    },
    ("rooms:report_dismiss", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 404 405 405 405",
    },
    ("rooms:report_list", "group"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": "403 403 405 405 405 405",
        "moderator": READ_ONLY,
        "owner": READ_ONLY,
    },
    ("rooms:report_list", "private"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NOT_FOUND,
        "member": NOT_FOUND,
    },
    ("rooms:report_list_for_staff", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": "403 403 405 405 405 405",
        "member": "403 403 405 405 405 405",
        "staff": READ_ONLY,
    },
    ("rooms:message_delete", "own message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": NO_FORM,
        "member": CONFIRMED,
    },
    ("rooms:read_marker_reset", "message"): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 404 405 405 405",
        "member": "405 405 302 405 405 405",
    },
    ("rooms:profile_detail", "person"): {
        "anonymous": LOGIN_FIRST,
        "outsider": READ_ONLY,
        "member": READ_ONLY,
    },
    ("accounts:profile_update", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": EMPTY_FORM,
        "member": EMPTY_FORM,
    },
    ("accounts:avatar_update", None): {
        "anonymous": LOGIN_FIRST,
        "outsider": "405 405 422 405 405 405",
        "member": "405 405 422 405 405 405",
    },
    ("accounts:avatar_delete", None): {"anonymous": LOGIN_FIRST, "outsider": ACTION, "member": ACTION},
    ("accounts:avatar_detail", "avatar"): {
        "anonymous": LOGIN_FIRST,
        "outsider": READ_ONLY,
        "member": READ_ONLY,
    },
    ("rooms:read_receipt_create_all", None): {"anonymous": LOGIN_FIRST, "outsider": ACTION, "member": ACTION},
    ("rooms:read_receipt_undo_all", None): {"anonymous": LOGIN_FIRST, "outsider": ACTION, "member": ACTION},
}
# Where a row says nothing else, moderators and owners may what members may; staff, and who is banned from the
# group, what outsiders may.
LIKE = {"moderator": "member", "owner": "moderator", "banned": "outsider", "staff": "outsider"}
WHO = ["anonymous", "outsider", "member", *LIKE]


def statuses_of(row, who):
    return row[who] if who in row else statuses_of(row, LIKE[who])


def url_names(resolver=None, namespace=""):
    """Return the full name of every address of the project; the pattern itself where it has no name."""
    names = set()
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            names |= url_names(pattern, inner)
        else:
            names.add(f"{namespace}{pattern.name or pattern.pattern}")
    return names


def test_every_address_is_in_the_table():
    # tests/test_admin.py is about those of the admin.
    of_hearth = {name for name in url_names() if not name.startswith("admin:")}
    assert of_hearth == {name for name, _place in TABLE}


def test_every_row_says_what_everybody_may():
    assert all(row.keys() >= {"anonymous", "outsider", "member"} for row in TABLE.values())


@pytest.fixture
def address(ada, ben, room, private):
    """`address(name, place)`: of the room, private chat or person that the row speaks of."""
    maker = make_membership(room, make_user(), role=Membership.Role.OWNER).user
    token = RoomInvitation.objects.issue(room, maker, timedelta(days=1), 1)
    # Made where a row speaks of it: most tests need one of them.
    arguments = {
        None: lambda: [],
        "token": lambda: ["nosuchtoken"],
        "template": lambda: ["rooms/_tick.html"],
        "state": lambda: ["all_three", "rooms/_tick.html"],
        "person": lambda: [ben.username],
        "person id": lambda: [ben.pk],
        "avatar": lambda: [avatar_of(ben), 96],
        "group": lambda: [room.pk],
        "private": lambda: [private.pk],
        "session": lambda: [login_session_of(client_of(ada)).pk],
        "message": lambda: [make_message(private, ben).pk],
        "own message": lambda: [make_message(private, ada).pk],
        "seen message": lambda: [room.pk, make_message(room, ben).pk, 0],
        "file of a message": lambda: [make_message_with_file(private, ben).pk, 1],
        "file of an own message": lambda: [make_message_with_file(private, ada).pk, 1],
        "file": lambda: [make_message_with_file(private, ben).files[0].id],
        "photo": lambda: [make_message_with_file(private, ben, content=PHOTO).files[0].id],
        "member": lambda: [room.pk, ben.pk],
        "private member": lambda: [private.pk, ben.pk],
        "message in a group": lambda: [reported_message(room, ben, ada).pk],
        "closed group": lambda: [ChatRoom.objects.create_group("Closet", ben, is_by_invitation=True).pk],
        "ban": lambda: [room.pk, Ban.objects.create(room=room, user=make_user()).user_id],
        "invitation": lambda: [room.pk, RoomInvitation.objects.get(room=room).pk],
        "private invitation": lambda: [private.pk, RoomInvitation.objects.get(room=room).pk],
        "invitation token": lambda: [token],
        "entry link": lambda: [new_entry_link().pk],
    }
    made = functools.cache(lambda place: arguments[place]())
    return lambda name, place: reverse(name, args=made(place))


def new_entry_link():
    EntryLink.objects.invite()
    return EntryLink.objects.get()


def reported_message(room, sender, reporter):
    message = make_message(room, sender)
    message.report(reporter, reason="spam")
    return message


@pytest.fixture
def client_for(ada, ben, mallory, room):
    """`client_for(who)`: ada is what `who` says in the room, where somebody else owns it."""

    def client_for(who):
        if who == "anonymous":
            return Client()
        if who == "banned":
            Ban.objects.create(room=room, user=mallory)
            return client_of(mallory)
        if who == "staff":
            return client_of(make_user("rita", "a long secret", is_staff=True))
        role = who if who in Membership.Role else Membership.Role.MEMBER
        room.memberships.filter(user=ada).update(role=role)
        make_membership(room, make_user(), role=Membership.Role.OWNER)
        return client_of(mallory if who == "outsider" else ada)

    return client_for


@pytest.mark.parametrize(("name", "place"), TABLE)
def test_everybody_may_what_the_table_says(address, client_for, name, place):
    url = address(name, place)
    rare = Turns(["HEAD", "PUT", "DELETE", "OPTIONS"], [*TABLE].index((name, place)))
    for who in WHO:
        # What POST does, it does last.
        methods = ["GET", *rare(1), "POST"]
        with undone():
            client = client_for(who)
            answers = {method: client.generic(method, url) for method in methods}
        expected = dict(zip(METHODS, statuses_of(TABLE[name, place], who).split(), strict=True))
        statuses = {method: str(answer.status_code) for method, answer in answers.items()}
        assert (who, statuses) == (who, {method: expected[method] for method in methods})
        needs_login = {answer.get("Location", "").startswith("/login/?next=") for answer in answers.values()}
        assert (who, needs_login) == (who, {who == "anonymous" and name not in OPEN})


@pytest.mark.parametrize("method", METHODS)
def test_anonymous_htmx_is_told_so_everywhere(client, address, method):
    for name, place in TABLE:
        if name not in OPEN:
            assert client.generic(method, address(name, place), headers=HTMX).status_code == 401


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_there_is_not_found_for_everybody(client_for, method):
    for who in WHO:
        assert client_for(who).generic(method, "/nowhere/").status_code == 404


def content_of(response):
    """Return what is the same whenever one asks: the token of a form is hidden in another way each time."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", response.content)


def test_foreign_private_chat_looks_like_one_that_does_not_exist(mallory_client, private):
    """Not a word, a header or a status tells the one from the other."""
    for name in (
        "chat_room_detail",
        "message_create",
        "read_receipt_create",
        "membership_delete",
        "membership_update",
        "typing_indicator_create",
        "chat_room_about",
        "chat_room_update",
        "pin_list",
        "archive_create",
        "archive_delete",
        "moderation_act_list",
        "ban_list",
        "member_create",
        "room_invitation_list",
        "completion_list",
        "draft_update",
        "hidden_update",
        "membership_create",
        "room_export_create",
    ):
        for method in ("GET", "POST"):
            foreign, missing, absurd = (
                mallory_client.generic(method, reverse(f"rooms:{name}", args=[number]))
                for number in (private.pk, 10**9, 10**25)
            )
            assert foreign.status_code == missing.status_code == absurd.status_code
            assert content_of(foreign) == content_of(missing) == content_of(absurd)
            assert dict(foreign.items()) == dict(missing.items()) == dict(absurd.items())


# What may be repeated


MODERATION = ("moderation_per_user", "owner")
SETTINGS = ("settings_per_user", "member")
JOINING = ("join_per_user", "member")
READING = ("read_per_user", "member")
BAN = {"duration": "day", "reason": "spam"}
# For each address that takes a POST the limit, who comes to it, and what is sent.
LIMITED = {
    ("rooms:chat_room_create", None): ("room_per_user", "member", {"name": "Attic"}),
    ("rooms:membership_delete", "group"): (*JOINING, {}),
    ("rooms:room_invitation_detail", "invitation token"): ("join_per_user", "outsider", {}),
    ("rooms:chat_room_update", "group"): (*MODERATION, {}),
    ("rooms:archive_create", "group"): (*MODERATION, {}),
    ("rooms:archive_delete", "group"): (*MODERATION, {}),
    ("rooms:role_update", "member"): (*MODERATION, {}),
    ("rooms:member_delete", "member"): (*MODERATION, {}),
    ("rooms:ban_create", "member"): (*MODERATION, {}),
    ("rooms:ban_list", "group"): (*MODERATION, {}),
    ("rooms:ban_delete", "ban"): (*MODERATION, {}),
    ("rooms:member_create", "group"): (*MODERATION, {}),
    ("rooms:room_invitation_list", "group"): (*MODERATION, {}),
    ("rooms:room_invitation_delete", "invitation"): (*MODERATION, {}),
    ("rooms:pin_update", "message in a group"): (*MODERATION, {"reason": "Read this"}),
    ("rooms:pin_delete", "message in a group"): (*MODERATION, {}),
    ("rooms:saved_message_update", "message"): (*SETTINGS, {"note": "Later"}),
    ("rooms:saved_message_delete", "message"): (*SETTINGS, {}),
    ("rooms:report_dismiss", "message in a group"): (*MODERATION, {}),
    ("rooms:message_delete", "message in a group"): (*MODERATION, {}),
    ("rooms:message_delete", "own message"): ("edit_per_user", "member", {}),
    ("rooms:message_update", "own message"): ("edit_per_user", "member", {"content": "Other", "since": "0"}),
    ("rooms:message_create", "group"): ("post_per_user", "member", {"content": "Hello", "token": TOKEN}),
    ("rooms:reply_list", "message"): ("post_per_user", "member", {"content": "Hello", "token": TOKEN}),
    ("rooms:forward_create", "message"): ("post_per_user", "member", {"room": "1"}),
    ("rooms:reaction_create", "message"): ("react_per_user", "member", {"emoji": "👍"}),
    ("rooms:message_file_detail", "file of an own message"): ("edit_per_user", "member", {}),
    ("rooms:message_file_delete", "file of an own message"): ("edit_per_user", "member", {}),
    ("rooms:report_create", "message"): ("report_per_user", "member", {"reason": "spam"}),
    ("rooms:read_receipt_create", "group"): (*READING, {"upto": "1"}),
    ("rooms:read_marker_reset", "message"): (*READING, {}),
    ("rooms:read_receipt_create_all", None): (*READING, {}),
    ("rooms:account_delete", None): (*SETTINGS, {"words": "keep", "is_certain": "on"}),
    ("rooms:export_detail", None): ("export_per_user", "member", {}),
    ("rooms:room_export_create", "group"): ("export_per_user", "owner", {}),
    ("rooms:membership_update", "group"): (*SETTINGS, {"notify": "all", "mute": "no"}),
    ("rooms:favourite_update", "group"): (*SETTINGS, {"is_favourite": "on"}),
    ("rooms:hidden_update", "group"): (*SETTINGS, {"is_hidden": "on"}),
    ("rooms:membership_create", "group"): ("join_per_user", "outsider", {}),
    ("accounts:settings_update", None): (*SETTINGS, USUAL),
    ("accounts:password_update", None): (
        *SETTINGS,
        dict.fromkeys(["new_password", "repeated_password"], "a very long secret"),
    ),
    ("accounts:session_delete_others", None): (*SETTINGS, {}),
    ("accounts:session_delete", "session"): (*SETTINGS, {}),
    ("accounts:block_create", "person id"): ("block_per_user", "member", {}),
    ("rooms:message_search", None): ("search_per_user", "member", {}),
    ("rooms:draft_update", "group"): ("draft_per_user", "member", {"content": "Hello", "token": TOKEN}),
    ("accounts:block_delete", "person id"): ("block_per_user", "member", {}),
    ("accounts:profile_update", None): ("profile_per_user", "member", {"status_ends": "never"}),
    ("accounts:avatar_update", None): ("upload_per_user", "member", {}),
    ("accounts:avatar_delete", None): ("profile_per_user", "member", {}),
}
UNLIMITED = {
    "accounts:login": "counted by address: tests/accounts/test_limits.py",
    "accounts:first_steps_delete": "only its session forgets that",
    "accounts:logout": "ends the session that does it",
    "accounts:entry_link_detail": "uses up the link, of which there is one",
    "accounts:entry_link_create": "limited, where ENTERING has it: tests/accounts/test_entering.py",
    "accounts:invitation_list": "limited, where ENTERING has it: tests/accounts/test_entering.py",
    "accounts:invitation_delete": "there is none any more; making others is limited",
    "accounts:staff_link_detail": "uses up the link, which a command makes",
    "accounts:password_link_detail": "uses up the link, which staff or a command make",
    "accounts:invitation_detail": "uses up the link, and those are limited",
    "accounts:password_delete": "there is none any more; setting another one is limited",
    "rooms:typing_indicator_create": "dropped without a word: tests/rooms/test_limits.py",
    "rooms:read_receipt_undo_all": "undoes what is limited, once",
}


def takes_post(row):
    return any(statuses_of(row, who).split()[2] not in ("405", "501") for who in WHO if who != "anonymous")


def test_everything_that_can_be_repeated_is_limited_or_has_a_reason_not_to_be():
    limited = {name for name, _place in LIMITED}
    assert limited | UNLIMITED.keys() == {name for (name, _place), row in TABLE.items() if takes_post(row)}
    assert not limited & UNLIMITED.keys()


@pytest.mark.parametrize(("name", "place"), LIMITED)
def test_what_is_repeated_too_often_is_refused(
    ada, mallory, room, address, client_for, limit, monkeypatch, name, place
):
    rate, who, fields = LIMITED[name, place]
    monkeypatch.setattr(limits, "memory", limits.Memory())
    url, client = address(name, place), client_for(who)
    person = mallory if who == "outsider" else ada
    make_message(room, person) if who != "outsider" else None  # posts are counted by what is there
    limit(**{rate: Rate(1, 3600)})
    limits.take(rate, person.pk)
    limits.memory.take(rate, person.pk)
    response = client.post(url, fields)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 3000
