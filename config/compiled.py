"""Statements whose SQL is made once.

Three quarters of the time of a small statement go into making its SQL, which is the same each time. What
every page and every post asks is compiled here at its first use, with stand-ins for the values that differ,
and from then on run with the values. The ORM stays the one place that says what is asked: what is compiled is
an ordinary queryset, and `plainly` asks it as one, with which tests compare.

A value takes one place in the SQL and never changes it. None is refused, since it would be IS NULL. What does
change the SQL, such as a slice, is given under a name that has no field, and has a statement of its own.

A statement belongs to a connection, hence to one thread and one kind of database.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import DatabaseDefault, Expression
from django.db.models.query import FlatValuesListIterable, ModelIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

# What values are, for those who compile.
ID = models.BigIntegerField()
MOMENT = models.DateTimeField()
TEXT = models.TextField()
UUID = models.UUIDField()


class StandIn(Expression):
    """Stands in the SQL for the value of that name."""

    def __init__(self, name: str, field: "models.Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)

    def prepared(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if value is None:
            raise ValueError(f"{self.name} is None, which takes other SQL")
        return self.output_field.get_db_prep_value(value, connection)


class Saved(StandIn):
    """Stands for what a new row has in a column, which may be None."""

    def prepared(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        return self.output_field.get_db_prep_save(value, connection)


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    parameters: Sequence[Any]  # values and stand-ins
    read: Callable[[Any], list[Any]]  # makes what is returned of the cursor

    def run(self, connection: BaseDatabaseWrapper, values: dict[str, Any]) -> list[Any]:
        filled = [
            one.prepared(values[one.name], connection) if isinstance(one, StandIn) else one
            for one in self.parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, filled)
            return self.read(cursor)


def statements_of(connection: BaseDatabaseWrapper) -> dict[Hashable, Statement]:
    """Return what was compiled for a connection; it belongs to one thread, and goes with it."""
    made: dict[Hashable, Statement] = vars(connection).setdefault("compiled_statements", {})
    return made


class Compiled:
    """What all have in common: `say` gets a stand-in for each of `fields`, and other values as they are."""

    def __init__(self, say: Callable[..., Any], **fields: "models.Field[Any, Any]") -> None:
        self._say = say
        self._fields = fields

    def _run(self, values: dict[str, Any]) -> list[Any]:
        connection = connections[DEFAULT_DB_ALIAS]
        made = statements_of(connection)
        key = (self, *(value for name, value in values.items() if name not in self._fields))
        if (statement := made.get(key)) is None:
            stand_ins = {name: StandIn(name, field) for name, field in self._fields.items()}
            statement = made[key] = self._compile(connection, self._say(**values | stand_ins))
        return statement.run(connection, values)

    def _compile(self, connection: BaseDatabaseWrapper, said: Any) -> Statement:
        raise NotImplementedError


class CompiledQuery[Row](Compiled):
    """A queryset of models, with those they are selected with, or of `values_list`."""

    def __init__(
        self, say: Callable[..., "models.QuerySet[Any, Row]"], **fields: "models.Field[Any, Any]"
    ) -> None:
        super().__init__(say, **fields)

    def __call__(self, **values: Any) -> list[Row]:
        return self._run(values)

    def first(self, **values: Any) -> Row | None:
        """Return the first row; it is for those who ask to say that there is one, or which of them."""
        return next(iter(self._run(values)), None)

    def plainly(self, **values: Any) -> "models.QuerySet[Any, Row]":
        found: models.QuerySet[Any, Row] = self._say(**values)
        return found

    def _compile(self, connection: BaseDatabaseWrapper, said: "models.QuerySet[Any, Row]") -> Statement:
        compiler = said.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        expressions = [selected[0] for selected in compiler.select]
        converters = compiler.get_converters(expressions)
        make = _maker(said, compiler)

        def read(cursor: Any) -> list[Row]:
            rows = cursor.fetchall()
            return [
                make(row) for row in (compiler.apply_converters(rows, converters) if converters else rows)
            ]

        return Statement(sql, parameters, read)


def _maker(queryset: "models.QuerySet[Any, Any]", compiler: SQLCompiler) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a row into what `queryset` would give, as Django's own iterables do."""
    kind = queryset._iterable_class
    if issubclass(kind, FlatValuesListIterable):
        return itemgetter(0)
    if not issubclass(kind, ModelIterable):
        return tuple
    info, mode = compiler.klass_info, queryset._fetch_mode  # type: ignore[attr-defined]  # not in the stubs
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [selected[0].target.attname for selected in compiler.select[first:last]]
    populators = get_related_populators(info, compiler.select, queryset.db, mode)
    from_db = info["model"].from_db
    annotations = tuple(compiler.annotation_col_map.items())

    def make(row: Sequence[Any]) -> models.Model:
        found: models.Model = from_db(queryset.db, names, row[first:last], fetch_mode=mode)
        for populator in populators:
            populator.populate(row, found)
        for name, column in annotations:
            setattr(found, name, row[column])
        return found

    return make


class CompiledUpdate(Compiled):
    """An UPDATE: `say` returns which rows, and their new values by the names of fields."""

    def __call__(self, **values: Any) -> int:
        """Return how many rows there were."""
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            [count] = self._run(values)
        return int(count)

    def plainly(self, **values: Any) -> int:
        rows, changes = self._say(**values)
        return int(rows.update(**changes))

    def _compile(self, connection: BaseDatabaseWrapper, said: Any) -> Statement:
        rows, changes = said
        query = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        sql, parameters = query.get_compiler(connection=connection).as_sql()
        return Statement(sql, parameters, lambda cursor: [cursor.rowcount])


class CompiledInsert:
    """An INSERT of a row, which gets its id, as by `save(force_insert=True)`, but without signals."""

    def __init__(self, model: type[models.Model]) -> None:
        self._model = model

    def __call__(self, row: models.Model) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        values = {
            field.attname: field.pre_save(row, add=True)
            for field in self._model._meta.local_concrete_fields
            if not field.primary_key
        }
        # The database says what these are, and tells us.
        left_out = frozenset(name for name, value in values.items() if isinstance(value, DatabaseDefault))
        made = statements_of(connection)
        if (statement := made.get((self, left_out))) is None:
            statement = made[self, left_out] = self._compile(connection, left_out)
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            [told] = statement.run(connection, values)
        for name, value in told.items():
            setattr(row, name, value)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def _compile(self, connection: BaseDatabaseWrapper, left_out: frozenset[str]) -> Statement:
        meta = self._model._meta
        fields = [field for field in meta.local_concrete_fields if not field.primary_key]
        blank = self._model()
        for field in fields:
            if field.attname not in left_out:
                setattr(blank, field.attname, Saved(field.attname, field))
        query = InsertQuery(self._model)
        query.insert_values(fields, [blank])
        compiler = query.get_compiler(connection=connection)
        returned = [meta.pk, *(field for field in fields if field.attname in left_out)]
        compiler.returning_fields = returned
        [(sql, parameters)] = compiler.as_sql()
        converters = compiler.get_converters([field.get_col(meta.db_table) for field in returned])

        def read(cursor: Any) -> list[dict[str, Any]]:
            rows = connection.ops.fetch_returned_rows(cursor, compiler.returning_params)
            names = [field.attname for field in returned]
            return [dict(zip(names, row, strict=True)) for row in compiler.apply_converters(rows, converters)]

        return Statement(sql, parameters, read)
