"""Posts a message in each of many processes, in each of which another call of the system may fail.

`python -m tests.faults.sweep` prints a room and a session to post with. With these, the name of a system call
and tokens, it posts a message for each token. strace lets the LAST call of a process fail; a process makes as
many calls of its own beforehand that this is the first one that SQLite makes, or the second, and so on.
It prints what became of each message, a number of HTTP, unless its process was killed.
"""

import os
import sys
import tempfile
import time
from importlib import import_module
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.test import Client  # noqa: E402

from accounts import sessions  # noqa: E402

LAST = 16
HERE = {"SERVER_NAME": "127.0.0.1"}


def prepare() -> tuple[int, str]:
    from rooms.models import ChatRoom

    user = get_user_model().objects.enter("kim")
    client = Client()
    client.force_login(user)
    room = ChatRoom.objects.create_group("Sweep", user)
    return room.pk, client.cookies[settings.SESSION_COOKIE_NAME].value


def post(room_id: str, session: str, token: str) -> int:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    form = {"content": f"the one of {token}", "token": token}
    return client.post(f"/rooms/{room_id}/messages/", form, **HERE).status_code


def call_often(call: str, times: int) -> None:
    with tempfile.TemporaryFile() as file:
        for _time in range(times):
            if call == "pwrite64":
                os.pwrite(file.fileno(), b"", 0)
            else:
                os.fdatasync(file.fileno())


def main(room_id: str, session: str, call: str, *tokens: str) -> None:
    import_module(settings.ROOT_URLCONF)
    sessions._noted[session] = time.monotonic()  # as if it had been in use for a while
    for number, token in enumerate(tokens, start=1):
        if not (pid := os.fork()):
            call_often(call, LAST - number)
            os.write(1, f"{UUID(token)} {post(room_id, session, token)}\n".encode())
            os._exit(0)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    if sys.argv[1:]:
        main(*sys.argv[1:])
    else:
        print(*prepare())
