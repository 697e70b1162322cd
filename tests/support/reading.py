"""Watch what is read of requests, so that tests know of all of it by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.forms.forms import BaseForm
from django.http import QueryDict, parse_cookie
from django.http.request import HttpHeaders

FIELD, PARAMETER, COOKIE, HEADER = "field", "parameter", "cookie", "header"

type Note = Callable[[str], None]


def plain(name: str) -> str:
    """Return the name of a header as it goes over the wire."""
    return name.removeprefix("HTTP_").replace("_", "-").lower()


def noting(kind: Any, methods: tuple[str, ...], note: Note) -> Any:
    """Return a kind of mapping that notes the keys that it is asked for, also those that it does not have."""

    def asked(name: str) -> Any:
        method = getattr(kind, name)

        def look(mapping: Any, key: Any, *rest: Any) -> Any:
            note(key)
            return method(mapping, key, *rest)

        return look

    return type(kind.__name__, (kind,), {name: asked(name) for name in methods})


class Reading:
    """`keys` has what was asked of the parts of requests, and `forms` which forms were filled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: set[tuple[str, str]] = set()
        self.forms: dict[type[BaseForm], BaseForm] = {}
        of_forms, of_dicts = (
            ("__getitem__", "get", "getlist", "__contains__"),
            ("__getitem__", "get", "__contains__"),
        )
        parameters = noting(QueryDict, of_forms, self.note(PARAMETER))
        fields = noting(QueryDict, of_forms, self.note(FIELD))
        cookies = noting(dict, of_dicts, self.note(COOKIE))
        headers = noting(HttpHeaders, ("__getitem__",), self.note(HEADER))
        self.environ_type = noting(dict, of_dicts, self.note_variable)
        monkeypatch.setattr("django.core.handlers.wsgi.QueryDict", parameters)
        monkeypatch.setattr("django.http.request.QueryDict", fields)
        monkeypatch.setattr(
            "django.core.handlers.wsgi.parse_cookie", lambda text: cookies(parse_cookie(text))
        )
        monkeypatch.setattr("django.http.request.HttpHeaders", headers)
        self.note_forms(monkeypatch)

    def note(self, kind: str) -> Note:
        return lambda key: self.keys.add((kind, plain(key) if kind == HEADER else key))

    def note_variable(self, key: str) -> None:
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            self.keys.add((HEADER, plain(key)))

    def note_forms(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def full_clean(form: Any, clean: Any = BaseForm.full_clean) -> None:
            clean(form)
            if form.is_bound:
                self.forms[type(form)] = form

        monkeypatch.setattr(BaseForm, "full_clean", full_clean)

    def forget(self) -> None:
        self.keys.clear()
        self.forms.clear()
