"""Django's backend for SQLite, with which the threads of a process wait for each other in a queue.

SQLite lets one write at a time. Who waits for another sleeps, and looks again ever more seldom, up to every
tenth of a second: with four threads that post, the database is idle for most of the time.
"""

import threading
from typing import Any

from django.db.backends.sqlite3 import base

# A courtesy: after so long somebody asks SQLite anyway, and then waits for DATABASE_TIMEOUT at most.
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
