"""How often something may be done."""

import re
from dataclasses import dataclass

_FORM = re.compile(r"(\d{1,6})/(\d{0,4})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Rate:
    """`amount` times at once, and then as many, evenly, in each `period` (seconds)."""

    amount: int
    period: float

    @property
    def interval(self) -> float:
        """Seconds until one more is allowed, after all were used at once."""
        return self.period / self.amount


def parse(text: str) -> Rate | None:
    """Return the rate of a text such as `10/3m`, None for `off`. Raises ValueError."""
    if text.lower() == "off":
        return None
    match = _FORM.fullmatch(text.lower())
    if not match or not int(match[1]) or match[2].strip("0") == "" != match[2]:
        raise ValueError(text)
    return Rate(int(match[1]), int(match[2] or 1) * _SECONDS[match[3]])
