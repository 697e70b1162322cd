"""Sessions in the database, read together with the people whose they are."""

from typing import Any

from django.contrib.sessions.backends import db
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from config.compiled import MOMENT, TEXT, CompiledQuery

user_with_session = CompiledQuery(
    lambda key, now: User.objects.filter(
        login_sessions__session=key, login_sessions__session__expire_date__gt=now
    ).annotate(session_data=F("login_sessions__session__session_data")),
    key=TEXT,
    now=MOMENT,
)


class SessionStore(db.SessionStore):
    """A cookie may hold any character, but PostgreSQL takes no NUL: such a key is that of no session.

    `last_user` is the person whose session it was when it was last used, as read with it. Only
    `accounts.sessions.user_of` says whether they are logged in.
    """

    last_user: User | None = None

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(None if "\0" in (session_key or "") else session_key)

    def load(self) -> dict[str, Any]:
        user = user_with_session.first(key=self.session_key, now=timezone.now())
        if user is None:  # nobody has used it yet, or it is over
            loaded: dict[str, Any] = super().load()
            return loaded
        self.last_user = user
        decoded: dict[str, Any] = self.decode(user.session_data)
        return decoded
