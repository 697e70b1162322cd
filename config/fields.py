"""Fields that forms of more than one kind have."""

from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class DayField(forms.DateField):
    """A day, which is one in all time zones."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and not 1900 <= value.year < 3000:
            raise ValidationError(_("Enter a valid date."))


class MomentField(forms.DateTimeField):
    """A moment in the reader's time zone, in years that exist in all other zones, too."""

    def validate(self, value: datetime | None) -> None:
        super().validate(value)
        if value and not 2000 <= value.year < 3000:
            raise ValidationError(_("Enter a valid date/time."))
