"""What moderators did: the parts that are concerned hear of it; this one finds what no bell told of."""

from collections.abc import Iterable

from config.doorbell import Bell
from rooms.live.news.look import NewRows
from rooms.live.news.part import Part
from rooms.live.watch import metrics
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.hub import Hub
from rooms.models import ModerationAct


class Acts(Part):
    name = "acts"

    def __init__(self, _hub: Hub, _database: DatabaseThreads) -> None:
        self._look = NewActs(ModerationAct, _acts_after)
        self.looks = [self._look]

    def heard(self, bell: Bell) -> None:
        if bell.kind == "act":
            self._look.told(bell.ids["act"])


class NewActs(NewRows):
    def news(self, now: tuple[int, dict[int, Bell]]) -> Iterable[Bell]:
        bells = list(super().news(now))
        metrics.poll_finds.inc(sum(bell.kind == "act" for bell in bells))
        return bells


def _acts_after(act_id: int) -> dict[int, Bell]:
    found = ModerationAct.objects.filter(pk__gt=act_id)
    return {
        pk: _bell(pk, room_id, person_id or 0, is_decision=bool(message_id))
        for pk, room_id, person_id, message_id in found.values_list("pk", "room", "person", "message_id")
    }


def _bell(act_id: int, room_id: int, person_id: int, *, is_decision: bool) -> Bell:
    """Return what `ModerationActQuerySet.record` rings, and for a decision on reports what that one rings."""
    if is_decision:
        return Bell("report", {"room": room_id, "person": person_id})
    return Bell("act", {"act": act_id, "room": room_id, "person": person_id})
