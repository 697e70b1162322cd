from accounts.models.allowance import Allowance
from accounts.models.avatar import Avatar
from accounts.models.block import Block
from accounts.models.claim import Claim
from accounts.models.entry_link import EntryLink
from accounts.models.login_session import LoginSession
from accounts.models.name_shape import NameShape
from accounts.models.used_address import UsedAddress
from accounts.models.user import NameTaken, User, UserManager

__all__ = [
    "Allowance",
    "Avatar",
    "Block",
    "Claim",
    "EntryLink",
    "LoginSession",
    "NameShape",
    "NameTaken",
    "UsedAddress",
    "User",
    "UserManager",
]
