"""What there is to see of each template: all states, by what they are about."""

from importlib import import_module

from rooms.gallery.states.state import STATES, State, states_of

__all__ = ["STATES", "State", "states_of"]

# They note their states, in this order.
for _name in (
    "messages",
    "chats",
    "pushes",
    "rooms",
    "lobby",
    "about_messages",
    "about_rooms",
    "people",
    "entering",
    "others",
    "variants",
):
    import_module(f"{__name__}.{_name}")
