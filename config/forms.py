"""How all forms are shown; their templates are in templates/django/forms/."""

from typing import Any

from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import Widget


class Field(BoundField):
    """A field that has the focus when it is the first one that was refused, so that its error is read out."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        refused = [name for name in self.form.fields if name in self.form.errors]
        return {**attrs, "autofocus": self.name == refused[0]} if refused else attrs


class Renderer(TemplatesSetting):
    bound_field_class = Field
