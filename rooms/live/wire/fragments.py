"""Which partial shows which change. It names no viewer: one goes to all readers of a channel and language."""

from collections.abc import Mapping
from datetime import datetime

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from config.context_processors import site
from rooms.chats import Chat, ChatLists, as_of, chats_digest
from rooms.history import HistoryPage
from rooms.live.wire.channels import Change
from rooms.models import ChatRoom, Message
from rooms.models.tick import Marks
from rooms.receipts import TickBounds
from rooms.unread import unread_label

# If more are unread when a document begins, which shows the newest, they are not taken as seen.
SEEN_AT_ONCE = 5


def changes(change: Change) -> str:
    """New messages are inserted; earlier ones, and the head, are changed where they are."""
    context = {
        "posted": change.posted,
        "changed": change.changed,
        "cursor": change.cursor,
        "room": change.head,
    }
    return _render("rooms/pushes.html#changes", context)


def newest_page(page: HistoryPage) -> str:
    """The newest page for a reader who is too far behind."""
    return _render("rooms/pushes.html#newest-page", {"page": page, "room": page.room})


def chat_list(chats: ChatLists, open_chat: str | None, user: User) -> str:
    """The whole list for a page that was away; `open_chat` is the id of the line that is marked."""
    digest = chats_digest(chats, user)
    context = {"chats": chats, "chats_digest": digest, "open_chat": open_chat, "user": user}
    return _render("rooms/pushes.html#chat-list", context)


def own_style(user: User) -> str:
    """The reader's own style sheet, which changes when they block or unblock people."""
    return _render("rooms/pushes.html#own", {"reader": user})


def standing(is_moderator: bool) -> str:
    """Whether the reader moderates the room of the page, by which style knows what rules are for them."""
    return _render("rooms/pushes.html#standing", {"is_moderator": is_moderator})


def updated() -> str:
    """For a page of another release than the one that serves."""
    return _render("rooms/pushes.html#updated", {})


def chat_preview(chat: Chat) -> str:
    """The last message of a chat for all who see it in their list."""
    return _render("rooms/pushes.html#chat-preview", {"chat": chat})


def chat_name(chat: Chat) -> str:
    """The name of a room for all who see it in their list."""
    return _render("rooms/pushes.html#chat-name", {"chat": chat})


def renamed_chat(chat: Chat) -> str:
    return chat_name(chat) + chat_preview(chat)


def chat_gone(chat: Chat) -> str:
    """Take a line out of the list."""
    return _render("rooms/pushes.html#chat-gone", {"chat": chat})


def chat_badge(chat: Chat) -> str:
    return _render("rooms/pushes.html#chat-badge", {"chat": chat})


def new_chat(chat: Chat, shows_presence: bool = False) -> str:
    """A line for the list that may not be there; with presence only for readers who show theirs."""
    return _render("rooms/pushes.html#new-chat", {"chat": chat, "shows_presence": shows_presence})


def favourite(is_favourite: bool) -> str:
    """The button of a page whose reader has put its chat on top of the list, or taken it down."""
    return _render("rooms/pushes.html#favourite", {"is_favourite": is_favourite})


def new_person(user: User) -> str:
    return new_chat(Chat(None, user))


def ticks(marks: Marks, author_id: int) -> str:
    """How far the author's messages in the room of the page have come, for a script to show on each."""
    return _render("rooms/pushes.html#ticks", {"marks": marks, "author_id": author_id})


def reports(room_id: int | None, count: int) -> str:
    """How many reports in a room wait for its moderators; without a room, how many wait for staff."""
    return _render("rooms/pushes.html#reports", {"room_id": room_id, "report_count": count})


def typing_indicator(names: list[str], dom_id: str, *, is_open: bool) -> str:
    """The people who type, in the list of chats and, with `is_open`, in the room; no names for nobody."""
    label = _("typing…") if names else ""
    context = {"words": typing_words(names), "label": label, "dom_id": dom_id, "is_open": is_open}
    return _render("rooms/pushes.html#typing-indicator", context)


def profile(person: User, read_at: datetime) -> str:
    """What pages show of a person, wherever they show it."""
    return _render("rooms/pushes.html#profile", {"person": person, "as_of": as_of(read_at)})


def other_renamed(chat: Chat) -> str:
    """In a direct message, everything that contains the other person's name."""
    return title(chat.name, chat.unread.count) + _render(
        "rooms/pushes.html#composer-label", {"title": chat.name}
    )


def presence(person: User) -> str:
    return _render("rooms/pushes.html#presence", {"person": person})


def other_presence(other: User | None) -> str:
    """In a direct message, the other person's presence; None for a reader who may not see it."""
    return _render("rooms/pushes.html#other-presence", {"person": other})


def title(name: str, unread_count: int) -> str:
    """The title of the page, and its icon."""
    return _render("rooms/pushes.html#title", {"name": name, "unread_label": unread_label(unread_count)})


def stream_ended(reason: str) -> str:
    """Replace the element that connects, so that the page stops asking; `reason` is `session` or `room`."""
    return _render("rooms/pushes.html#stream-ended", {"reason": reason, "again": ""})


# The document for readers without scripts


def document(
    room: ChatRoom,
    page: HistoryPage,
    reader: User,
    *,
    is_linked_hidden: bool = False,
    is_visit: bool = False,
    nonce: str = "",
    version: int = 0,
) -> str:
    """The beginning of the document, up to its newest message. More is added, and nothing is ever closed."""
    context = {
        "noticed": page.messages[-1:] if 0 < len(page.unread_messages) <= SEEN_AT_ONCE else [],
        "nonce": nonce,
        "version": version,
        "room": room,
        "page": page,
        "reader": reader,
        "title": room.title_for(reader),
        "is_linked_hidden": is_linked_hidden,
        "is_visit": is_visit,
    }
    return _render("rooms/document/document.html", context)


def document_refusal(status: int, reason: str, reader: User | None) -> str:
    """A whole document in place of one that never ends."""
    context = {"status": status, "reason": reason, "reader": reader, "again": reverse("rooms:lobby")}
    return _render("rooms/document/refusal.html", context)


def document_messages(
    messages: list[Message], previous: Message | None, nonce: str, version: int | str
) -> str:
    """Messages that follow what is there, `previous`, with a line above the first one of a day."""
    if not messages:
        return ""
    context = {
        "messages": messages,
        "previous": previous,
        "noticed": messages[-1:],
        "nonce": nonce,
        "version": version,
    }
    return _render("rooms/document/pieces.html#messages", context)


def document_changed(changed: list[Message], moved: list[int], nonce: str) -> str:
    """Copies of messages that have changed, and a style that shows them where the first ones stood.

    Numbers put them there: a copy comes after all with smaller ones, and before what follows its message.
    """
    if not changed:
        return ""
    context = {
        "changed": [(message, 2 * message.pk - 1) for message in changed],
        "moved": [(pk, 2 * pk) for pk in moved],
        "nonce": nonce,
    }
    return _render("rooms/document/pieces.html#changed", context)


def document_ticks(bounds: TickBounds, nonce: str) -> str:
    """How far the author's messages have come: a style for the ticks, and words for the last of them.

    The style finds messages by the ids of own ones, since those are in the document or older than all of it.
    """
    context = {
        "delivered": bounds.delivered,
        "undelivered": bounds.undelivered,
        "read": bounds.read,
        "unread": bounds.unread,
        "last": bounds.last,
        "nonce": nonce,
    }
    return _render("rooms/document/pieces.html#ticks", context)


def document_typing(names: list[str]) -> str:
    return _render("rooms/document/pieces.html#typing", {"words": typing_words(names)})


def document_heartbeat() -> str:
    """Replace the last heartbeat; one that is not replaced in time says that the connection is lost."""
    return _render("rooms/document/pieces.html#heartbeat", {})


def document_forbidden(reason: str) -> str:
    """The end of the document for somebody who may not read on; `reason` is `session` or `room`."""
    return _render(
        "rooms/document/pieces.html#forbidden", {"reason": reason, "again": reverse("rooms:lobby")}
    )


def document_begins_anew(seconds: int) -> str:
    """The end of the document for a browser that asks for it anew after some seconds."""
    return _render("rooms/document/pieces.html#begins-anew", {"seconds": seconds})


def typing_words(names: list[str]) -> str:
    """Return who is typing, in a sentence that names two of them at most; nothing for nobody."""
    if not names:
        return ""
    if len(names) == 1:
        return _("%(first)s is typing…") % {"first": names[0]}
    if len(names) == 2:
        return _("%(first)s and %(second)s are typing…") % {"first": names[0], "second": names[1]}
    others = len(names) - 2
    sentence = ngettext(
        "%(first)s, %(second)s and %(others)s other are typing…",
        "%(first)s, %(second)s and %(others)s others are typing…",
        others,
    )
    return sentence % {"first": names[0], "second": names[1], "others": others}


def _render(template: str, context: Mapping[str, object]) -> str:
    return render_to_string(template, {**site(), **context})
