"""What is compiled asks, changes and saves exactly what the ORM does with the same values."""

import random
import sys
import uuid
from datetime import timedelta

import pytest
from django.db import connection, models, transaction
from django.utils import timezone

from accounts.models import LoginSession, User
from config.compiled import (
    ID,
    MOMENT,
    TEXT,
    CompiledInsert,
    CompiledQuery,
    CompiledUpdate,
)
from rooms.models import ChatRoom, Message
from tests.conftest import client_of
from tests.support.factories import make_message, make_private_room, make_room, make_users

VALUES_TRIED = 60


def compiled(kind):
    """Return all statements of the product of that kind, by name."""
    return {
        f"{module.__name__}.{name}": value
        for module in list(sys.modules.values())
        if module.__name__.startswith(("accounts.", "rooms."))
        for name, value in vars(module).items()
        if isinstance(value, kind)
    }


@pytest.fixture
def dice():
    return random.Random(13)


@pytest.fixture
def house(db, dice):
    """People, rooms, messages, blocks and sessions, more or less at random."""
    people = make_users(6)
    rooms = [make_room(f"Room {number}", members=dice.sample(people, 3)) for number in range(4)]
    rooms += [make_private_room(people[0], person) for person in people[1:4]]
    for number in range(20):
        room = dice.choice(rooms)
        make_message(room, dice.choice(list(room.participants.all())), str(number))
    people[0].block(people[1])
    people[2].block(people[0])
    User.objects.filter(pk=people[5].pk).update(is_active=False)
    for person in people[:3]:
        client = client_of(person)
        client.get("/")  # with it, the session is noted as theirs
        client_of(person)
    return people


@pytest.fixture
def some_value(house, dice):
    """`some_value(name, field)` is one that is in the database, or near it, or far from it."""
    sessions = list(LoginSession.objects.values_list("session", flat=True))
    ids = {
        name: list(model.objects.values_list("pk", flat=True))
        for model, names in [
            (User, "user sender one other"),
            (ChatRoom, "room"),
            (Message, "message"),
        ]
        for name in names.split()
    }

    ids["revision"] = list(range(10))

    def choose(name, field):
        if field is ID:
            return dice.choice([*ids[name], max(ids[name]) + 1, dice.randrange(2**63)])
        if field is MOMENT:
            return timezone.now() + timedelta(days=dice.choice([-1, 1, 13.9, 14.1, 100]))
        assert field is TEXT
        return dice.choice([*sessions, "", "’);--%s", "x" * 300])

    return choose


def values_for(statement, some_value, dice):
    """Return values for all that it is told; what has no field is how many of something."""
    code = statement._say.__code__
    return {
        name: some_value(name, field) if (field := statement._fields.get(name)) else dice.randrange(1, 4)
        for name in code.co_varnames[: code.co_argcount]
    }


def told(row):
    """Return all that is known of a row, and of the rows that were read with it."""
    if not isinstance(row, models.Model):
        return row
    known = {name: value for name, value in vars(row).items() if name != "_state"}
    related = {
        name: other and told(other) for name, other in row._state.fields_cache.items() if name != "session"
    }
    return type(row), known, row._state.adding, row._state.db, related


def test_queries_find_what_plain_ones_find(house, some_value, dice):
    for name, query in compiled(CompiledQuery).items():
        found = 0
        for _attempt in range(VALUES_TRIED):
            values = values_for(query, some_value, dice)
            plain = [told(row) for row in query.plainly(**values)]
            assert [told(row) for row in query(**values)] == plain, (name, values)
            found += len(plain)
        assert found, f"{name}: nothing that could differ"


def state():
    return list(ChatRoom.objects.order_by("pk").values())


@pytest.mark.parametrize("name", compiled(CompiledUpdate))
def test_updates_change_what_plain_ones_change(name, house, some_value, dice):
    update = compiled(CompiledUpdate)[name]
    changed = 0
    before = state()

    def outcome(act, values):
        with transaction.atomic():
            count, after = act(**values), state()
            transaction.set_rollback(True)
        return count, after

    for _attempt in range(VALUES_TRIED // 2):
        values = values_for(update, some_value, dice)
        if not Message.objects.filter(pk=values.get("message", 1)).exists() and "message" in values:
            continue  # the database refuses it at the commit
        plain = outcome(update.plainly, values)
        assert outcome(update, values) == plain
        assert state() == before
        changed += plain[1] != before
    assert changed, "nothing that could differ"


def test_all_that_is_compiled_is_compared():
    assert compiled(CompiledQuery)
    assert compiled(CompiledUpdate)
    assert compiled(CompiledInsert).keys() == {"rooms.models.message.insert_message"}


@pytest.mark.parametrize("mentioned", [{}, {"ada": 1, "zoë’s": 2}])
def test_message_is_saved_as_by_save(ada, room, mentioned):
    fields = {"room": room, "sender": ada, "content": "’%s\n🎉", "mentioned": mentioned, "revision": 7}
    one = Message(**fields, position=7, token=uuid.uuid4())
    other = Message(**fields, position=8, token=uuid.uuid4(), timestamp=one.timestamp)
    one.save(force_insert=True)
    other.insert()
    assert other.pk == one.pk + 1
    assert vars(one._state) == vars(other._state)
    rows = {row["id"]: row for row in Message.objects.values()}
    for own in ("id", "position", "token"):
        del rows[one.pk][own], rows[other.pk][own]
    assert rows[one.pk] == rows[other.pk]
    assert Message.objects.get(pk=other.pk).token == other.token
    other.content = "Later"
    other.save()  # it is known as a row that is there
    assert Message.objects.get(pk=other.pk).content == "Later"


def test_what_would_take_other_sql_is_refused(db):
    with pytest.raises(ValueError, match="user is None"):
        compiled(CompiledQuery)["rooms.models.chat_room.room_joined_by"](user=None, room=1)


@pytest.mark.parametrize("length", [0, 20_000])
def test_marks_in_sql_are_read_as_ever(db, length):
    """On SQLite they are replaced once and kept, unless the statement is very long."""
    padding = " " * length
    with connection.cursor() as cursor:
        for value in ("%s", "?", "’"):
            cursor.execute(f"SELECT %s, '50 %%', '?' {padding}", [value])
            assert cursor.fetchone() == (value, "50 %", "?")
        cursor.execute("SELECT '50 %'")
        assert cursor.fetchone() == ("50 %",)


def test_annotations_come_with_the_row(ada):
    query = CompiledQuery(
        lambda user: User.objects.filter(pk=user).annotate(as_ever=models.F("username")), user=ID
    )
    assert query.first(user=ada.pk).as_ever == "ada"


def test_statement_is_made_once(db):
    made = []
    query = CompiledQuery(
        lambda user, place: made.append(place) or User.objects.filter(pk=user).order_by("pk")[:place], user=ID
    )
    for user in range(5):
        for place in (1, 2):
            assert query(user=user, place=place) == []
    assert made == [1, 2]
