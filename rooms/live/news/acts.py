"""What moderators did. The parts concerned hear the bell; this one finds acts that no bell announced."""

from config.doorbell import Bell
from rooms.live.news.look import NewRows
from rooms.live.news.part import Part
from rooms.live.watch import metrics
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.hub import Hub
from rooms.models import ModerationAct


class Acts(Part):
    name = "acts"
    hears = ("act",)

    def __init__(self, _hub: Hub, _database: DatabaseThreads) -> None:
        self._look = NewActs()
        self.looks = [self._look]

    def heard(self, bell: Bell) -> None:
        self._look.told(bell.ids["act"])


class NewActs(NewRows[tuple[int, int | None, int | None]]):
    """Acts by id: room, person and message."""

    model = ModerationAct

    def read(self, after: int) -> dict[int, tuple[int, int | None, int | None]]:
        found = ModerationAct.objects.filter(pk__gt=after).values_list("pk", "room", "person", "message_id")
        return {pk: (room_id, person_id, message_id) for pk, room_id, person_id, message_id in found}

    def bell(self, row_id: int, row: tuple[int, int | None, int | None]) -> Bell:
        """Return what is rung for an act, or for a decision on a message, which concerns its reports."""
        room_id, person_id, message_id = row
        if message_id:
            return Bell("report", {"room": room_id, "person": person_id or 0})
        metrics.poll_finds.inc()
        return Bell("act", {"act": row_id, "room": room_id, "person": person_id or 0})
