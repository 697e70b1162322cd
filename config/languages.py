"""The language of an answer."""

from collections.abc import Iterable

from asgiref.typing import HTTPScope
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation


def chosen_language(*choices: str | None) -> str | None:
    """Return the first of the choices that Hearth speaks, if any."""
    return next((choice for choice in choices if choice in dict(settings.LANGUAGES)), None)


def accepted_language(scope: HTTPScope) -> str:
    """Return the language that the browser asks for, among those of Hearth."""
    return language_of(scope["headers"])


def language_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    lines = [value for name, value in headers if name == b"accept-language"]
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = b",".join(lines).decode("latin-1")
    return translation.get_language_from_request(request)
