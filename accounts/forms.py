from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts import claims, limits, names
from accounts.http import AuthenticatedRequest
from accounts.limited_form import LimitedForm
from accounts.models import Block, EntryLink, NameShape, NameTaken, User
from accounts.time_zones import zones_by_region


class NameField(forms.CharField):
    """A name as it is stored: normalised, and acceptable to `names.validate`."""

    def to_python(self, value: Any) -> str:
        return names.normalize(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        names.validate(value)


class EnteredNameField(NameField):
    """A name that may exist already; errors in it count only if it would be a new one."""

    def validate(self, value: str) -> None:
        if not value:
            names.validate(value)

    def run_validators(self, value: str) -> None:
        """Accept any text: most texts are nobody's name."""


class DisplayNameField(forms.CharField):
    """A display name as it is stored, acceptable to `names.validate_display_name`; or none."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        super().__init__(label=_("Display name"), required=False, strip=False, widget=widget, **options)

    def to_python(self, value: Any) -> str:
        return names.normalize_display_name(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        if value:
            names.validate_display_name(value)


class NewNameForm(forms.Form):
    """Asks for a name, and makes one out of what can only be a display name, such as "Anna Müller"."""

    suggests = False  # whether it shows names that nobody has agreed to yet

    def suggest(self, wanted: str) -> bool:
        """Fill in a display name and a name for it, if `wanted` can be one."""
        display_name = names.normalize_display_name(wanted)
        try:
            names.validate_display_name(display_name)
        except ValidationError:
            return False
        if NameShape.objects.filter(skeleton__in=names.shapes(display_name)).exists():
            raise ValidationError(LOOKS_LIKE_SOMEBODY)
        name = User.objects.free_name_for(display_name)
        if name:
            self.data = {**dict(self.data.items()), "name": name, "display_name": display_name}
            self.suggests = True
        return bool(name)

    @property
    def shows_display_name(self) -> bool:
        return bool(self.data.get("display_name"))


LOOKS_LIKE_SOMEBODY = _("This name looks too much like someone else’s. Choose another.")
_NAME_HELP = _(
    "Up to 32 letters, digits, _ . and -, with all letters from one alphabet. For a name with spaces, "
    "a username is suggested."
)
_ELSEWHERE = _(
    "This name belongs to another browser. In that browser, open Settings and “Log in on another "
    "browser”, then open the link here. Or choose another name."
)
_LOCKED = _(
    "This name is locked because it no longer belongs to a browser. Ask the staff "
    "for an entry link, or choose another name."
)


class LoginForm(LimitedForm, NewNameForm):
    """Log in with a name. If it has a password, the field for it is shown.

    With what can only be a display name, `suggests` is set instead, and the next page asks to agree.
    """

    name = EnteredNameField(
        label=_("Name"),
        help_text=_NAME_HELP,
        strip=False,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    display_name = DisplayNameField()
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None
        self.asks_for_password = settings.ENTERING == "closed"

    @property
    def _address(self) -> str | None:
        """Return the name to count for; None if there is none."""
        return limits.address_of(self.request) if self.request else None

    def clean(self) -> dict[str, Any]:
        if name := self.cleaned_data.get("name"):
            try:
                self._enter(name, self.cleaned_data.get("password", ""))
            except limits.LimitReached as reached:
                self.reached = reached
                self.add_error("password" if self.asks_for_password else "name", str(reached))
        return self.cleaned_data

    def _enter(self, name: str, password: str) -> None:
        if address := self._address:
            limits.take("login_per_address", address)
        user = User.objects.named(name) or User.objects.shown_as(name)
        display_name = self.cleaned_data.get("display_name", "")
        if user and display_name:
            raise ValidationError({"name": _("Someone already has this name. Choose another.")})
        if settings.ENTERING != "closed":
            user = user or self._create(name, display_name)
            if self.suggests or user is None:
                return None
            if user.is_entered_by_name:
                return self._enter_by_name(user)
        self.asks_for_password = True
        if not password:
            raise ValidationError({"password": _("This name is protected. Enter its password.")})
        self.user = check_password(self.request, user.username if user else name, password)
        if self.user is None:
            raise ValidationError({"password": _("Wrong password for this name.")})

    def _suggested(self, name: str) -> bool:
        try:
            return self.suggest(name)
        except ValidationError as error:
            raise ValidationError({"name": error}) from None

    def _enter_by_name(self, user: User) -> None:
        if settings.ENTERING == "claimed" and not (self.request and claims.take(user, self.request)):
            raise ValidationError({"name": _ELSEWHERE if claims.is_held(user) else _LOCKED})
        self.user = user

    def _create(self, name: str, display_name: str) -> User | None:
        """Return a new user, or None where a name is suggested first."""
        try:
            names.validate(name)
        except ValidationError as error:
            if not display_name and self._suggested(name):
                return None
            raise ValidationError({"name": error}) from None
        if address := self._address:
            limits.take("new_name_per_address", address)
        try:
            return User.objects.enter(name, display_name)
        except NameTaken:
            raise ValidationError({"name": LOOKS_LIKE_SOMEBODY}) from None


def check_password(request: HttpRequest | None, name: str, password: str) -> User | None:
    """Return the user of that name if that is the password and they may enter.

    Raises LimitReached after wrong ones. A try is counted before it is looked at, and given back if it was
    right: many at once gain nothing.
    """
    # The address first: an address that has tried too often must not also lock out the owner of the name.
    counted: list[tuple[str, object]] = []
    if request and (address := limits.address_of(request)):
        counted.append(("password_per_address", address))
    counted.append(("password_per_name", names.canonical(name)))
    for limit, who in counted:
        limits.take(limit, who)
    if found := authenticate(request, username=name, password=password):
        for limit, who in counted:
            limits.give_back(limit, who)
    return found if isinstance(found, User) else None


class LanguageSelect(forms.Select):
    """Languages under their own names, which are said as words of that language."""

    def create_option(self, name: str, value: Any, *rest: Any, **options: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *rest, **options)
        if value:
            option["attrs"]["lang"] = value
        return option


class SettingsForm(LimitedForm, forms.ModelForm):  # type: ignore[type-arg]  # generic for type checkers only
    """How pages look, what others may see of the user, and what the user is notified of."""

    limit = "settings_per_user"

    # The legends of the page, with the fields below each.
    GROUPS: ClassVar[list[tuple[Any, tuple[str, ...]]]] = [
        (_("Appearance"), ("theme", "contrast", "text_size")),
        (_("Language and time"), ("language", "time_zone")),
        (_("Writing"), ("enter_sends",)),
        (
            _("Notifications"),
            ("notify", "replies_mention", "reactions_notify", "plays_sound", "announcements"),
        ),
        (_("What others see"), ("sends_read_receipts", "shows_presence")),
    ]

    # In the form alone: which there are is known to settings and the machine, not to the database.
    language = forms.ChoiceField(label=_("Language"), required=False, widget=LanguageSelect)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        model = User
        fields = (
            "theme",
            "contrast",
            "text_size",
            "language",
            "time_zone",
            "enter_sends",
            "notify",
            "replies_mention",
            "reactions_notify",
            "plays_sound",
            "announcements",
            "sends_read_receipts",
            "shows_presence",
        )
        help_texts: ClassVar[dict[str, Any]] = {
            "enter_sends": _(
                "If you turn this off, Enter starts a new line. Ctrl+Enter or Cmd+Enter always sends."
            ),
            "notify": _("Unless you chose something else for a room."),
            "announcements": _("In the room that is open. Your own messages are never announced."),
            "sends_read_receipts": _("If you turn this off, you won’t see what others have read either."),
            "shows_presence": _("If you turn this off, you won’t see when others are online either."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # A ChoiceField each; an earlier choice may no longer exist.
        automatic = [("", _("Same as browser"))]
        self.fields["language"].choices = automatic + settings.LANGUAGES  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = automatic + zones_by_region()  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(legend, [self[name] for name in names]) for legend, names in self.GROUPS]


def password_field(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, widget=widget, **options)


class CurrentPasswordForm(LimitedForm, forms.Form):
    """Asks for the password that the user has, if there is one."""

    current_password = password_field(
        _("Current password"),
        "current-password",
        error_messages={"required": _("Enter your current password.")},
    )

    def __init__(
        self, data: QueryDict | None = None, *, request: AuthenticatedRequest, **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.request = request
        if not request.user.has_usable_password():
            del self.fields["current_password"]

    def clean_current_password(self) -> str:
        password: str = self.cleaned_data["current_password"]
        try:
            if check_password(self.request, self.request.user.username, password) is None:
                raise ValidationError(_("This is not your current password."))
        except limits.LimitReached as reached:
            self.reached = reached
            raise ValidationError(str(reached)) from None
        return password


class NewPasswordForm(LimitedForm, forms.Form):
    """Asks for a new password, twice."""

    new_password = password_field(
        _("New password"), "new-password", error_messages={"required": _("Enter a new password.")}
    )
    repeated_password = password_field(
        _("New password again"), "new-password", error_messages={"required": _("Enter it again.")}
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["new_password"].help_text = " ".join(password_validators_help_texts())

    @property
    def owner(self) -> User:
        """Return the user for whom the password has to be good enough."""
        raise NotImplementedError

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        validate_password(password, self.owner)
        return password

    def clean_repeated_password(self) -> str:
        repeated: str = self.cleaned_data["repeated_password"]
        if repeated != self.data.get("new_password"):
            raise ValidationError(_("The two passwords are not the same."))
        return repeated


class PasswordForm(NewPasswordForm, CurrentPasswordForm):
    """Set or change the password."""

    @property
    def owner(self) -> User:
        return self.request.user


class InvitationForm(NewPasswordForm, NewNameForm):
    """Make an account with a name and a password."""

    name = EnteredNameField(
        label=_("Name"),
        help_text=_NAME_HELP,
        strip=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    display_name = DisplayNameField()
    field_order = ("name", "display_name")

    @property
    def owner(self) -> User:
        return User(username=self.cleaned_data.get("name", ""))

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        try:
            names.validate(name)
        except ValidationError:
            if self.data.get("display_name") or not self.suggest(name):
                raise
            raise ValidationError(
                _("A username has no spaces. Is this one right? Then enter your password again.")
            ) from None
        if User.objects.named(name):
            raise ValidationError(_("Someone already has this name. Choose another."))
        return name

    def join(self, link: EntryLink) -> User | None:
        """Return the new user and use the link up; with None, the form says why not."""
        try:
            data = self.cleaned_data
            user = link.admit(data["name"], data["new_password"], data["display_name"])
        except IntegrityError:
            self.add_error("name", LOOKS_LIKE_SOMEBODY)
            return None
        if user is None:
            self.add_error(None, _("This invitation has already been used."))
        return user


class LinkPasswordForm(NewPasswordForm):
    """Set a new password by a link."""

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data)
        self.user = user

    @property
    def owner(self) -> User:
        return self.user

    def use(self, link: EntryLink) -> bool:
        """Use the link up with the new password; return whether this was the one time."""
        return link.set_password(self.cleaned_data["new_password"])

    def join(self, link: EntryLink) -> User | None:
        """Return the user and use the link up; with None, the form says why not."""
        if self.use(link):
            return self.user
        self.add_error(None, _("This link has already been used."))
        return None


class StaffForm(LinkPasswordForm):
    """Become staff, with a password, as somebody who is logged in."""

    def use(self, link: EntryLink) -> bool:
        return link.make_staff(self.user, self.cleaned_data["new_password"])


class PasswordRemovalForm(CurrentPasswordForm):
    """Go back to logging in by name alone."""

    def __init__(self, data: QueryDict | None = None, *, request: AuthenticatedRequest) -> None:
        super().__init__(data, request=request, auto_id="remove_%s")

    def clean(self) -> dict[str, Any]:
        if not self.request.user.may_lack_password:
            raise ValidationError(_("Your name needs a password."))
        if not self.request.user.has_usable_password():
            raise ValidationError(_("You have no password."))
        return self.cleaned_data


class AccountDeletionForm(CurrentPasswordForm):
    """Delete the account, and say what becomes of what one wrote."""

    limit = "settings_per_user"

    words = forms.ChoiceField(
        label=_("What becomes of your messages?"),
        choices=[
            ("", _("Choose…")),
            ("keep", _("Keep them, from “Former member”")),
            ("erase", _("Erase them, with files and reactions")),
        ],
        error_messages={"required": _("Choose what becomes of your messages.")},
    )
    is_certain = forms.BooleanField(
        label=_("I know that nobody can undo this"),
        error_messages={"required": _("Confirm that you know that nobody can undo this.")},
    )
    field_order = ("words", "current_password", "is_certain")


class BlockForm(LimitedForm, forms.Form):
    """Block somebody: nothing is asked, but there are bounds."""

    limit = "block_per_user"

    def __init__(self, data: QueryDict | None, user: User) -> None:
        super().__init__(data)
        self.user = user

    def clean(self) -> dict[str, Any]:
        if self.user.blocks.count() >= Block.AT_MOST:
            sentence = _("You have blocked %(count)d people, the most you can block. Unblock someone first.")
            raise ValidationError(sentence % {"count": Block.AT_MOST})
        return self.cleaned_data
