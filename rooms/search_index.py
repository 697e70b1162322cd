"""Brings messages into the index in which they are found: behind, in batches, one process at a time.

A batch is a transaction that notes how far it has come, so this can end anywhere. What is not there yet is
looked through by whoever searches (rooms/search.py): results never depend on how far it is.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from rooms import batches
from rooms.models import Message, SearchDay, SearchProgress, SearchText
from rooms.models.message import MessageQuerySet

BATCH = 200  # messages
LEASE = timedelta(seconds=30)
# What is edited is mostly new.
NEWEST = 20_000
# So many trigrams of each text are asked of the index when all is compared.
TRIGRAMS = 50


def lag() -> int:
    """Return how many messages may not be in the index yet: a number that ids have, with gaps."""
    return max(0, _last() - SearchProgress.objects.current().reached)


def is_behind() -> bool:
    """Whether there is anything to do. It changes nothing, so it costs hardly anything."""
    progress = SearchProgress.objects.current()
    return progress.settled < _last()


def catch_up(key: UUID, seconds: float) -> bool:
    """Go on for about that long, if no other process does; return whether that was all."""
    return batches.run(following(key), seconds)


def begin_anew(key: UUID) -> None:
    """Empty the index, for `key` to fill it: another process that was at it ends with its batch."""
    with transaction.atomic():
        SearchProgress.objects.current()
        SearchProgress.objects.update(leased_by=key, leased_until=timezone.now() + LEASE)
        SearchText.objects.remove_all()


def end(key: UUID) -> None:
    """Let any process go on."""
    SearchProgress.objects.filter(leased_by=key).update(leased_by=None)


def following(key: UUID) -> Iterator[None]:
    """Do what is left by now, batch by batch, for as long as `key` has the lease.

    What is posted meanwhile waits for the next time: to follow at its heels would be a transaction a message.
    """
    goal = _last()
    while SearchProgress.objects.current().settled < goal:
        with transaction.atomic():
            progress = SearchProgress.objects.current()
            now = timezone.now()
            if not progress.lease(key, now, now + LEASE):
                return
            progress.refresh_from_db()
            before = progress.place
            _go_on(progress)
            progress.save(update_fields=["reached", "settled", "noted", "noted_before"])
        if progress.place == before:
            return  # until other transactions have ended
        yield


def _go_on(progress: SearchProgress) -> None:
    if connection.vendor == "sqlite":
        # One transaction writes at a time: what is there stays as it is, and nothing comes below it.
        progress.reached = progress.settled = _follow(progress.reached)
        return
    oldest, next_one = _transactions()
    if progress.settled < progress.noted and oldest >= progress.noted_before:
        progress.settled = _follow(progress.settled, progress.noted)
    elif progress.settled == progress.noted:
        # What the last batch has done is visible to whatever begins now.
        progress.noted, progress.noted_before = progress.reached, next_one
    progress.reached = _follow(progress.reached)


def _transactions() -> tuple[int, int]:
    """Return the id of the oldest transaction that is going on, and the first that has not begun."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
            " pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        )
        oldest, next_one = cursor.fetchone()
    return int(oldest), int(next_one)


def _follow(after: int, upto: int | None = None) -> int:
    """Have the texts of the next messages agree with them; return the last of these, or `after`."""
    following = Message.objects.after(after).order_by("pk")
    if upto is not None:
        following = following.filter(pk__lte=upto)
    ids = list(following.values_list("pk", flat=True)[:BATCH])
    if not ids:
        return after if upto is None else upto
    batch = following.filter(pk__lte=ids[-1])
    texts = SearchText.objects.filter(message=OuterRef("pk"))
    new = list(batch.filter(~Exists(texts), deleted_at=None))
    SearchText.objects.add(new)
    SearchDay.objects.note((message.pk, message.timestamp) for message in new)
    mend(batch)
    return ids[-1]


def mend(messages: MessageQuerySet) -> int:
    """Have the texts that there are agree with these messages; return how many did not.

    The release before, 0.2.0, edits and deletes messages on the same database, and knows no texts.
    """
    changed = list(messages.filter(~SearchText.IS_TRUE, deleted_at=None, search_text__isnull=False))
    for message in changed:
        SearchText.objects.follow(message)
    deleted = messages.filter(deleted_at__isnull=False)
    removed, _by_kind = SearchText.objects.filter(message__in=deleted).delete()
    return len(changed) + removed


def mend_newest() -> None:
    mend(Message.objects.after(_last() - NEWEST))


def compared() -> Iterator[tuple[int, list[str]]]:
    """Compare the index with all messages: how many were looked at, and what is wrong with them."""
    reached, done = SearchProgress.objects.current().reached, 0
    messages = Message.objects.filter(pk__lte=reached).order_by("pk").select_related("search_text")
    after = 0
    while batch := list(messages.after(after)[:BATCH]):
        after, done = batch[-1].pk, done + len(batch)
        yield done, [f"Message {it.pk}: {problem}" for it in batch if (problem := _problem_with(it))]
    orphans = SearchText.objects.exclude(message__in=Message.objects.values("pk"))
    yield done, [f"Message {pk}: it is gone, its text is not" for pk in orphans.values_list("pk", flat=True)]
    if connection.vendor == "sqlite":
        yield done, [f"Message {pk}: the index has it, the texts do not" for pk in _without_text()]


def _problem_with(message: Message) -> str:
    text = getattr(message, "search_text", None)
    if message.is_deleted:
        return "it is deleted, its text is not" if text else ""
    if text is None:
        return "it has no text"
    if text.folded != message.searched:
        return "its text is another one"
    return "" if _is_indexed(text) else "the index does not have its text"


def _is_indexed(text: SearchText) -> bool:
    """Ask the index for all that is in the text."""
    if connection.vendor != "sqlite" or not text.folded:
        return True  # the database's own index; or nothing to be found by
    padded = text.folded + 2 * "\x01"
    trigrams = (padded[place : place + 3].replace('"', '""') for place in range(len(text.folded)))
    wanted = " AND ".join(f'"{trigram}"' for trigram in islice(trigrams, TRIGRAMS))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM rooms_search WHERE rooms_search MATCH %s AND rowid = %s", [wanted, text.pk]
        )
        return cursor.fetchone() is not None


def _without_text() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM rooms_search_docsize WHERE id NOT IN (SELECT message_id FROM rooms_searchtext)"
        )
        return [row[0] for row in cursor.fetchall()]


def _last() -> int:
    return Message.objects.aggregate(last=Max("pk"))["last"] or 0
