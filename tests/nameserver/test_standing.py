"""How a server has been doing."""

from appliance.core.whom import parse_server
from appliance.nameserver.standing import REMEMBERED, SICK_AFTER, Health, Upstream, together
from tests.nameserver.test_groups import Nowhere

HERE = "192.0.2.1:53"


def test_sick_and_well_again() -> None:
    """After some failures in a row; one answer heals."""
    one = Upstream(parse_server(HERE), Nowhere())
    for _ in range(SICK_AFTER - 1):
        assert not one.failed()
    assert not one.answered(0.1)
    for number in range(SICK_AFTER):
        assert one.failed() is (number == SICK_AFTER - 1)
    assert not one.failed(), "it is sick already"
    assert one.health == Health(HERE, 0, 2 * SICK_AFTER, 100.0, is_sick=True)
    assert one.answered(0.3)
    assert not one.health.is_sick


def test_round_trips() -> None:
    """The median of the last ones; smoothed, so that one slow answer does not matter much."""
    one = Upstream(parse_server(HERE), Nowhere())
    assert (one.health.median_ms, one.smoothed_s) == (None, None)
    for number in range(200):
        one.answered(0.01 if number < 200 - REMEMBERED else 0.02)
    assert one.health.median_ms == 20.0
    one.answered(1.0)
    assert one.health.median_ms == 20.0
    assert one.smoothed_s is not None
    assert 0.02 < one.smoothed_s < 0.2


def test_what_several_workers_say() -> None:
    """Sums; the median of medians; sick where it is for all that asked."""
    first = Health(HERE, 10, 1, 5.0, is_sick=False)
    second = Health(HERE, 5, 5, 9.0, is_sick=True, problem="certificate has expired")
    idle = Health(HERE, 0, 0, None, is_sick=False, is_loop=True)
    other = Health("tls://192.0.2.1", 3, 3, None, is_sick=True)
    assert together([]) == []
    assert together([(first,), (second, other), (idle,), ()]) == [
        {
            "server": HERE,
            "asked": 15,
            "failed": 6,
            "median_ms": 9.0,
            "is_sick": False,
            "problem": "certificate has expired",
            "is_loop": True,
        },
        {
            "server": "tls://192.0.2.1",
            "asked": 3,
            "failed": 3,
            "median_ms": None,
            "is_sick": True,
            "problem": "",
            "is_loop": False,
        },
    ]
    assert together([(second,), (idle,)])[0]["is_sick"]
    assert not together([(idle,)])[0]["is_sick"]
