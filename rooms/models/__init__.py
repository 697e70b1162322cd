from rooms.models.chat_room import ChatRoom
from rooms.models.membership import Membership
from rooms.models.message import Message, TokenReused
from rooms.models.read_receipt import ReadReceipt

__all__ = ["ChatRoom", "Membership", "Message", "ReadReceipt", "TokenReused"]
