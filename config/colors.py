"""Colours and their contrast, as WCAG 2.2 reckons it."""

import re
from typing import NamedTuple, Self

TEXT = 4.5  # what WCAG asks for between text and its ground
SHAPE = 3.0  # and between a shape, such as a button, and what is around it


class Color(NamedTuple):
    red: int
    green: int
    blue: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read #rgb or #rrggbb. Raises ValueError."""
        if not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", text):
            raise ValueError(f"{text!r} is no colour such as #06c or #0066cc.")
        digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
        return cls(*bytes.fromhex(digits))

    def __str__(self) -> str:
        return "#" + bytes(self).hex()

    @property
    def luminance(self) -> float:
        parts = (part / 255 for part in self)
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def mixed(self, other: "Color", share: float) -> "Color":
        """Return it with so much of another one in it, from 0 to 1."""
        return Color(
            *(round(ours + (theirs - ours) * share) for ours, theirs in zip(self, other, strict=True))
        )

    def against(self, *grounds: "Color", toward: "Color", contrast: float) -> "Color":
        """Return the next shade, on the way to another one, that stands out so well from all grounds."""
        shades = (self.mixed(toward, step / 50) for step in range(51))
        return next((it for it in shades if all(ratio(it, ground) >= contrast for ground in grounds)), toward)


# What is around buttons and text, in the light and in the dark, as in static/css/tokens.css.
LIGHT = [Color.parse(text) for text in ("#fff", "#f0f2f5")]
DARK = [Color.parse(text) for text in ("#111b21", "#202c33", "#2a3942", "#182229")]
BLACK = Color(0, 0, 0)
WHITE = Color(255, 255, 255)


def ratio(one: Color, other: Color) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((one.luminance, other.luminance))
    return (lighter + 0.05) / (darker + 0.05)


def clearest(*candidates: Color, on: Color) -> Color:
    return max(candidates, key=lambda candidate: ratio(candidate, on))
