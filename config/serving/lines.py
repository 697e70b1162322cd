"""The connection behind an answer, of which ASGI says nothing."""

from functools import partial
from typing import Any

from asgiref.typing import ASGISendCallable


def unsent_bytes(send: ASGISendCallable) -> int:
    """Return how much Daphne holds for the reader behind `send`; 0 for servers that push back by themselves.

    Daphne takes whatever it is given and never closes a reader who has stopped reading
    (https://github.com/django/daphne/issues/170).
    """
    transport = _daphne_transport(send)
    return len(transport.dataBuffer) + transport._tempDataLen if transport else 0


def abort(send: ASGISendCallable) -> bool:
    """Close the connection behind `send`, of Daphne or uvicorn, without waiting for its reader.

    Return whether that was possible; `receive` then tells of the disconnect.
    """
    if transport := _daphne_transport(send):
        transport.abortConnection()
    elif transport := getattr(getattr(send, "__self__", None), "transport", None):
        transport.abort()
    return transport is not None


def _daphne_transport(send: ASGISendCallable) -> Any:
    if not (isinstance(send, partial) and send.args):
        return None
    transport = getattr(getattr(send.args[0], "channel", None), "transport", None)
    return transport if hasattr(transport, "_tempDataLen") else None
