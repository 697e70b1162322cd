"""The ASGI endpoint of rooms for readers without scripts: a document to which changes are added as HTML."""

from collections.abc import Collection

from asgiref.typing import ASGISendCallable
from django.utils import timezone, translation

from config import doorbell
from config.events import respond
from config.languages import accepted_language
from rooms.history import page_before, unread_line
from rooms.ids import room_channel
from rooms.live.endpoints.access import Opening, Refused
from rooms.live.endpoints.stream import ENDLESS, EXPLANATIONS, Headers, RoomScope, StreamEndpoint
from rooms.live.news.part import PresentState
from rooms.live.news.ticks import tick_frame
from rooms.live.wire import fragments
from rooms.live.wire.formats import Document
from rooms.models import ChatRoom, Membership
from rooms.models.tick import Marks
from rooms.receipts import marks_for

HTML: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]


class DocumentEndpoint(StreamEndpoint):
    """`GET /rooms/<id>/live`, which the page of a room shows in a frame.

    The document listens only to its room: it has no list of chats. Whenever something it shows would have to
    change, it ends with an element that makes the browser request it again.
    """

    def opening(self, scope: RoomScope) -> Opening:
        opening = super().opening(scope)
        room = ChatRoom.objects.select_related("low_user", "high_user").get(pk=opening.room_id or 0)
        membership = Membership.objects.filter(room=room, user=opening.user).first()
        if membership is None and not opening.is_visit:
            raise Refused(404, "room", opening.user)
        version = membership.marker_version if membership else 0
        document = Document(opening.format.language, opening.time_zone, version=version)
        page = page_before(room, unread=unread_line(membership) if membership else None)
        page.linked = opening.message  # where it is not on the page, nothing leads there
        page.mark(opening.searched)
        is_hidden = room.is_group and page.linked_sender in opening.blocked
        with translation.override(document.language), timezone.override(opening.time_zone):
            opening.beginning = fragments.document(
                room,
                page,
                opening.user,
                is_linked_hidden=is_hidden,
                is_visit=opening.is_visit,
                nonce=document.nonce,
                version=version,
            ).encode()
        opening.format = document
        opening.headers = [*HTML, *ENDLESS, policy(f" 'nonce-{document.nonce}'")]
        opening.channels = {room_channel(room.pk)}
        # Messages are read after the revision, and what is here must not come again: nothing replaces it.
        opening.position = max([page.revision, *(message.revision for message in page.messages)])
        return opening

    def read_states(self, openings: Collection[Opening]) -> list[PresentState | None]:
        return [_state(opening) for opening in openings]

    async def refuse(self, scope: RoomScope, send: ASGISendCallable, refusal: Refused) -> None:
        """Answer with a small page that says why, and asks again where that may help."""
        with translation.override(refusal.language or accepted_language(scope)):
            body = fragments.document_refusal(refusal.status, refusal.reason, refusal.reader).encode()
        headers = [*HTML, (b"cache-control", b"no-store"), policy(), *EXPLANATIONS.get(refusal.status, ())]
        await respond(send, refusal.status, headers, body)


def _state(opening: Opening) -> PresentState | None:
    room = ChatRoom.objects.filter(pk=opening.room_id or 0).first()
    if room is None:
        return None
    if opening.is_visit:
        return PresentState(b"", Marks(), {})
    if Membership.objects.mark_delivered(room.pk, [opening.user.pk], room.last_message_id or 0):
        doorbell.ring("receipt", room=room.pk)
    marks = marks_for(room.pk, [opening.user.pk])[opening.user.pk]
    return PresentState(tick_frame(opening.format, room.pk, opening.user.pk, marks), marks, {})


def policy(style_source: str = "") -> tuple[bytes, bytes]:
    sources = f"default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'{style_source}"
    return (
        b"content-security-policy",
        f"{sources}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'".encode(),
    )
