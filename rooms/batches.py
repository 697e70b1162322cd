"""Long work in batches, each a transaction that does what is left then: so it can end after any of them."""

import time
from collections.abc import Iterable

LONGEST_PAUSE = 0.1


def run(batches: Iterable[None], seconds: float) -> bool:
    """Go through `batches`, one at least, for about so long; return whether that was all.

    After each, others have as much time as it took: a database may have one writer, which would be this.
    """
    began = last = time.monotonic()
    for _batch in batches:
        took = time.monotonic() - last
        if last + took - began > seconds:
            return False
        time.sleep(min(took, LONGEST_PAUSE))
        last = time.monotonic()
    return True
