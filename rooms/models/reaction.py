from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import User
from accounts.models.user import LOOK_FIELDS
from rooms.models import emojis


class Kind(NamedTuple):
    """All reactions to a message with one emoji: how many, and who were the first to react like this."""

    emoji: str
    number: int
    first: list[int]

    @property
    def named(self) -> list[int]:
        """Whose names are read out."""
        return self.first[: Reaction.NAMED]

    @property
    def bytes(self) -> int:
        """Roughly the size of what is shown of it."""
        return 300 + 120 * len(self.named) + 8 * len(self.first)


class Reaction(models.Model):
    """A person reacts to a message with an emoji: once with each.

    Rows are the truth. `Message.reacted` sums them up, so that showing messages asks for none of them.
    """

    # With so many different emoji one can react to one message.
    KINDS = 20
    # So many of the people who react alike are named beside the message, and so many are noted there: their
    # own pages mark it as theirs. The page of the message has all of them.
    NAMED = 10
    NOTED = 100

    message = models.ForeignKey("Message", models.CASCADE, related_name="reactions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=emojis.MAX_LENGTH)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "user", "emoji"], name="one_reaction_per_person_and_emoji"
            )
        ]

    def __str__(self) -> str:
        return f"reaction of user {self.user_id} to message {self.message_id}"


def summed_up(message: Any) -> list[Kind] | None:
    """Return the kinds of reactions that a message has by now, in the order in which they were begun.

    A kind keeps its place when the first person takes it back: what people are about to press does not move.
    """
    people: dict[str, list[int]] = {emoji: [] for emoji, _number, _first in message.reacted or ()}
    for emoji, user_id in message.reactions.order_by("pk").values_list("emoji", "user"):
        people.setdefault(emoji, []).append(user_id)
    kinds = [Kind(emoji, len(ids), ids[: Reaction.NOTED]) for emoji, ids in people.items() if ids]
    return kinds or None


def find_reactors(messages: Iterable[Any]) -> None:
    """Find those who are named under messages: with one query, or with none where nobody has reacted."""
    reacted = [message for message in messages if message.reacted]
    if reacted:
        people = named_under(reacted)
        for message in reacted:
            message.reactors = people


def named_under(messages: Iterable[Any]) -> dict[int, User]:
    ids = {pk for message in messages for kind in message.kinds for pk in kind.named}
    return User.objects.only(*LOOK_FIELDS).in_bulk(ids)


def everybody_who_reacted(message: Any) -> dict[str, list[User]]:
    """Return by emoji who reacted with it, the first ones first."""
    found: dict[str, list[User]] = {}
    for reaction in message.reactions.select_related("user").order_by("pk") if message.reacted else ():
        found.setdefault(reaction.emoji, []).append(reaction.user)
    return found
