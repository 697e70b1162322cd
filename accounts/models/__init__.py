from accounts.models.allowance import Allowance
from accounts.models.login_session import LoginSession
from accounts.models.user import NameTaken, User, UserManager

__all__ = ["Allowance", "LoginSession", "NameTaken", "User", "UserManager"]
