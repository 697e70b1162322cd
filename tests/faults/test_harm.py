"""One attacker costs everybody else nothing that they would notice, on either server."""

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.faults.harm import ATTACKS, OPTIONS


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def attacked(request, start_for_all):
    return start_for_all(program=request.param, **OPTIONS)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_nobody_waits_for_what_an_attacker_does(attacked, attack):
    await attack.run(attacked)
    assert_no_complaint(attacked)
