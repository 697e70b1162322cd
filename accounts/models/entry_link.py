import secrets
from datetime import timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models.user import User


def digest_of(token: str) -> str:
    return salted_hmac("accounts.EntryLink", token, algorithm="sha256").hexdigest()


class EntryLinkQuerySet(models.QuerySet["EntryLink"]):
    def issue(self, user: User) -> str:
        """Return the token of a new link for another browser of `user`, in place of the last one."""
        with transaction.atomic():
            self.filter(user=user).delete()
            return self._issue(EntryLink.LIFETIME, user=user)

    def issue_anew(self, user: User, created_by: User | None = None) -> str:
        """Return the token of a link that `created_by` hands to `user`; None made it with a command.

        All browsers of `user` are logged out, so they notice if somebody else uses the link.
        """
        with transaction.atomic():
            user.end_other_sessions(None)
            return self._issue(EntryLink.HANDED_LIFETIME, user=user, created_by=created_by)

    def invite(self, created_by: User | None = None) -> str:
        """Return the token of a link for a new person; None made it with a command."""
        return self._issue(EntryLink.INVITATION_LIFETIME, created_by=created_by)

    def issue_for_staff(self) -> str:
        """Return the token of a link that makes staff of a person, in place of the last one."""
        with transaction.atomic():
            self.filter(for_staff=True).delete()
            return self._issue(EntryLink.HANDED_LIFETIME, for_staff=True)

    def issue_for_password(self, user: User, created_by: User | None = None) -> str:
        """Return the token of a link by which `user` sets a new password, in place of the last one.

        `created_by` hands it to them; None made it with a command.
        """
        with transaction.atomic():
            self.filter(user=user, for_password=True).delete()
            return self._issue(EntryLink.HANDED_LIFETIME, user=user, created_by=created_by, for_password=True)

    def _issue(self, lifetime: timedelta, **fields: Any) -> str:
        token = secrets.token_urlsafe(32)  # kept nowhere
        self.create(digest=digest_of(token), expires_at=timezone.now() + lifetime, **fields)
        return token

    def valid(self) -> Self:
        """Links that work now: the maker of a link for somebody else still has to be staff."""
        is_by_staff = Q(created_by__is_active=True, created_by__is_staff=True)
        return self.filter(is_by_staff | Q(created_by=None), expires_at__gt=timezone.now())

    def over(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())

    def invitations(self) -> Self:
        return self.valid().filter(user=None, for_staff=False)

    def with_token(self, token: str) -> "EntryLink | None":
        return self.valid().select_related("user", "created_by").filter(digest=digest_of(token)).first()


class EntryLink(models.Model):
    """A link that works once: to log in on another browser or, without a user, to make an account.

    One `for_staff` comes from a command. Whoever has it runs Hearth, and may do everything in the admin. One
    `for_password` is for somebody who has forgotten theirs.
    """

    LIFETIME = timedelta(minutes=10)
    HANDED_LIFETIME = timedelta(days=1)
    INVITATION_LIFETIME = timedelta(days=7)

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="entry_links")
    # A member of staff; None if `user` or a command made it.
    created_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="entry_links_for_others")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    for_staff = models.BooleanField(default=False, db_default=False)
    for_password = models.BooleanField(default=False, db_default=False)

    objects = EntryLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"entry link {self.pk}"

    def use(self) -> bool:
        """Return whether this was the one time."""
        return bool(EntryLink.objects.valid().filter(pk=self.pk).delete()[0])

    def admit(self, name: str, password: str, display_name: str = "") -> User | None:
        """Use the link up and return a new user; None if it has been used.

        Raises IntegrityError if the name looks like somebody else's; the link then stays.
        """
        with transaction.atomic():
            if not self.use():
                return None
            make = User.objects.create_superuser if self.for_staff else User.objects.create_user
            return make(name, password, display_name=display_name)

    def make_staff(self, user: User, password: str) -> bool:
        """Use the link up for somebody who is here already; return whether this was the one time."""
        with transaction.atomic():
            if not self.use():
                return False
            user.is_staff = user.is_superuser = True
            user.set_password(password)
            user.save(update_fields=["is_staff", "is_superuser", "password"])
            user.ring_access()
            return True

    def set_password(self, password: str) -> bool:
        """Use the link up for a new password; all sessions end. Return whether this was the one time."""
        with transaction.atomic():
            if not self.user or not self.use():
                return False
            self.user.change_password(password)
            self.user.end_other_sessions(None)
            return True
