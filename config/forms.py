"""How all forms are shown; their templates are in templates/django/forms/."""

from typing import Any

from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import CheckboxInput, ChoiceWidget, FileInput, Widget
from django.utils.translation import gettext as _

# Characters of one field, unless it has a `text_max_length` of its own. This is more than any field wants, so
# that people who are a little over are told so by the rules of the field.
TEXT_MAX_LENGTH = 4096


class Field(BoundField):
    """A field that has the focus when it is the first one that was refused, so that its error is read out.

    Whatever a form reads goes through this, which looks at nothing but its length first.
    """

    @property
    def data(self) -> Any:
        """Return what was sent. Raises ValidationError, once, for a text that no field wants."""
        sent = super().data
        limit = getattr(self.field, "text_max_length", TEXT_MAX_LENGTH)
        # While the form is being checked, a field without an error is the one whose turn it is.
        if isinstance(sent, str) and len(sent) > limit and self.name not in self.form.errors:
            raise ValidationError(_("This is far too long: %(length)d characters.") % {"length": len(sent)})
        return sent

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        # Firefox has screen readers say that an empty required box is invalid, before anybody has typed.
        is_typed = not isinstance(widget or self.field.widget, ChoiceWidget | CheckboxInput | FileInput)
        if is_typed and attrs.pop("required", False):
            attrs["aria-required"] = "true"
        refused = [name for name in self.form.fields if name in self.form.errors]
        return {**attrs, "autofocus": self.name == refused[0]} if refused else attrs


class Renderer(TemplatesSetting):
    bound_field_class = Field
