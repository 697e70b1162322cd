"""Sessions in the database, read together with the people whose they are."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User
from config.compiled import MOMENT, TEXT, CompiledQuery

going_on = CompiledQuery(
    lambda key, now: Session.objects.select_related("login_session__user").filter(
        pk=key, expire_date__gt=now
    ),
    key=TEXT,
    now=MOMENT,
)


class SessionStore(db.SessionStore):
    """A cookie may hold any character, but PostgreSQL takes no NUL: such a key is that of no session.

    `last_user` is who used it last, as they were when it was read. Who is logged in with it, only
    `accounts.sessions.user_of` says.
    """

    last_user: User | None = None

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(None if "\0" in (session_key or "") else session_key)

    def load(self) -> dict[str, Any]:
        if not (found := going_on.first(key=self.session_key, now=timezone.now())):
            self._session_key = None
            return {}
        if login_session := getattr(found, "login_session", None):  # noted by the first answer
            self.last_user = login_session.user
        decoded: dict[str, Any] = self.decode(found.session_data)
        return decoded
