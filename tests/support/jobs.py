"""Jobs that are worked off when a test says so."""

import uuid
from collections.abc import Callable

from rooms import jobs


def go_on() -> bool:
    return False


def work_off(is_stopping: Callable[[], bool] = go_on, worker: uuid.UUID | None = None) -> bool:
    """Do the job that is due for longest; return whether there was one."""
    return jobs.work_off(worker or uuid.uuid4(), is_stopping)
