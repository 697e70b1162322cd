"""How many reports wait, on the open pages of those who decide on them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from django.db.models import Count

from accounts.models import User
from config.doorbell import Bell
from rooms.ids import user_channel
from rooms.live.news.look import NewRows
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire import fragments
from rooms.live.wire.frames import Frame, make_all, swapped
from rooms.live.wire.hub import Hub
from rooms.models import Membership, Report

ANYBODY = 0  # in place of the author of what was reported

type ReportCounts = dict[tuple[int, int | None], int]  # by user and room; None is the count of staff
type Gathered = defaultdict[int, set[int]]  # by room, who wrote what was reported or decided


class Reports(Rounds[Gathered]):
    name = "reports"
    hears = ("report", "act")

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._changed: Gathered = defaultdict(set)
        self.looks = [NewReports()]

    def heard(self, bell: Bell) -> None:
        if not self._hub.connections:
            return
        match bell:
            case Bell("report", {"room": room_id, "person": sender_id}):
                self._changed[room_id].add(sender_id)
                self.ring()
            case Bell("act", {"room": room_id, "person": person_id}) if person_id:
                self._changed[room_id].add(ANYBODY)  # whoever became a moderator decides on them
                self.ring()

    def take(self) -> Gathered:
        gathered, self._changed = self._changed, defaultdict(set)
        return gathered

    def put_back(self, gathered: Gathered) -> None:
        for room_id, senders in gathered.items():
            self._changed[room_id] |= senders

    async def round(self, gathered: Gathered) -> None:
        counts = await self._database.run(counts_for, gathered, self._hub.listening_users())
        for (user_id, room_id), count in counts.items():
            pages = [
                page
                for page in self._hub.listeners(user_channel(user_id))
                if room_id is None or page.room_id == room_id
            ]
            frame: Frame = swapped(fragments.reports, room_id, count)
            await self._database.run(make_all, [frame], {page.format.language for page in pages})
            for page in pages:
                page.tell(frame.in_language(page.format.language))


class NewReports(NewRows[tuple[int, int]]):
    """Reports by id: room, and who wrote the message."""

    model = Report

    def read(self, after: int) -> dict[int, tuple[int, int]]:
        found = Report.objects.filter(pk__gt=after).values_list("pk", "message__room", "message__sender")
        return {pk: (room_id, sender_id) for pk, room_id, sender_id in found}

    def bell(self, row_id: int, row: tuple[int, int]) -> Bell:
        return Bell("report", {"room": row[0], "person": row[1]})


def counts_for(gathered: Mapping[int, set[int]], listening: Collection[int]) -> ReportCounts:
    """Return the number of open reports for each moderator of the rooms, and for staff, without a room.

    People are told nothing if everything was about their own messages: not even that there was something.
    """
    senders = set().union(*gathered.values())
    staff = User.objects.filter(pk__in=listening, is_staff=True, is_active=True)
    counts: ReportCounts = {
        (user.pk, None): Report.objects.open_for(user).count() for user in staff if senders != {user.pk}
    }
    moderators = Membership.objects.moderators().filter(room__in=gathered, user__in=listening)
    found = Report.objects.filter(message__room__in=gathered, closed_at=None).values_list(
        "message__room", "message__sender"
    )
    rows = {(room_id, sender_id): count for room_id, sender_id, count in found.annotate(Count("pk"))}
    totals: Counter[int] = Counter()
    for (room_id, _sender_id), count in rows.items():
        totals[room_id] += count
    for user_id, room_id in moderators.values_list("user", "room"):
        if gathered[room_id] != {user_id}:
            counts[user_id, room_id] = totals[room_id] - rows.get((room_id, user_id), 0)
    return counts
