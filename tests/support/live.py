"""What stands for a connection, for tests of what open pages are told."""

from accounts.models import User
from rooms.live.wire.formats import EVENTS, Format
from rooms.models import ChatRoom


class OpenPage:
    """Keeps what it was told."""

    address = None

    def __init__(self, user: User, room: ChatRoom | None = None, format: Format = EVENTS) -> None:
        self.user_id = user.pk
        self.room_id = room.pk if room else None
        self.format = format
        self.channels = {"lobby", "presence", f"user-{user.pk}"} if format == EVENTS else set()
        if room:
            self.channels.add(f"room-{room.pk}")
        self.told: list[str] = []
        self.last: bytes | None = None

    def tell(self, frame: bytes) -> None:
        self.told.append(frame.decode())

    def end(self, last: bytes | None = None) -> None:
        self.last = last

    @property
    def news(self) -> str:
        """What it was told since the last time somebody asked, as one text."""
        news = "".join(self.told)
        self.told.clear()
        return news
