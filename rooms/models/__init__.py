from rooms.models.ban import Ban
from rooms.models.chat_room import (
    Archived,
    Blocked,
    ChatRoom,
    NotAdmitted,
    NotAllowed,
    TooManyRooms,
    TooSoon,
    joined_room,
)
from rooms.models.departure import Departure
from rooms.models.export import Export
from rooms.models.hidden_room import HiddenRoom
from rooms.models.job import Job
from rooms.models.membership import Membership
from rooms.models.mention import Mention
from rooms.models.message import ChangeRefused, Message, TokenReused
from rooms.models.message_version import MessageVersion
from rooms.models.moderation_act import ModerationAct
from rooms.models.pin import Pin
from rooms.models.raid import Raid
from rooms.models.reaction import Reaction
from rooms.models.read_receipt import ReadReceipt
from rooms.models.report import Report
from rooms.models.room_invitation import RoomInvitation
from rooms.models.saved_message import SavedMessage
from rooms.models.search_text import SearchDay, SearchProgress, SearchText
from rooms.models.server_process import ServerProcess
from rooms.models.stored_file import Attachment, QuotaReached, StoredFile

__all__ = [
    "Archived",
    "Attachment",
    "Ban",
    "Blocked",
    "ChangeRefused",
    "ChatRoom",
    "Departure",
    "Export",
    "HiddenRoom",
    "Job",
    "Membership",
    "Mention",
    "Message",
    "MessageVersion",
    "ModerationAct",
    "NotAdmitted",
    "NotAllowed",
    "Pin",
    "QuotaReached",
    "Raid",
    "Reaction",
    "ReadReceipt",
    "Report",
    "RoomInvitation",
    "SavedMessage",
    "SearchDay",
    "SearchProgress",
    "SearchText",
    "ServerProcess",
    "StoredFile",
    "TokenReused",
    "TooManyRooms",
    "TooSoon",
    "joined_room",
]
