"""The connections that listen to each channel; one frame is written to all of one language."""

from collections import Counter, defaultdict

from rooms.ids import PRESENCE
from rooms.live.wire.connection import Connection
from rooms.live.wire.frames import Frame

PEOPLE_ON_A_PAGE = 200  # a page keeps fewer lines


class Hub:
    """The open streams of this process, by channel."""

    def __init__(self) -> None:
        self.channels: defaultdict[str, set[Connection]] = defaultdict(set)
        self.connections: set[Connection] = set()
        self.users: Counter[int] = Counter()  # streams of each
        self.addresses: Counter[str | None] = Counter()
        # Whose presence pages show, those last that came last, and which pages show somebody's
        self._watched: defaultdict[Connection, dict[int, None]] = defaultdict(dict)
        self._watchers: defaultdict[int, set[Connection]] = defaultdict(set)

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
        for person_id in self._watched.pop(connection, ()):
            self._unwatch(connection, person_id)
        for channel in connection.channels:
            self.channels[channel].discard(connection)
            if not self.channels[channel]:
                del self.channels[channel]

    def listening_users(self) -> set[int]:
        return set(self.users)

    def listeners(self, channel: str) -> tuple[Connection, ...]:
        return tuple(self.channels.get(channel, ()))

    def watch(self, connection: Connection, person_id: int) -> None:
        """Note that a page shows the presence of somebody, if its reader may see that."""
        if connection not in self.connections or PRESENCE not in connection.channels:
            return
        people = self._watched[connection]
        people.pop(person_id, None)
        people[person_id] = None
        self._watchers[person_id].add(connection)
        if len(people) > PEOPLE_ON_A_PAGE:
            first = next(iter(people))
            del people[first]
            self._unwatch(connection, first)

    def _unwatch(self, connection: Connection, person_id: int) -> None:
        self._watchers[person_id].discard(connection)
        if not self._watchers[person_id]:
            del self._watchers[person_id]

    def watched(self) -> set[int]:
        """Return the people whose presence any page shows."""
        return set(self._watchers)

    def watchers(self, person_id: int) -> tuple[Connection, ...]:
        return tuple(self._watchers.get(person_id, ()))

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
