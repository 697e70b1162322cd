"""The people of Hearth."""

from collections.abc import Collection
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.models.avatar import DIGEST_LENGTH, SIZES, Avatar, digest_of
from accounts.models.name_shape import NameShape
from accounts.signals import deactivated
from accounts.time_zones import is_time_zone
from config import doorbell
from config.folding import FOLDED_FIELDS, Foldable, is_unfolded

# Names of people who have deleted their accounts begin with it, which no other name can.
FORMER_SIGN = "~"
# How long nobody else can take the name of somebody who has left.
NAME_KEPT_FOR = timedelta(days=30)


class NameTaken(Exception):
    """Somebody else has a name or display name that looks like the one asked for."""


STATUS_MAX_LENGTH = 100
PROFILE_FIELDS = frozenset(
    [
        *(
            "display_name",
            "status",
            "status_until",
            "avatar_digest",
            "shows_local_time",
            "profile_changed_at",
        ),
        *FOLDED_FIELDS,
    ]
)
# What somebody gives up who deletes their account: all of it is as in a new row.
GIVEN_UP = (
    *("display_name", "status", "status_until", "avatar_digest", "online_until", "last_login", "language"),
    *("time_zone", "shows_local_time", "sends_read_receipts", "plays_sound", "announcements", "theme"),
    *("contrast", "text_size", "notify", "replies_mention", "reactions_notify", "enter_sends"),
    *("is_staff", "is_superuser"),
)
FORMER_FIELDS = (
    *GIVEN_UP,
    *("username", "canonical_name", "skeleton", "password", "is_active", "shows_presence"),
    *("former_since", "profile_changed_at"),
)
# What decides how somebody looks beside a message, and in a line of the list of chats.
LOOK_FIELDS = ("username", "display_name", "avatar_digest")
look_of = attrgetter("pk", *LOOK_FIELDS)
LINE_FIELDS = (*LOOK_FIELDS, "status", "status_until", "shows_presence", "online_until")
COMMIT_TIME = 2 * settings.DATABASE_TIMEOUT


# People of whom open pages are told, when they look different.
IS_TOLD_OF = Q(is_active=True) | Q(former_since__isnull=False)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        if user := self.named(username or ""):
            return user
        raise self.model.DoesNotExist

    def named(self, name: str) -> "User | None":
        """Return the user of that name, however it is written, or None."""
        canonical = names.canonical(name)
        # PostgreSQL has no text with a NUL in it.
        return None if "\0" in canonical else self.filter(canonical_name=canonical).first()

    def changed_between(self, since: datetime, until: datetime) -> "models.QuerySet[User]":
        """Return the people who look different now than at `since`, also if only a status has ended.

        It looks back further, so that nothing is missed that was committed some seconds after it was noted.
        """
        since = min(since, until) - COMMIT_TIME
        has_changed = Q(profile_changed_at__gt=since) | Q(status_until__gt=since, status_until__lte=until)
        return self.filter(has_changed, IS_TOLD_OF)

    def shown_as(self, name: str) -> "User | None":
        """Return the user of that display name, or None."""
        if len(name) > names.MAX_LENGTH or "\0" in name:
            return None
        shape = NameShape.objects.select_related("user").filter(skeleton=names.skeleton(name)).first()
        shown = shape and names.canonical(shape.user.display_name)
        return shape.user if shape and shown == names.canonical(names.normalize_display_name(name)) else None

    def free_name_for(self, display_name: str) -> str:
        """Return a name that nobody has or looks like, for somebody to be shown as that; or nothing."""
        name = names.username_for(display_name)
        candidates = {it: names.shapes(it) for it in (name, *(f"{name}{number}" for number in range(2, 10)))}
        looks = NameShape.objects.filter(skeleton__in=set().union(*candidates.values()))
        taken = set(looks.values_list("skeleton", flat=True))
        return next((it for it, shapes in candidates.items() if taken.isdisjoint(shapes)), "") if name else ""

    def staff(self) -> "models.QuerySet[User]":
        return self.filter(is_staff=True, is_active=True)

    def enter(self, name: str, display_name: str = "") -> "User":
        """Return the user with that name, made now if there is none.

        Both names have passed their checks. Raises NameTaken if one looks like somebody else's.
        """
        if user := self.named(name):
            return user
        try:
            with transaction.atomic():
                return self.create_user(name, display_name=display_name)
        except IntegrityError:
            # The same name a moment ago, from another tab or process, or a lookalike of another name.
            if not display_name and (user := self.named(name)):
                return user
            raise NameTaken from None

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Make a user. Raises ValidationError if the name is not allowed."""
        name = names.normalize(username)
        names.validate(name)
        user = self.model(username=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        user.ring_entered()
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin, Foldable):
    """A person, known by a name; with a password only if they or an administrator set one."""

    class Announcements(models.TextChoices):
        ALL = "all", _("All messages")
        MENTIONS = "mentions", _("Mentions only")
        NONE = "none", _("Nothing")

    class Notify(models.TextChoices):
        ALL = "all", _("All messages")
        MENTIONS = "mentions", _("Mentions and direct messages")
        NOTHING = "nothing", _("Nothing")

    class Theme(models.TextChoices):
        SYSTEM = "system", _("Same as system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Contrast(models.TextChoices):
        SYSTEM = "system", _("Same as system")
        MORE = "more", _("More")

    class TextSize(models.TextChoices):
        NORMAL = "normal", _("Normal")
        LARGE = "large", _("Large")
        LARGER = "larger", _("Larger")

    username = models.CharField(_("name"), max_length=names.MAX_LENGTH, unique=True)
    canonical_name = models.CharField(max_length=4 * names.MAX_LENGTH, unique=True, editable=False)
    skeleton = models.CharField(max_length=4 * names.MAX_LENGTH, unique=True, editable=False)
    # Shown instead of the name; nobody else's name or display name looks like it.
    display_name = models.CharField(_("display name"), max_length=names.MAX_LENGTH, blank=True)
    folded_as_of = models.CharField(max_length=names.MAX_LENGTH, null=True, editable=False)  # noqa: DJ001 (as `folded`)
    status = models.CharField(_("status"), max_length=STATUS_MAX_LENGTH, blank=True)
    # The digest of the `Avatar`; empty without one.
    avatar_digest = models.CharField(max_length=DIGEST_LENGTH, blank=True, editable=False)
    status_until = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    shows_local_time = models.BooleanField(_("others see my local time"), default=False)
    # When anything that others see last changed.
    profile_changed_at = models.DateTimeField(null=True, editable=False, db_index=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    # When they deleted their account.
    former_since = models.DateTimeField(null=True, editable=False)
    # People who hide one of these do not see it for others either.
    sends_read_receipts = models.BooleanField(_("others see what I have read"), default=True)
    shows_presence = models.BooleanField(_("others see when I am online"), default=True)
    plays_sound = models.BooleanField(_("play a sound for new messages"), default=False)
    announcements = models.CharField(
        _("new messages that screen readers announce"),
        max_length=8,
        choices=Announcements,
        default=Announcements.ALL,
    )
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.SYSTEM)
    contrast = models.CharField(_("contrast"), max_length=8, choices=Contrast, default=Contrast.SYSTEM)
    text_size = models.CharField(_("text size"), max_length=8, choices=TextSize, default=TextSize.NORMAL)
    # For rooms without a choice of their own.
    notify = models.CharField(_("notify me about"), max_length=8, choices=Notify, default=Notify.ALL)
    replies_mention = models.BooleanField(_("replies to me count as mentions"), default=True, db_default=True)
    reactions_notify = models.BooleanField(
        _("notify me of reactions to my messages"), default=True, db_default=True
    )
    enter_sends = models.BooleanField(_("Enter sends a message"), default=True)
    # Empty for the browser's choice.
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)
    # Counted up with each block and unblock; part of the address of the style sheet that hides these people.
    blocks_version = models.PositiveIntegerField(default=0, editable=False)
    # Moved ahead while a stream of theirs is open; once in the past, it is when they were last seen.
    online_until = models.DateTimeField(null=True, editable=False, db_index=True)

    # How long somebody counts as online after a process last said so, which it does with every heartbeat.
    ONLINE_FOR = 3 * settings.HEARTBEAT_INTERVAL
    FOLDED_AS_OF = "display_name"  # names cannot be changed
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = [
            models.Index(fields=["id"], name="unfolded_user", condition=is_unfolded("display_name")),
        ]

    def __str__(self) -> str:
        return self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:  # names cannot be changed
            self.canonical_name = names.canonical(self.username)
            self.skeleton = names.skeleton(self.username)
        if kwargs.get("update_fields") is None and not self._state.adding:
            # Only `change_profile` changes the rest: what a form has read of it may be outdated.
            names_of_fields = {field.name for field in self._meta.concrete_fields}
            kwargs["update_fields"] = names_of_fields - PROFILE_FIELDS - {"id"}
        fields: Collection[str] | None = kwargs.get("update_fields")
        if fields is None or "display_name" in fields:
            self.fold()
            kwargs["update_fields"] = fields and {*fields, *FOLDED_FIELDS}
        with transaction.atomic():
            is_new = self._state.adding
            super().save(*args, **kwargs)
            if is_new or "display_name" in (fields or ()):
                self._take_shapes(is_new)
            if not self.is_active and (fields is None or "is_active" in fields):
                self._let_go()

    def _let_go(self) -> None:
        """End what must not outlive a deactivation, even if they are activated again."""
        self.end_other_sessions(None)
        self.entry_links_for_others.all().delete()
        deactivated.send(User, user=self)

    def _take_shapes(self, is_new: bool) -> None:
        """Make `NameShape` rows for the names. Raises IntegrityError if somebody else's look the same.

        Names cannot be changed, so theirs keep the shapes they got at first.
        """
        of_name = {self.skeleton, *names.shapes(self.username)}
        shown = names.shapes(self.display_name) if self.display_name else set()
        had = set() if is_new else set(self.name_shapes.values_list("skeleton", flat=True))
        if gone := had - of_name - shown:
            self.name_shapes.filter(skeleton__in=gone).delete()
        wanted = shown | of_name if is_new else shown
        NameShape.objects.bulk_create(NameShape(skeleton=skeleton, user=self) for skeleton in wanted - had)

    def become_former(self) -> None:
        """Give the account up for good: nobody gets in any more, and nobody sees whose it was.

        The row stays, for what others see of it. Nobody else can take the names for a while: `NameShape`.
        """
        with transaction.atomic():
            self.username = self.canonical_name = self.skeleton = f"{FORMER_SIGN}{self.pk}"
            nobody = User()
            for name in GIVEN_UP:
                setattr(self, name, getattr(nobody, name))
            self.is_active = self.shows_presence = False
            self.former_since = self.profile_changed_at = timezone.now()
            self.set_unusable_password()
            self.fold()
            # Not `save`, which would free the names at once.
            super().save(update_fields=[*FORMER_FIELDS, *FOLDED_FIELDS])
            self.groups.clear()
            self.user_permissions.clear()
            Avatar.objects.filter(user=self).delete()
            self.blocks.all().delete()
            self._let_go()
            self.ring_access()
            doorbell.ring_after_commit("profile", user=self.pk)

    def change_profile(self, **fields: Any) -> None:
        """Change what others see of the user.

        Raises IntegrityError if the display name looks like somebody else's name.
        """
        for field, value in fields.items():
            setattr(self, field, value)
        self.profile_changed_at = timezone.now()
        self.save(update_fields=[*fields, "profile_changed_at"])
        doorbell.ring_after_commit("profile", user=self.pk)

    def change_avatar(self, small: bytes, large: bytes) -> None:
        digest = digest_of(self.pk, large)
        with transaction.atomic():
            fields = {"digest": digest, "small": small, "large": large}
            Avatar.objects.update_or_create(user=self, defaults=fields)
            self.change_profile(avatar_digest=digest)

    def remove_avatar(self) -> None:
        with transaction.atomic():
            Avatar.objects.filter(user=self).delete()
            self.change_profile(avatar_digest="")

    @property
    def small_avatar_url(self) -> str:
        return self._avatar_url(SIZES[0])

    @property
    def large_avatar_url(self) -> str:
        return self._avatar_url(SIZES[1])

    def _avatar_url(self, size: int) -> str:
        """Return the address of the avatar, which changes with the picture; empty without one."""
        return (
            reverse("accounts:avatar_detail", args=[self.avatar_digest, size]) if self.avatar_digest else ""
        )

    @property
    def found_by(self) -> tuple[str, ...]:
        return self.username, self.display_name

    @property
    def shown_name(self) -> str:
        return gettext("Former member") if self.is_former else self.display_name or self.username

    @property
    def is_former(self) -> bool:
        """Whether they have deleted their account. It asks for nothing that a list has not read."""
        return self.username.startswith(FORMER_SIGN)

    @property
    def look(self) -> tuple[object, ...]:
        """What decides how they look beside a message: a part of keys (config/drawn.py)."""
        look: tuple[object, ...] = look_of(self)
        return look

    @classmethod
    def all_but(cls, relation: str, shown: Collection[str]) -> list[str]:
        """Return the columns of a related person that are not shown, for `defer`."""
        names = (field.name for field in cls._meta.concrete_fields if not field.primary_key)
        return [f"{relation}__{name}" for name in names if name not in shown]

    @property
    def local_time(self) -> str:
        """The local time as others see it: nothing unless they show it and chose a time zone."""
        if not self.shows_local_time or not is_time_zone(self.time_zone):
            return ""
        return timezone.localtime(timezone=ZoneInfo(self.time_zone)).strftime("%H:%M")

    @property
    def current_status(self) -> str:
        is_over = self.status_until is not None and self.status_until <= timezone.now()
        return "" if is_over else self.status

    def change_settings(self, **fields: Any) -> None:
        """Save only these fields: others may have changed since the request began."""
        for field, value in fields.items():
            setattr(self, field, value)
        self.save(update_fields=fields)
        doorbell.ring_after_commit("settings", user=self.pk)

    def change_password(self, password: str | None) -> None:
        """Set the password, or take it away with None. Sessions from before end, with their streams."""
        self.set_password(password)
        self.save(update_fields=["password"])
        self.ring_access()

    def ring_entered(self) -> None:
        """Tell open pages about a new person, after the commit."""
        doorbell.ring_after_commit("person", user=self.pk)

    def ring_access(self) -> None:
        """End streams that may not go on; the others come back at once with the session as it is now."""
        doorbell.ring_after_commit("settings", user=self.pk)
        doorbell.ring_after_commit("access", user=self.pk)

    def ring_ended(self) -> None:
        """End streams whose session has ended."""
        doorbell.ring_after_commit("access", user=self.pk)

    def block(self, person: "User") -> None:
        """Hear nothing more from `person`."""
        with transaction.atomic():
            self.blocks.get_or_create(blocked=person)
            self._blocks_changed()

    def unblock(self, person: "User") -> None:
        with transaction.atomic():
            self.blocks.filter(blocked=person).delete()
            self._blocks_changed()

    def _blocks_changed(self) -> None:
        """Make open pages come back at once, with what they may now see."""
        User.objects.filter(pk=self.pk).update(blocks_version=F("blocks_version") + 1)
        self.refresh_from_db(fields=["blocks_version"])
        doorbell.ring_after_commit("settings", user=self.pk)

    def blocked_ids(self) -> set[int]:
        """Return the ids of blocked people, without a query for people who have never blocked anybody."""
        return set(self.blocks.values_list("blocked", flat=True)) if self.blocks_version else set()

    def end_other_sessions(self, session_key: str | None) -> None:
        """End all sessions but one, and everything else that lets other browsers in without a password."""
        with transaction.atomic():
            self.login_sessions.exclude(session=session_key).end()
            self.claims.exclude(login_sessions__session=session_key).delete()
            self.entry_links.all().delete()

    @property
    def may_lack_password(self) -> bool:
        return settings.ENTERING != "closed" and not (self.is_staff or self.is_superuser)

    @property
    def may_stay(self) -> bool:
        """Whether their session may go on: it may have begun without a password that they need by now."""
        return self.may_lack_password or self.has_usable_password()

    @property
    def is_online(self) -> bool:
        """Whether others see that they are online."""
        return self.shows_presence and self.online_until is not None and self.online_until > timezone.now()

    @property
    def last_seen(self) -> datetime | None:
        """When their last stream was open, as others see it, to a heartbeat; None for never or hidden."""
        return self.online_until - self.ONLINE_FOR if self.online_until and self.shows_presence else None

    @property
    def is_entered_by_name(self) -> bool:
        """Whether the name alone is enough to log in: never for staff or with a password."""
        return self.may_lack_password and not self.has_usable_password() and self.is_active
