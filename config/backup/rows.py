"""All rows of a database as lines of JSON, and back again, also into the other kind of database.

The tables have the shape that the database's own migrations gave them, whatever the models of this release
look like. So a database can be saved before it is migrated, and a backup of an earlier release is loaded as
it was and migrated after that.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import batched
from typing import Any

from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.duration import duration_iso_string

CHUNK = 1000  # rows
# What is made again from other tables, or is about processes that are no more.
DERIVED = {"rooms_searchtext", "rooms_searchprogress", "rooms_serverprocess"}

type Table = type[models.Model]
type Node = tuple[str, str]  # a migration: its app and its name


class Newer(Exception):
    """The database, or the backup of one, has had migrations that this release does not know."""


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def applied() -> list[Node]:
    """Return the migrations that the database has had, in alphabetical order. None for an empty one."""
    return sorted(MigrationRecorder(connection).applied_migrations())


def has_people() -> bool:
    """Whether anybody has an account here, in whatever shape the tables are."""
    from django.contrib.auth import get_user_model

    table = get_user_model()._meta.db_table
    if table not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {_quoted(table)} LIMIT 1")  # noqa: S608 (a name of ours)
        return cursor.fetchone() is not None


def is_behind() -> bool:
    """Whether `migrate` has anything to do."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def tables_after(migrations: Iterable[Node]) -> list[Table]:
    """Return the tables whose rows are saved of a database after these migrations. Raises Newer."""
    loader = MigrationLoader(None)
    state = loader.project_state(_last_of(loader, migrations))
    found = state.apps.get_models(include_auto_created=True)
    return sorted(
        (
            table
            for table in found
            if table._meta.managed and not table._meta.proxy and table._meta.db_table not in DERIVED
        ),
        key=lambda table: table._meta.db_table,
    )


def _last_of(loader: MigrationLoader, migrations: Iterable[Node]) -> list[Node]:
    """Return the migrations after which no other one of these follows in its app."""
    wanted = set(migrations)
    if unknown := sorted(wanted - set(loader.graph.nodes)):
        raise Newer(", ".join(".".join(node) for node in unknown))
    nodes = loader.graph.node_map
    return sorted(
        node
        for node in wanted
        if not any(child.key in wanted and child.key[0] == node[0] for child in nodes[node].children)
    )


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as it is now, while others go on writing.

    Not by `atomic`, with which SQLite would keep everybody else from writing.
    """
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if is_postgresql() else "BEGIN")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def count(table: Table) -> int:
    return table._base_manager.count()


def last_id(table: Table) -> int:
    """Return the highest id that a row of the table ever had: none is given twice."""
    if not isinstance(table._meta.pk, models.AutoField | models.BigAutoField | models.SmallAutoField):
        return 0
    name = table._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [_quoted(name), table._meta.pk.column])
            [sequence] = cursor.fetchone()
            cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
        else:
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [name])
        found = cursor.fetchone()
        return int(found[0]) if found else 0


def lines(table: Table) -> Iterator[str]:
    """Yield each row as a line of JSON: a list with the value of each of `columns`."""
    names = [field.attname for field in columns(table)]
    rows = table._base_manager.order_by("pk").values_list(*names)
    for row in rows.iterator(CHUNK):
        yield (
            json.dumps(row, default=_plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
        )


def columns(table: Table) -> "Sequence[models.Field[Any, Any]]":
    return [field for field in table._meta.local_concrete_fields if not field.generated]


def _plain(value: object) -> str:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return duration_iso_string(value)
        case bytes() | memoryview():
            return b64encode(value).decode("ascii")
        case _:
            return str(value)  # UUID, Decimal


def make_tables(migrations: Iterable[Node]) -> None:
    """Give an empty database the tables that it has after these migrations. Raises Newer."""
    executor = MigrationExecutor(connection)
    executor.migrate(_last_of(executor.loader, migrations))


def drop_tables() -> None:
    """Drop all tables of a PostgreSQL, known or not."""
    names = ", ".join(_quoted(name) for name in connection.introspection.table_names())
    if names:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {names} CASCADE")


def load(tables: Sequence[Table], lines_of: Callable[[Table], Iterable[str]], last: dict[str, int]) -> None:
    """Fill empty tables with rows. What refers to what is looked at when all of them are there."""
    with transaction.atomic():
        if is_postgresql():
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # migrations have changed that
        for table in tables:
            _empty(table)
        for table in tables:
            _fill(table, lines_of(table))
        connection.check_constraints()
        for table in tables:
            _go_on_after(table, last[table._meta.db_table])


def _empty(table: Table) -> None:
    """Remove what a migration has put there: the backup has it as well."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_quoted(table._meta.db_table)}")  # noqa: S608


def _fill(table: Table, rows: Iterable[str]) -> None:
    fields = columns(table)
    names = ", ".join(_quoted(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {_quoted(table._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608
    with connection.cursor() as cursor:
        for batch in batched(rows, CHUNK, strict=False):
            cursor.executemany(
                statement,
                [
                    [
                        field.get_db_prep_save(field.to_python(value), connection)
                        for field, value in zip(fields, json.loads(row), strict=True)
                    ]
                    for row in batch
                ],
            )


def _go_on_after(table: Table, last: int) -> None:
    if not last:
        return
    name = table._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            column = table._meta.pk.column
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [_quoted(name), column, last])
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [name])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [name, last])


def _quoted(name: str | None) -> str:
    return str(connection.ops.quote_name(str(name)))
