"""Long work in batches, each a transaction that does part of what is left: it can end after any batch."""

import time
from collections.abc import Iterable

LONGEST_PAUSE = 0.1


def run(batches: Iterable[None], seconds: float) -> bool:
    """Work through `batches` for about that long, at least one; return whether that was all.

    After each, others get as much time as it took: a database may have only one writer.
    """
    began = last = time.monotonic()
    for _batch in batches:
        took = time.monotonic() - last
        if last + took - began > seconds:
            return False
        time.sleep(min(took, LONGEST_PAUSE))
        last = time.monotonic()
    return True
