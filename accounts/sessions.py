"""Note which sessions are used, at most once a minute each, and let them go on."""

import time

from django.contrib.auth import logout
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import limits
from accounts.models import LoginSession, UsedAddress, User

INTERVAL = 60.0
USED_ON = "used_on"  # a day; in a session
_FORGET_FROM = 10_000  # entries
_noted: dict[str, float] = {}  # by session key; when this process last noted it


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
