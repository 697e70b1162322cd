"""A stream to oneself, for `manage.py doctor`: it shows what is between Hearth and those who read it."""

import asyncio
import json
from urllib.parse import parse_qs

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings

from config.addresses import is_proxy
from config.doctor.finding import is_own
from config.doctor.outside import LAST, LETTER, PAUSE, SECOND, SEEN
from config.events import body, respond, start
from rooms.live.endpoints.stream import HEADERS, PLAIN

# Proxies that hold something back wait for as much as this.
PADDING = b": " + b"." * 1024


async def probe(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer those only who have the secret key: `GET /doctor?letter=…`."""
    letters = parse_qs(scope["query_string"].decode("latin-1")).get("letter", [""])
    if scope["method"] != "GET" or not is_own(letters[0]):
        return await respond(send, 404, PLAIN, b"not found")
    await send(start(200, HEADERS))
    seen = json.dumps(seen_of(scope)).encode()
    await send(body(SEEN + b"\ndata: " + seen + b"\n" + PADDING + b"\n\n", more=True))
    await asyncio.sleep(PAUSE)
    await send(body(SECOND + b"\ndata: -\n\n", more=True))
    await asyncio.sleep(settings.HEARTBEAT_INTERVAL.total_seconds())
    await send(body(LAST + b"\ndata: -\n\n"))


def is_of_the_doctor(scope: HTTPScope) -> bool:
    """Whether a form with files is one of the doctor, which is nobody's and has the letter in its head."""
    letters = [value for name, value in scope["headers"] if name == LETTER.lower().encode()]
    return len(letters) == 1 and is_own(letters[0].decode("latin-1"))


async def take_in(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Take a body as it comes, keep nothing, and answer when it is whole."""
    while (message := await receive())["type"] == "http.request":
        if not message["more_body"]:
            return await respond(send, 200, PLAIN, b"taken")


def seen_of(scope: HTTPScope) -> dict[str, str | bool]:
    """Return what is known of a request, as a proxy has handed it on."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    peer = (scope.get("client") or ("",))[0]
    return {
        "peer": peer,
        "is_trusted": is_proxy(peer),
        "host": headers.get(b"host", ""),
        "proto": headers.get(b"x-forwarded-proto", ""),
        "forwarded_for": headers.get(b"x-forwarded-for", ""),
    }
