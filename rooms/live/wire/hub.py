"""Who listens to which channel; one frame is written to all of one language."""

from collections import Counter, defaultdict

from rooms.live.wire.connection import Connection
from rooms.live.wire.frames import Frame


class Hub:
    """The open streams of this process, by channel."""

    def __init__(self) -> None:
        self.channels: defaultdict[str, set[Connection]] = defaultdict(set)
        self.connections: set[Connection] = set()
        self.users: Counter[int] = Counter()  # streams of each
        self.addresses: Counter[str | None] = Counter()

    def join(self, connection: Connection) -> None:
        self.connections.add(connection)
        self.users[connection.user_id] += 1
        self.addresses[connection.address] += 1
        for channel in connection.channels:
            self.channels[channel].add(connection)

    def leave(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            _count_down(self.users, connection.user_id)
            _count_down(self.addresses, connection.address)
        for channel in connection.channels:
            self.channels[channel].discard(connection)
            if not self.channels[channel]:
                del self.channels[channel]

    def listening_users(self) -> set[int]:
        return set(self.users)

    def listeners(self, channel: str) -> tuple[Connection, ...]:
        return tuple(self.channels.get(channel, ()))

    def languages(self, channel: str) -> set[str]:
        return {connection.format.language for connection in self.listeners(channel)}

    def tell(self, channel: str, frame: Frame) -> None:
        for connection in self.listeners(channel):
            connection.tell(frame.in_language(connection.format.language))


def _count_down[Key](counter: Counter[Key], key: Key) -> None:
    """Keep no zeros. Subtracting a Counter would look at all that there are."""
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
