"""How often something may be done, and how that is said."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from accounts import limits
from accounts.models import Allowance, User
from config.rates import Rate
from rooms import housekeeping
from tests.accounts.test_login import enter, user_of
from tests.support.factories import make_user
from tests.support.responses import page_of, texts

pytestmark = pytest.mark.django_db

FAR = "203.0.113.7"


def seconds_until_allowed(take):
    with pytest.raises(limits.LimitReached) as caught:
        take()
    return caught.value.seconds


def take(who="ada"):
    limits.take("room_per_user", who)


def test_so_many_at_once_and_then_one_at_a_time(clock, limit):
    limit(room_per_user=Rate(3, 60))
    for _ in range(3):
        take()
    assert seconds_until_allowed(take) == 20
    clock.shift(19)
    assert seconds_until_allowed(take) == 1
    clock.shift(1)
    take()
    assert seconds_until_allowed(take) == 20
    clock.shift(3600)
    for _ in range(3):
        take()
    assert seconds_until_allowed(take) == 20


def test_everybody_has_their_own(clock, limit):
    limit(room_per_user=Rate(1, 60))
    take("ada")
    take("ben")
    assert seconds_until_allowed(take) == 60


def test_limits_are_counted_apart(clock, limit):
    limit(room_per_user=Rate(1, 60), password_per_name=Rate(1, 60))
    take()
    limits.take("password_per_name", "ada")


def test_what_was_refused_is_not_counted(clock, limit):
    limit(room_per_user=Rate(1, 60))
    take()
    for _ in range(5):
        assert seconds_until_allowed(take) == 60


def test_what_is_given_back_can_be_taken_again(clock, limit):
    limit(room_per_user=Rate(1, 60))
    for _ in range(3):
        take()
        limits.give_back("room_per_user", "ada")


def test_clock_that_was_set_back_locks_nobody_out(clock, limit):
    limit(room_per_user=Rate(1, 60))
    take()
    clock.shift(-86400)
    take()
    assert seconds_until_allowed(take) == 60


def test_no_limit(limit):
    limit(room_per_user=None, typing_per_user=None, post_per_user=None)
    take()
    limits.give_back("room_per_user", "ada")
    limits.memory.take("typing_per_user", "ada")
    limits.check("post_per_user", lambda _place: pytest.fail("It asked."))
    assert not Allowance.objects.exists()


def test_what_is_over_is_forgotten_and_nothing_says_who_it_was(clock, limit):
    limit(room_per_user=Rate(1, 60))
    take("ada")
    clock.shift(61)
    take("ben")
    housekeeping.tidy(60)
    [allowance] = Allowance.objects.all()
    assert "ben" not in allowance.key


@pytest.mark.django_db(transaction=True)
def test_many_at_once_count_right(limit):
    limit(room_per_user=Rate(5, 3600))

    def attempt(_number):
        try:
            take()
        except limits.LimitReached:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 5


def test_memory_counts_in_the_same_way(monkeypatch, limit):
    limit(typing_per_user=Rate(2, 10))
    now = 1000.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    memory = limits.Memory()
    memory.take("typing_per_user", 1)
    memory.take("typing_per_user", 1)
    memory.take("typing_per_user", 2)
    assert seconds_until_allowed(lambda: memory.take("typing_per_user", 1)) == 5
    now += 5
    memory.take("typing_per_user", 1)


def test_memory_forgets_what_is_over(monkeypatch, limit):
    limit(typing_per_user=Rate(1, 10))
    monkeypatch.setattr(limits, "_FORGET_FROM", 3)
    now = 1000.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    memory = limits.Memory()
    for who in range(3):
        memory.take("typing_per_user", who)
    now += 11
    memory.take("typing_per_user", 3)
    assert len(memory) == 1


@pytest.mark.accessibility("A32")
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (121, "3 minutes"),
        (7140, "119 minutes"),
        (7141, "2 hours"),
        (7201, "3 hours"),
    ],
)
def test_duration_in_words(seconds, words):
    assert limits.in_words(seconds) == words


# Entering


@pytest.fixture
def grace():
    return make_user("grace", "sesame")


def test_wrong_passwords_for_a_name_are_slowed_down_from_everywhere(clock, limit, grace):
    limit(password_per_name=Rate(3, 180))
    for number in range(3):
        assert enter(Client(REMOTE_ADDR=f"203.0.113.{number}"), "grace", password="x").status_code == 422
    late = Client(REMOTE_ADDR="198.51.100.9")
    response = enter(late, "GRACE", password="sesame")
    page = page_of(response)
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert texts(page, "error") == ["You have done this too often. Wait 60 seconds, then try again."]
    assert page.by_id("id_name")["value"] == "GRACE"
    assert page.by_id("id_password").get("value") == ""
    assert user_of(late) is None
    clock.shift(60)
    assert enter(late, "grace", password="sesame").status_code == 302


def test_wrong_passwords_from_an_address_are_slowed_down_for_all_names(clock, limit, grace):
    limit(password_per_address=Rate(2, 120))
    make_user("alan", "sesame")
    client = Client(REMOTE_ADDR=FAR)
    for name in ("grace", "alan"):
        assert enter(client, name, password="x").status_code == 422
    assert enter(client, "grace", password="x").status_code == 429
    assert enter(Client(REMOTE_ADDR="203.0.113.8"), "grace", password="sesame").status_code == 302


def test_address_that_is_over_its_limit_does_not_use_up_that_of_a_name(clock, limit, grace):
    limit(password_per_address=Rate(1, 60), password_per_name=Rate(2, 60))
    for _ in range(5):
        enter(Client(REMOTE_ADDR=FAR), "grace", password="x")
    assert enter(Client(REMOTE_ADDR="203.0.113.8"), "grace", password="sesame").status_code == 302


def test_right_passwords_do_not_count(clock, limit, grace):
    limit(password_per_name=Rate(1, 60), password_per_address=Rate(1, 60))
    for _ in range(3):
        assert enter(Client(REMOTE_ADDR=FAR), "grace", password="sesame").status_code == 302


def test_asking_which_names_need_a_password_does_not_count(clock, limit, grace):
    limit(password_per_name=Rate(1, 60))
    for _ in range(3):
        assert enter(Client(), "grace").status_code == 422


def test_entering_from_one_address_is_limited_with_and_without_a_password(limit):
    """Each time costs a session, and with a password a hash."""
    limit(login_per_address=Rate(2, 60))
    make_user("ada")
    make_user("grace", "sesame")
    for name, password in (("ada", ""), ("grace", "sesame")):
        assert enter(Client(REMOTE_ADDR=FAR), name, password=password).status_code == 302
    for name, password in (("ada", ""), ("grace", "sesame")):
        client = Client(REMOTE_ADDR=FAR)
        response = enter(client, name, password=password)
        assert response.status_code == 429
        assert int(response["Retry-After"]) <= 30
        assert "You have done this too often. Wait" in texts(page_of(response), "error")[0]
        assert user_of(client) is None
    assert enter(Client(REMOTE_ADDR="203.0.113.8"), "ada").status_code == 302


def test_new_names_from_one_address_are_limited(clock, limit):
    limit(new_name_per_address=Rate(2, 60))
    client = Client(REMOTE_ADDR=FAR)
    for name in ("ada", "ben", "ada", "ben"):
        assert enter(client, name).status_code == 302
    response = enter(client, "eve")
    page = page_of(response)
    assert (response.status_code, response["Retry-After"]) == (429, "30")
    assert texts(page, "error") == ["You have done this too often. Wait 30 seconds, then try again."]
    assert page.by_id("id_name")["value"] == "eve"
    assert not User.objects.filter(username="eve").exists()
    assert enter(Client(REMOTE_ADDR="203.0.113.8"), "eve").status_code == 302


def test_addresses_of_this_machine_are_not_limited(limit):
    limit(new_name_per_address=Rate(1, 60))
    for name in ("ada", "ben", "eve"):
        assert enter(Client(REMOTE_ADDR="127.0.0.1"), name).status_code == 302


def test_sixteen_people_behind_one_address_come_in(grace):
    for number in range(16):
        client = Client(REMOTE_ADDR=FAR)
        assert enter(client, f"person{number}").status_code == 302
        assert enter(client, "grace", password="sesame").status_code == 302
