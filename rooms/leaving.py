"""Somebody deletes their account: it ends at once, and what takes longer is a job.

The row of the person stays without a name, since what they wrote is part of what others wrote. Bans, and
reports of messages and by the person, stay as well.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.tasks import task
from django.utils import timezone

from accounts.models import NameShape, User
from accounts.models.user import NAME_KEPT_FOR
from rooms import removal
from rooms.models import ChatRoom, Departure, Export, Membership, Mention, Message, Reaction, SavedMessage

BATCH = 100  # messages


class LastOfStaff(Exception):
    """Nobody else could look after this Hearth."""


def leave(person: User, *, erases: bool) -> None:
    """Delete the account of somebody, and what they wrote if that is wanted. Raises LastOfStaff."""
    with transaction.atomic():
        _refuse_last_of_staff(person)
        Export.objects.filter(person=person).remove()
        person.become_former()
        _rename_in_log(person)
        finish.enqueue(person.pk, erases)


def _refuse_last_of_staff(person: User) -> None:
    """Raise LastOfStaff if nobody else is staff, or a superuser: of two at once, one is the last."""
    others = [
        one for one in User.objects.staff().select_for_update(no_key=True).order_by("pk") if one != person
    ]
    is_last = person.is_staff and not others
    if is_last or (person.is_superuser and not any(one.is_superuser for one in others)):
        raise LastOfStaff


def _rename_in_log(person: User) -> None:
    """Take the name out of what the admin notes of people."""
    mine = LogEntry.objects.filter(object_id=str(person.pk))
    mine.filter(content_type=ContentType.objects.get_for_model(User)).update(object_repr=str(person))


@task(takes_context=True)
def finish(context: Any, person_id: int, erases: bool) -> None:
    """Do what is left. It looks for that, so it can be interrupted anywhere and done twice.

    Each step leaves less: what is interrupted at its second step each time comes to its end as well.
    """
    person = User.objects.filter(pk=person_id, former_since__isnull=False).first()
    if person is None:
        return
    for _step in _steps(person, erases):
        context.step()


def _steps(person: User, erases: bool) -> Iterator[None]:
    groups = Membership.objects.filter(user=person, room__type=ChatRoom.Type.GROUP).select_related("room")
    while membership := groups.order_by("pk").first():
        membership.leave()
        yield
    if sum(
        kind._default_manager.filter(user=person).delete()[0] for kind in (SavedMessage, Mention, Departure)
    ):
        yield
    if erases:
        _wait_for_posts(person)
        yield from _erase_words(person)
        yield from _erase_reactions(person)


def _wait_for_posts(person: User) -> None:
    """Let posts end that had begun in direct messages, which they do not leave; no more are taken."""
    for room in ChatRoom.objects.filter(memberships__user=person).order_by("pk"):
        with transaction.atomic():
            room.lock()


def _erase_words(person: User) -> Iterator[None]:
    """Delete what they wrote, batch by batch, as if they had done it; the copies in open reports stay."""
    messages = Message.objects.filter(sender=person, deleted_at=None).order_by("pk")
    while rows := list(messages.values_list("pk", "room")[:BATCH]):
        by_room = defaultdict(list)
        for pk, room_id in rows:
            by_room[room_id].append(pk)
        for room_id, ids in by_room.items():
            room = ChatRoom(pk=room_id)
            with transaction.atomic():
                room.lock()
                removal.blank(room, Message.objects.filter(room=room, pk__in=ids), by_moderator=False)
            yield


def _erase_reactions(person: User) -> Iterator[None]:
    reactions = Reaction.objects.filter(user=person).select_related("message__room")
    while reaction := reactions.first():
        reaction.message.forget_reactions_of(person)
        yield


def free_names() -> None:
    """Let others take the names of people who left long enough ago."""
    shapes = NameShape.objects.filter(user__former_since__lte=timezone.now() - NAME_KEPT_FOR)
    if shapes.exists():
        shapes.delete()
