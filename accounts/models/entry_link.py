import secrets
from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models.user import User


def digest_of(token: str) -> str:
    return salted_hmac("accounts.EntryLink", token, algorithm="sha256").hexdigest()


class EntryLinkQuerySet(models.QuerySet["EntryLink"]):
    def issue(self, user: User | None) -> str:
        """Return the token of a new link for another browser of `user`, or with None for a new person.

        It is kept nowhere. There is one link per user; another one takes the place of the last.
        """
        self.filter(expires_at__lte=timezone.now()).delete()
        if user:
            self.filter(user=user).delete()
        token = secrets.token_urlsafe(32)
        lifetime = EntryLink.LIFETIME if user else EntryLink.INVITATION_LIFETIME
        self.create(user=user, digest=digest_of(token), expires_at=timezone.now() + lifetime)
        return token

    def with_token(self, token: str) -> "EntryLink | None":
        going_on = self.filter(expires_at__gt=timezone.now()).select_related("user")
        return going_on.filter(digest=digest_of(token)).first()


class EntryLink(models.Model):
    """A link that can be used once: to enter in another browser, or without a user, to become one."""

    LIFETIME = timedelta(minutes=10)
    INVITATION_LIFETIME = timedelta(days=7)

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="entry_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    objects = EntryLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"entry link {self.pk}"

    def use(self) -> bool:
        """Return whether this was the one time."""
        return bool(EntryLink.objects.filter(pk=self.pk).delete()[0])
