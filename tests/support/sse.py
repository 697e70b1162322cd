"""Server-Sent Events, read strictly: whatever a careless reader would forgive is an error here."""

from dataclasses import dataclass, field

FIELDS = {"event", "data", "id", "retry"}


@dataclass(slots=True)
class Event:
    name: str = ""
    data: str = ""
    id: str | None = None
    retry: int | None = None
    fields: list[str] = field(default_factory=list)


class Parser:
    """Turns the bytes of a stream into events, wherever they were cut into pieces."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[Event]:
        *blocks, self.rest = (self.rest + data).split(b"\n\n")
        return [parse(block) for block in blocks]

    def close(self) -> None:
        assert not self.rest, f"The stream ended inside an event: {self.rest!r}"


def parse(block: bytes) -> Event:
    text = block.decode()
    assert "\r" not in text, "a carriage return ends a line"
    assert "\0" not in text
    event = Event()
    data = []
    for line in text.split("\n"):
        name, colon, value = line.partition(": ")
        assert colon, f"not a field: {line!r}"
        assert name in FIELDS, f"not a field of an event: {line!r}"
        event.fields.append(name)
        if name == "data":
            data.append(value)
        elif name == "retry":
            event.retry = int(value)
        else:
            assert value, f"an empty {name}"
            setattr(event, "name" if name == "event" else name, value)
    assert data, "htmx ignores an event without data"
    event.data = "\n".join(data)
    return event
