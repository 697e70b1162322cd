"""How far a message has come: ✓ sent, ✓✓ delivered, blue ✓✓ read."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Tick:
    """`state` is sent, delivered or read; `label` says it in words."""

    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the others of a room have come, as one author may know it: message ids, the lowest first.

    In a large room there is one of each, the lowest. `read` leaves out who does not tell, and is empty for an
    author who does not tell either.
    """

    delivered: tuple[int, ...] = ()
    read: tuple[int, ...] = ()

    def tick(self, message_id: int) -> Tick:
        readers = sum(mark >= message_id for mark in self.read)
        if self.read and readers == len(self.read):
            return Tick("read", self._read_label(readers))
        is_delivered = bool(self.delivered) and self.delivered[0] >= message_id
        label = _("Delivered") if is_delivered else _("Sent")
        if readers:
            label = f"{label}, {self._read_label(readers)}"
        return Tick("delivered" if is_delivered else "sent", label)

    def _read_label(self, readers: int) -> str:
        if len(self.read) == 1:
            return _("Read")
        return _("Read by %(readers)d of %(others)d") % {"readers": readers, "others": len(self.read)}
