"""What happens to people that other parts of Hearth have to follow."""

from django.dispatch import Signal

# Sent in the transaction that saves somebody as inactive, also where they were it before; with `user`.
deactivated = Signal()
