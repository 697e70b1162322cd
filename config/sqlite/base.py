"""Django's backend for SQLite, with which the threads of a process wait for each other in a queue.

SQLite lets one thread write at a time. A thread that waits for another one sleeps and looks again at longer
and longer intervals, up to a tenth of a second: with four threads that post, the database is mostly idle.
"""

import threading
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base

# A courtesy: after this time a thread asks SQLite anyway, and then waits for DATABASE_TIMEOUT at most.
TURN_SECONDS = 1.0
# Longer statements, with thousands of ids, are not kept.
LONG = 10_000  # characters

_turn = threading.Lock()


@lru_cache(maxsize=500)
def _with_question_marks(query: str) -> str:
    return str(base.FORMAT_QMARK_REGEX.sub("?", query)).replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    """SQLite wants `?` where Django writes `%s`. Replacing it takes longer than many a query."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is None and len(query) < LONG:
            return _with_question_marks(query)
        return str(super().convert_query(query, param_names=param_names))


class DatabaseWrapper(base.DatabaseWrapper):
    _has_turn = False

    def create_cursor(self, name: str | None = None) -> Cursor:
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

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
