"""What workers tell arrives as it was told."""

import msgspec
import pytest

from appliance.guard.messages import FROM_WORKER, FromWorker, Running, Settled, Told

SETTLED = Settled(
    *(6, bytes((192, 168, 78, 10)), 40_000, bytes(range(16)), 443),
    device="tablet",
    name="www.example.com",
    kind="tls",
    mark=0x3000_0100,
    state=7,
    until=1_795_344_000.5,
    is_open=True,
    signs=(("bypass_vpn", "wireguard"),),
)


OTHER = Settled(17, bytes(4), 1, bytes(4), 2, None, None, "other", 0, 7, None, is_open=False, is_blind=True)


@pytest.mark.parametrize(
    "told", [Told((SETTLED, OTHER)), Told(()), Running(3, "abc", None, {"packets": 7}), Running(0, "", "broken", {})]
)
def test_it_arrives_as_it_was_told(told: FromWorker) -> None:
    """Whole, addresses too, and as what it is."""
    assert FROM_WORKER.decode(msgspec.json.encode(told)) == told
