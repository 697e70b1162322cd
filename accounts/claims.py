"""Which browser a name belongs to, where `ENTERING` is `claimed`."""

import hashlib
import secrets
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponseBase

from accounts.models import Claim, LoginSession, User

COOKIE = f"{settings.COOKIE_PREFIX}hearth_browser"
_SALT = "accounts.claims"
_TOKEN = "hearth.browser"  # noqa: S105 (where a request keeps it)


def take(user: User, request: HttpRequest) -> bool:
    """Return whether the name belongs to this browser, from now on if it was free.

    It is free until somebody has logged in with it, in whatever way. A name that has lost its browsers is
    locked: what was written under it is not for the next person to type it.
    """
    browser = _browser(request)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)  # one at a time
        if user.claims.filter(browser=browser).exists():
            return True
        if is_held(user) or _is_used(user):
            return False
        user.claims.create(browser=browser)
        return True


def is_held(user: User) -> bool:
    """Whether there is a browser that could let another one in."""
    return user.claims.exists() or bool(LoginSession.objects.of(user))


def _is_used(user: User) -> bool:
    return user.last_login is not None or user.memberships.exists() or user.messages.exists()


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the name belong to this browser as long as it keeps coming back."""
    if settings.ENTERING != "claimed" or not isinstance(request.user, User):
        return
    if not request.user.is_entered_by_name:
        return
    with suppress(DatabaseError), transaction.atomic():
        claim, _is_new = Claim.objects.get_or_create(user=request.user, browser=_browser(request))
        claim.note_use()
        LoginSession.objects.filter(session=request.session.session_key).update(claim=claim)
        response.set_signed_cookie(
            COOKIE,
            _token(request),
            salt=_SALT,
            max_age=Claim.LIFETIME,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )


def _token(request: HttpRequest) -> str:
    """Return the value that the cookie has, or will have."""
    if _TOKEN not in request.META:
        said = request.get_signed_cookie(COOKIE, default=None, salt=_SALT)
        request.META[_TOKEN] = said or secrets.token_urlsafe(32)
    return str(request.META[_TOKEN])


def _browser(request: HttpRequest) -> str:
    return hashlib.sha256(_token(request).encode()).hexdigest()
