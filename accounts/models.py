"""The people of Hearth."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.models import Session
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.browsers import browser_in_words
from rooms.live import doorbell


class NameTaken(Exception):
    """Somebody else has a name that looks like the one asked for."""


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(canonical_name=names.canonical(username or ""))

    def named(self, name: str) -> "User | None":
        """Return the user of that name, however it is written, or None."""
        return self.filter(canonical_name=names.canonical(name)).first()

    def enter(self, name: str) -> "User":
        """Return the user of that name, made now if there is none.

        `name` has passed `names.validate`. Raises NameTaken when it looks like somebody else's name.
        """
        if user := self.named(name):
            return user
        try:
            with transaction.atomic():
                return self.create_user(name)
        except IntegrityError:
            # The same name a moment ago, from another tab or process, or a lookalike of another name.
            if user := self.named(name):
                return user
            raise NameTaken from None

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=names.normalize(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        transaction.on_commit(lambda: doorbell.ring("person", user=user.pk), robust=True)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by a name; with a password only if they or an administrator set one."""

    username = models.CharField(_("name"), max_length=names.MAX_LENGTH, unique=True)
    canonical_name = models.CharField(max_length=4 * names.MAX_LENGTH, unique=True, editable=False)
    skeleton = models.CharField(max_length=4 * names.MAX_LENGTH, unique=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    # Who hides something of their own does not see it of others either.
    sends_read_receipts = models.BooleanField(_("others see what I have read"), default=True)
    shows_presence = models.BooleanField(_("others see when I am online"), default=True)
    plays_sound = models.BooleanField(_("play a sound for new messages"), default=False)
    # Moved ahead while a stream of theirs is open; in the past, it is when they were seen last.
    online_until = models.DateTimeField(null=True, editable=False, db_index=True)

    # How long somebody counts as online after a process last said so, which it does with every heartbeat.
    ONLINE_FOR = 3 * settings.HEARTBEAT_INTERVAL
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.canonical_name = names.canonical(self.username)
        self.skeleton = names.skeleton(self.username)
        super().save(*args, **kwargs)

    def change_password(self, password: str | None) -> None:
        """Set the password, or take it away with None. Sessions from before end, with their streams."""
        self.set_password(password)
        self.save(update_fields=["password"])
        transaction.on_commit(self.ring_access, robust=True)

    def ring_access(self) -> None:
        """End streams that may not go on; the others come back at once, with what their session is now."""
        doorbell.ring("settings", user=self.pk)
        doorbell.ring("access", user=self.pk)

    def ring_ended(self) -> None:
        """End streams whose session has ended."""
        doorbell.ring("access", user=self.pk)

    @property
    def may_lack_password(self) -> bool:
        return not (self.is_staff or self.is_superuser)

    @property
    def is_online(self) -> bool:
        """Whether others see that they are online."""
        return self.shows_presence and self.online_until is not None and self.online_until > timezone.now()

    @property
    def last_seen(self) -> datetime | None:
        """When others see that their last stream was open, to a heartbeat; None for never or hidden."""
        return self.online_until - self.ONLINE_FOR if self.online_until and self.shows_presence else None

    @property
    def is_entered_by_name(self) -> bool:
        """Whether the name alone is enough to enter: never for staff or where there is a password."""
        return self.may_lack_password and not self.has_usable_password() and self.is_active


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    def of(self, user: User) -> "list[LoginSession]":
        """Sessions with which `user` is logged in, the last used first."""
        going_on = self.filter(user=user, session__expire_date__gt=timezone.now()).select_related("session")
        return [one for one in going_on.order_by("-last_seen", "-pk") if one.is_valid_for(user)]

    def end(self) -> None:
        """Log out these browsers; their streams end at once."""
        with transaction.atomic():
            users = list(User.objects.filter(login_sessions__in=self).distinct())
            Session.objects.filter(login_session__in=self).delete()
            for user in users:
                transaction.on_commit(user.ring_ended, robust=True)


class LoginSession(models.Model):
    """What a user is shown of a session: which browser it is in, and when it was last used."""

    USER_AGENT_MAX_LENGTH = 300

    session = models.OneToOneField(Session, models.CASCADE, related_name="login_session")
    user = models.ForeignKey(User, models.CASCADE, related_name="login_sessions")
    user_agent = models.CharField(max_length=USER_AGENT_MAX_LENGTH, blank=True)
    last_seen = models.DateTimeField(default=timezone.now)

    objects = LoginSessionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def browser(self) -> str:
        return browser_in_words(self.user_agent)

    def is_valid_for(self, user: User) -> bool:
        """Whether the user has had the same password since."""
        told = self.session.get_decoded().get(HASH_SESSION_KEY, "")
        return constant_time_compare(told, user.get_session_auth_hash())


class Allowance(models.Model):
    """What is left of a limit: `accounts.limits` counts with it."""

    key = models.CharField(max_length=60, primary_key=True)
    # When all of it is there again, in seconds since 1970. A row whose moment has passed says nothing.
    whole_at = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return self.key
