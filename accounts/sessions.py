"""Whose a session is; which sessions are used, noted at most once a minute each, so that they go on."""

import time

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user, logout
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import limits
from accounts.models import LoginSession, UsedAddress, User
from accounts.session_store import SessionStore

INTERVAL = 60.0
PLAIN_BACKEND = "django.contrib.auth.backends.ModelBackend"
USED_ON = "used_on"  # a day; in a session
_FORGET_FROM = 10_000  # entries
_noted: dict[str, float] = {}  # by session key; when this process last noted it


def user_of(request: HttpRequest) -> User | AnonymousUser:
    """Return who is logged in with the session of `request`.

    It is read in one statement, with its user. What is not as plain as that is left to Django, which asks for
    the user again: the first request of a session, a changed password, a secret key that was replaced.
    """
    session: SessionStore = request.session  # type: ignore[assignment]  # SESSION_ENGINE
    return session.last_user if _is_plainly_theirs(session) else get_user(request)  # type: ignore[return-value]


def _is_plainly_theirs(session: SessionStore) -> bool:
    """Whether its last user is logged in with it, by all that Django looks at."""
    user_id, password = session.get(SESSION_KEY), session.get(HASH_SESSION_KEY)  # reads it
    user = session.last_user
    return (
        user is not None
        and user.is_active
        and user_id == str(user.pk)
        and session.get(BACKEND_SESSION_KEY) == PLAIN_BACKEND in settings.AUTHENTICATION_BACKENDS
        and isinstance(password, str)
        and constant_time_compare(password, user.get_session_auth_hash())
    )


def note(request: HttpRequest) -> bool:
    """Say that the session of `request`, which is somebody's, is used now by this browser.

    Return whether it was noted, which is not worth failing a request for.
    """
    if request.session.session_key is None:
        request.session.save()
    key, now = request.session.session_key or "", time.monotonic()
    if now - _noted.get(key, -INTERVAL) < INTERVAL:
        return False
    try:
        _save(request, key)
    except DatabaseError:
        return False
    if len(_noted) >= _FORGET_FROM:
        _noted.clear()
    _noted[key] = now
    _prolong(request)
    return True


def log_out(request: HttpRequest) -> None:
    """End the session of `request`, and the streams that it opened if it was somebody's."""
    user = request.user
    logout(request)
    if isinstance(user, User):
        user.ring_ended()


def _prolong(request: HttpRequest) -> None:
    """Let what is used go on, once a day: it would end 14 days after it began, however it is used."""
    today = timezone.now().date().isoformat()
    if request.session.get(USED_ON) != today:
        request.session[USED_ON] = today


def _save(request: HttpRequest, key: str) -> None:
    user_agent = request.headers.get("User-Agent", "")[: LoginSession.USER_AGENT_MAX_LENGTH]
    fields = {"user_id": request.user.pk, "user_agent": user_agent, "last_seen": timezone.now()}
    with transaction.atomic():
        if not LoginSession.objects.filter(session=key).update(**fields):
            LoginSession.objects.create(session_id=key, **fields)
        if isinstance(request.user, User):
            UsedAddress.objects.note(request.user, limits.address_of(request))
