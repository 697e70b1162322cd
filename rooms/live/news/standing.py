"""Whether the reader moderates, on pages of people whose role has changed: style shows them other rules."""

from config.doorbell import Bell
from rooms.ids import user_channel
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire import fragments
from rooms.live.wire.frames import swap
from rooms.live.wire.hub import Hub
from rooms.models import Membership

type Gathered = set[tuple[int, int]]  # room and person


class Standing(Rounds[Gathered]):
    name = "standing"
    hears = ("act",)

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._changed: Gathered = set()

    def heard(self, bell: Bell) -> None:
        room_id, user_id = bell.ids["room"], bell.ids["person"]
        if any(page.room_id == room_id for page in self._hub.listeners(user_channel(user_id))):
            self._changed.add((room_id, user_id))
            self.ring()

    def take(self) -> Gathered:
        gathered, self._changed = self._changed, set()
        return gathered

    def put_back(self, gathered: Gathered) -> None:
        self._changed |= gathered

    async def round(self, gathered: Gathered) -> None:
        for (room_id, user_id), frame in (await self._database.run(_frames, gathered)).items():
            for page in self._hub.listeners(user_channel(user_id)):
                if page.room_id == room_id:
                    page.tell(frame)


def _frames(gathered: Gathered) -> dict[tuple[int, int], bytes]:
    found = Membership.objects.filter(
        room__in={room_id for room_id, _user_id in gathered},
        user__in={user_id for _room_id, user_id in gathered},
    )
    return {
        (member.room_id, member.user_id): swap(fragments.standing(member.may_moderate))
        for member in found
        if (member.room_id, member.user_id) in gathered
    }
