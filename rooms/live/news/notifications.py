"""What scripts of a page are told so that they can notify its reader, if nobody looks at the page."""

from collections.abc import Mapping
from typing import Any

from rooms.chats import Chat, chat_for
from rooms.ids import user_channel
from rooms.live.news.letters import News
from rooms.live.wire import frames
from rooms.live.wire.frames import Frame
from rooms.models import ChatRoom, Message
from rooms.unread import Unread


def announce(
    news: News,
    room: ChatRoom,
    unread: dict[int, Unread],
    messages: list[Message],
    blocked: Mapping[int, set[int]],
) -> None:
    """Tell everybody the newest of `messages` that they want to be notified of."""
    told: dict[tuple[str, int], Frame] = {}  # one for all who are told the same
    for user_id, now in unread.items() if messages else ():
        unheard = {user_id, *blocked.get(user_id, ())}
        wanted = (
            message
            for message in messages
            if message.sender_id not in unheard and now.wants(message, user_id)
        )
        if message := next(wanted, None):
            chat = chat_for(user_id, room, now)
            key = chat.dom_id, message.pk
            told[key] = told.get(key) or _notified(chat, message)
            news.add(user_channel(user_id), told[key])


def take_back(news: News, room: ChatRoom, unread: dict[int, Unread], deleted: list[int]) -> None:
    """Close notifications of messages that were deleted."""
    for user_id in unread if deleted else ():
        about = {"chat": chat_for(user_id, room, None).dom_id, "messages": deleted}
        news.add_event(user_id, "read-elsewhere", about)


def _notified(chat: Chat, message: Message) -> Frame:
    """Return the event, in the reader's language: files are told of in words."""
    return Frame(lambda: frames.named("notify", _notification(chat, message)))


def _notification(chat: Chat, message: Message) -> dict[str, Any]:
    """Return what a page shows of a message that came."""
    content = message.plain[:200]
    text = content if chat.person else f"{message.sender.shown_name}: {content}"
    about = {"chat": chat.dom_id, "message": message.pk, "url": chat.url}
    return {**about, "title": chat.name, "body": text}
