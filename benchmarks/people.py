"""Make people who are logged in and share a room; print what they need to post and to open streams.

Usage: python -m benchmarks.people <number>, with the DATA_DIR of a server that was set up.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main(number: int) -> None:
    django.setup()

    from django.conf import settings
    from django.contrib import auth
    from django.db import transaction
    from django.utils.crypto import get_random_string

    from accounts.models import User
    from accounts.names import canonical
    from accounts.session_store import SessionStore
    from rooms.models import ChatRoom, Membership

    names = [f"guest{index}" for index in range(number)]
    with transaction.atomic():
        for name in names:
            user = User(username=name, canonical_name=canonical(name))
            user.set_unusable_password()
            user.save()
        people = list(User.objects.filter(username__in=names).order_by("pk"))
        room = ChatRoom.objects.create_group("Market place")
        Membership.objects.bulk_create([Membership(room=room, user=user) for user in people])
        found = []
        for user in people:
            session = SessionStore()
            session[auth.SESSION_KEY] = str(user.pk)
            session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save()
            found.append(
                {
                    "id": user.pk,
                    "session": session.session_key,
                    "csrf": get_random_string(32),
                }
            )
    print(json.dumps({"room": room.pk, "revision": room.revision, "people": found}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
