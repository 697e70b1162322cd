"""Values of which each place gets some, and all places together get all."""

from collections.abc import Iterable
from typing import Any


class Turns:
    """Give a few values at a time, each as often as any other, where all of them would take minutes."""

    def __init__(self, values: Iterable[Any], turn: int = 0) -> None:
        self.values, self.turn = list(values), turn

    def __call__(self, number: int) -> list[Any]:
        start, self.turn = self.turn, self.turn + number
        return [self.values[index % len(self.values)] for index in range(start, start + number)]
