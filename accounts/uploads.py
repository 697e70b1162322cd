"""The people from whom large bodies are taken."""

import io

from asgiref.typing import HTTPScope
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest

from accounts import sessions
from accounts.models import User
from accounts.session_store import SessionStore


def uploader(scope: HTTPScope) -> User | None:
    """Return the person who is logged in; None for a stranger. The body is not read for it."""
    request = ASGIRequest(scope, io.BytesIO())
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = sessions.user_of(request)
    return user if isinstance(user, User) and user.may_stay else None
