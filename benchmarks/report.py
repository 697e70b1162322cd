"""Tables as text, as they come."""


class Report:
    def __init__(self) -> None:
        self.widths: list[int] = []

    def heading(self, text: str) -> None:
        print(f"\n{text}\n", flush=True)

    def columns(self, *names: str) -> None:
        self.widths = [28, *(max(len(name), 9) for name in names[1:])]
        self.row(*names)

    def row(self, *cells: object) -> None:
        first, *others = map(str, cells)
        shown = (cell.rjust(width) for cell, width in zip(others, self.widths[1:], strict=False))
        print(f"{first:<{self.widths[0]}} {'  '.join(shown)}".rstrip(), flush=True)

    def note(self, text: str) -> None:
        print(text, flush=True)

    def ratio(self, what: str, value: float) -> None:
        print(f"  {what} = {value:.2f}", flush=True)
