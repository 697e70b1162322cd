"""Django's backend for SQLite, with which the threads of a process wait for each other in a queue.

SQLite lets one thread write at a time. A thread that waits for another one sleeps and looks again at longer
and longer intervals, up to a tenth of a second: with four threads that post, the database is mostly idle.
"""

import threading
from typing import Any

from django.db.backends.sqlite3 import base

# A courtesy: after this time a thread asks SQLite anyway, and then waits for DATABASE_TIMEOUT at most.
TURN_SECONDS = 1.0

_turn = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    _has_turn = False

    def _start_transaction_under_autocommit(self) -> None:
        self._has_turn = _turn.acquire(timeout=TURN_SECONDS)
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
        except BaseException:
            self._pass_turn_on()
            raise

    def _commit(self) -> Any:
        try:
            return super()._commit()  # type: ignore[misc]  # not in the stubs
        finally:
            self._pass_turn_on()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]  # not in the stubs
        finally:
            self._pass_turn_on()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]  # not in the stubs
        finally:
            self._pass_turn_on()

    def _pass_turn_on(self) -> None:
        if self._has_turn:
            self._has_turn = False
            _turn.release()
