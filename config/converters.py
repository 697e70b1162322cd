"""What parts of addresses are."""

from django.urls import register_converter
from django.urls.converters import IntConverter

ID_MAX = 2**63 - 1


class IdConverter(IntConverter):
    """The id of a row. A number that no database could hold is 0, which nothing has, and raises nowhere."""

    def to_python(self, value: str) -> int:
        number = int(value) if len(value) < 20 else 0
        return number if number <= ID_MAX else 0


register_converter(IdConverter, "id")
