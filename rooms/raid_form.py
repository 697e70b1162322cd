"""The people and the span of time whose rooms and messages staff undo."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import names
from accounts.models import UsedAddress, User
from config.addresses import counted_as
from config.fields import MomentField
from rooms.raids import Choice

# As browsers send a moment, and as a form says it that has one already.
MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]


def moment(label: Any, help_text: Any) -> MomentField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENTS[1])
    return MomentField(label=label, help_text=help_text, required=False, input_formats=MOMENTS, widget=widget)


class RaidForm(forms.Form):
    """Everything that is removed meets all conditions; at least one has to be given."""

    person = forms.CharField(label=gettext_lazy("Person"), required=False, max_length=4 * names.MAX_LENGTH)
    address = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Everyone who used it, such as 203.0.113.7"),
        required=False,
        max_length=UsedAddress.MAX_LENGTH,
    )
    since = moment(gettext_lazy("From"), gettext_lazy("In your time zone."))
    until = moment(gettext_lazy("To"), gettext_lazy("Empty for now."))
    only_newcomers = forms.BooleanField(
        label=gettext_lazy("Only people who joined in that time"), required=False
    )
    deactivates = forms.BooleanField(label=gettext_lazy("Also deactivate these people"), required=False)

    def clean_person(self) -> User | None:
        if not (name := self.cleaned_data["person"]):
            return None
        person = User.objects.named(name)
        if person is None:
            raise ValidationError(_("No one here has that name."))
        if person.is_staff or person.is_superuser:
            raise ValidationError(_("What staff did can’t be undone here."))
        return person

    def clean_address(self) -> str:
        if not (text := self.cleaned_data["address"]):
            return ""
        address = counted_as(text.removesuffix("/64"))
        if address is None or not UsedAddress.objects.filter(address=address).exists():
            raise ValidationError(_("No one has used this address recently."))
        return address

    def clean(self) -> dict[str, Any]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if not self.errors:
            if not any(self.cleaned_data.get(name) for name in ("person", "address", "since")):
                raise ValidationError(_("Choose a person, an address or a time."))
            if self.cleaned_data["only_newcomers"] and not since:
                self.add_error("since", _("Say when it began."))
            if since and since > (until or timezone.now()):
                self.add_error("until", _("This is before the start."))
        if not self.errors:
            self._settle_the_end()
        return self.cleaned_data

    def _settle_the_end(self) -> None:
        """Where it goes on until now, let the form say what is now: what was looked at is what is done."""
        if not self.cleaned_data["until"]:
            self.cleaned_data["until"] = timezone.now()
            now = timezone.make_naive(self.cleaned_data["until"])
            self.data = {**dict(self.data.items()), "until": now.isoformat(timespec="milliseconds")}

    @property
    def choice(self) -> Choice:
        """What was chosen, in a form that is valid."""
        data = self.cleaned_data
        return Choice(data["until"], data["since"], data["person"], data["address"], data["only_newcomers"])
