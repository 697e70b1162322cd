"""Answers without a page: a sentence for requests that the server does not pass on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from config import events
from config.languages import language_of
from config.middleware import error_sentence, make_fragment
from config.serving.headers import Headers, missing_in
from config.serving.wsgi_threads import Receive

# How long a refused sender may go on sending before looking at the answer.
LINGER_SECONDS = 5.0
RETRY_AFTER = {429: "10", 503: "2"}


def refusal(status: int, headers: Headers, sentence: Callable[[], str] | None = None) -> HttpResponse:
    """Return an answer that is a sentence in the language of whoever sent `headers`, for htmx a fragment.

    The connection is over with it: what else comes is no request.
    """
    with translation.override(language_of(headers)):
        text = sentence() if sentence else error_sentence(status)
        response = HttpResponse(text, "text/plain; charset=utf-8", status)
        if (b"hx-request", b"true") in headers:
            make_fragment(response, text)
    response["Content-Length"] = str(len(response.content))
    response["Connection"] = "close"
    if status in RETRY_AFTER:
        response["Retry-After"] = RETRY_AFTER[status]
    return response


def lines_of(response: HttpResponse) -> list[tuple[bytes, bytes]]:
    lines = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    return lines + missing_in(lines)


def raw(status: int, headers: Headers) -> bytes:
    """Return a refusal as it goes over the wire, for requests that no application gets to see."""
    response = refusal(status, headers)
    head = b"".join(b"%s: %s\r\n" % line for line in lines_of(response))
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (
        status,
        HTTPStatus(status).phrase.encode(),
        head,
        response.content,
    )


async def refuse(
    scope: HTTPScope,
    receive: ASGIReceiveCallable | Receive,
    send: ASGISendCallable,
    status: int,
    sentence: Callable[[], str] | None = None,
) -> None:
    """Answer now, and discard what still arrives: if it closed at once, the sender would not see why."""
    response = refusal(status, scope["headers"], sentence)
    await send(events.start(status, lines_of(response)))
    await send(events.body(response.content, more=True))
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
                pass
    await send(events.body())


def no_space() -> str:
    return _("There is no space left for this on the server. Your text can be sent without it.")


def busy() -> str:
    return _("Many files are being sent right now. Try again in a moment.")
