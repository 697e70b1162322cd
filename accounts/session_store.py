"""Sessions in the database."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A cookie may hold any character, but PostgreSQL takes no NUL: such a key is that of no session."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(None if "\0" in (session_key or "") else session_key)
