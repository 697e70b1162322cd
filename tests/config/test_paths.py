"""Addresses that are made without `reverse`."""

import pytest
from django.urls import reverse

from config.paths import path_of


@pytest.mark.parametrize(
    "name", ["ada", "Ольга", "a.b", "-x-", "さくら", "a b", "50%", "7", "a&b=c;d", "x@y:z!$'()*+,"]
)
def test_same_as_reverse(name):
    assert path_of("rooms:profile_detail", name) == reverse("rooms:profile_detail", args=[name])


@pytest.mark.parametrize("number", [1, 7, 77, 2**63 - 1])
def test_same_for_ids(number):
    for name in ("message_detail", "chat_room_detail", "reaction_create"):
        assert path_of(f"rooms:{name}", number) == reverse(f"rooms:{name}", args=[number])
