from typing import Self

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.browsers import browser_in_words
from accounts.models.claim import Claim
from accounts.models.user import User


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    def of(self, user: User) -> "list[LoginSession]":
        """Sessions with which `user` is logged in, the last used first."""
        return [one for one in self.not_expired(user) if one.is_valid_for(user)]

    def not_expired(self, user: User) -> Self:
        """Sessions of `user`, the last used first; not all of them have to be valid."""
        going_on = self.filter(user=user, session__expire_date__gt=timezone.now()).select_related("session")
        return going_on.order_by("-last_seen", "-pk")

    def end(self) -> None:
        """Log out these browsers, which also lose their claims; their streams end at once."""
        with transaction.atomic():
            users = list(User.objects.filter(login_sessions__in=self).distinct())
            Claim.objects.filter(login_sessions__in=self).delete()
            Session.objects.filter(login_session__in=self).delete()
            for user in users:
                user.ring_ended()


class LoginSession(models.Model):
    """What users see of their sessions: the browser, and when it was last used."""

    USER_AGENT_MAX_LENGTH = 300

    session = models.OneToOneField(Session, models.CASCADE, related_name="login_session")
    user = models.ForeignKey(User, models.CASCADE, related_name="login_sessions")
    claim = models.ForeignKey(Claim, models.SET_NULL, null=True, related_name="login_sessions")
    user_agent = models.CharField(max_length=USER_AGENT_MAX_LENGTH, blank=True)
    last_seen = models.DateTimeField(default=timezone.now)

    objects = LoginSessionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def browser(self) -> str:
        return browser_in_words(self.user_agent)

    def is_valid_for(self, user: User) -> bool:
        """Whether the user's password is still the same."""
        told = self.session.get_decoded().get(HASH_SESSION_KEY, "")
        return constant_time_compare(told, user.get_session_auth_hash())
