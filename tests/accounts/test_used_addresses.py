"""Which address somebody was here from: kept for some days, as limits count it, and shown to staff only."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import sessions
from accounts.models import UsedAddress
from rooms import housekeeping

pytestmark = pytest.mark.django_db


def addresses():
    return list(UsedAddress.objects.order_by("pk").values_list("user__username", "address"))


def enter(name, address):
    client = Client(REMOTE_ADDR=address)
    client.post("/login/", {"name": name})
    client.get("/")
    return client


def test_address_is_noted_when_somebody_enters_and_once(ada):
    client = enter("ada", "203.0.113.7")
    sessions._noted.clear()
    client.get("/")
    assert addresses() == [("ada", "203.0.113.7")]


def test_last_use_moves_and_the_first_stays(ada, clock):
    client = enter("ada", "203.0.113.7")
    sessions._noted.clear()
    clock.shift(3600)
    client.get("/")
    [row] = UsedAddress.objects.all()
    assert row.last_used - row.first_used == timedelta(hours=1)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("2001:db8::1:2:3:4", ["2001:db8::/64"]),
        ("127.0.0.1", []),
        ("", []),
        ("unknown", ["unknown"]),
        ("x" * 64, ["x" * 45]),
    ],
)
def test_address_is_kept_as_it_is_counted(ada, address, kept):
    enter("ada", address)
    assert [text for _name, text in addresses()] == kept


def test_address_is_forgotten_after_some_days(ada, ben, clock, settings):
    settings.ADDRESS_DAYS = 2
    enter("ada", "203.0.113.7")
    clock.shift(timedelta(days=1, hours=23))
    enter("ben", "203.0.113.8")
    assert len(addresses()) == 2
    clock.shift(timedelta(hours=2))
    sessions._noted.clear()
    enter("ben", "203.0.113.8")
    housekeeping.tidy(60)
    assert addresses() == [("ben", "203.0.113.8")]


def test_no_address_is_kept_where_that_is_off(ada, settings):
    enter("ada", "203.0.113.7")
    settings.ADDRESS_DAYS = 0
    sessions._noted.clear()
    enter("ben", "203.0.113.8")
    housekeeping.tidy(60)
    assert addresses() == []


def test_addresses_of_a_time_are_those_in_use_then(ada, clock):
    UsedAddress.objects.note(ada, "203.0.113.7")
    began = timezone.now()
    clock.shift(timedelta(hours=2))
    UsedAddress.objects.note(ada, "203.0.113.7")
    hour = timedelta(hours=1)
    assert UsedAddress.objects.between(began + hour, began + hour).count() == 1
    assert UsedAddress.objects.between(None, began - hour).count() == 0
    assert UsedAddress.objects.between(began + 3 * hour, began + 4 * hour).count() == 0
