"""What somebody shows of themselves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.avatars import PictureRefused, make_avatars
from accounts.forms import LOOKS_LIKE_SOMEBODY
from accounts.limited_form import LimitedForm
from accounts.models import NameShape, User
from accounts.models.user import STATUS_MAX_LENGTH
from config.fields import MomentField
from config.text import INVISIBLE, refuse_control_characters

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def next_midnight() -> datetime:
    """Return when today ends in the reader's time zone."""
    tomorrow = timezone.localtime() + timedelta(days=1)
    return tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)


class AvatarForm(LimitedForm, forms.Form):
    """A picture for an avatar; `cleaned_data` has the avatar in each size."""

    picture = forms.FileField(
        label=_("Picture"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
        error_messages={"required": _("Choose a picture first."), "empty": _("This file is empty.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["picture"].help_text = _(
            "JPEG, PNG, WebP or GIF, up to %(size)s. The middle of the picture is used. Location and "
            "camera data are removed."
        ) % {"size": filesizeformat(settings.AVATAR_MAX_BYTES)}

    def clean_picture(self) -> list[bytes]:
        upload = self.cleaned_data["picture"]
        if upload.size > settings.AVATAR_MAX_BYTES:
            raise ValidationError(
                _("This file is too large (%(size)s). Choose one of at most %(limit)s.")
                % {
                    "size": filesizeformat(upload.size),
                    "limit": filesizeformat(settings.AVATAR_MAX_BYTES),
                }
            )
        try:
            return make_avatars(upload.read())
        except PictureRefused as refused:
            raise ValidationError(refused.reason) from None


class ProfileForm(LimitedForm, forms.Form):
    """Display name and status, with when the status is to end."""

    limit = "profile_per_user"

    ENDS: ClassVar[dict[str, tuple["StrOrPromise", Callable[[], datetime | None]]]] = {
        "never": (_("Never"), lambda: None),
        "half-hour": (_("In 30 minutes"), lambda: timezone.now() + timedelta(minutes=30)),
        "hour": (_("In an hour"), lambda: timezone.now() + timedelta(hours=1)),
        "today": (_("At the end of today"), next_midnight),
        "week": (_("In a week"), lambda: timezone.now() + timedelta(weeks=1)),
    }

    display_name = forms.CharField(
        label=_("Display name"),
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    status = forms.CharField(
        label=_("Status"),
        required=False,
        max_length=STATUS_MAX_LENGTH,
        help_text=_("What you are up to. Everyone can see it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    status_ends = forms.ChoiceField(label=_("Clear the status"))
    status_until = MomentField(
        label=_("Time"),
        required=False,
        help_text=_("Only for “At a time”."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    shows_local_time = forms.BooleanField(
        label=capfirst(User._meta.get_field("shows_local_time").verbose_name),
        required=False,
        help_text=_("In the time zone you chose in the settings. This tells others roughly where you are."),
    )

    def __init__(self, data: QueryDict | None, user: User) -> None:
        has_end = bool(user.current_status and user.status_until)
        initial = {
            "display_name": user.display_name,
            "status": user.current_status,
            "status_ends": "time" if has_end else "never",
            "status_until": user.status_until if has_end else None,
            "shows_local_time": user.shows_local_time,
        }
        super().__init__(data, initial=initial)
        choices = [(value, label) for value, (label, _end) in self.ENDS.items()]
        self.fields["status_ends"].choices = [*choices, ("time", _("At a time"))]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["display_name"].help_text = _(
            "Shown instead of your name. Others still mention you as @%(name)s."
        ) % {"name": user.username}
        self.user = user

    def clean_display_name(self) -> str:
        name = names.normalize_display_name(self.cleaned_data["display_name"])
        if name:
            names.validate_display_name(name)
            others = NameShape.objects.exclude(user=self.user)
            if name != self.user.display_name and others.filter(skeleton__in=names.shapes(name)).exists():
                raise ValidationError(LOOKS_LIKE_SOMEBODY)
        return "" if name == self.user.username else name

    def clean_status(self) -> str:
        status = " ".join(self.cleaned_data["status"].split())
        refuse_control_characters(status)
        return status if INVISIBLE.sub("", status).strip() else ""

    def clean_shows_local_time(self) -> bool:
        wanted: bool = self.cleaned_data["shows_local_time"]
        if wanted and not self.user.time_zone:
            raise ValidationError(_("Choose your time zone in the settings first."))
        return wanted

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("status_ends") != "time":
            data["status_until"] = None
        elif data.get("status") and "status_until" not in self.errors:
            if data.get("status_until") is None:
                self.add_error("status_until", _("Enter the time at which the status is cleared."))
            elif data["status_until"] <= timezone.now():
                self.add_error("status_until", _("This time is in the past. Enter a time in the future."))
        return data

    def save(self) -> bool:
        """Change the profile; with False, the form says why not."""
        data = self.cleaned_data
        until = data["status_until"]
        if data["status_ends"] in self.ENDS:
            until = self.ENDS[data["status_ends"]][1]()
        fields = {
            "status": data["status"],
            "status_until": until if data["status"] else None,
            "shows_local_time": data["shows_local_time"],
        }
        if data["display_name"] != self.user.display_name:
            fields["display_name"] = data["display_name"]
        try:
            self.user.change_profile(**fields)
        except IntegrityError:
            # Somebody else took it a moment ago.
            self.add_error("display_name", LOOKS_LIKE_SOMEBODY)
            return False
        return True
