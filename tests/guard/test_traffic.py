"""What moved within a time: by the difference of two counts, and only where the beginning is known."""

from appliance.guard.traffic import GAP_S, End, Flow, Moved, Octets, Traffic
from tests.guard.ordered import connection

WITHIN_S = 90.0
SITE = connection()
END = End(SITE.server)


def flow(octets: Octets, port: int = 40_000, device: str = "tablet", *, is_begun: bool = True) -> Flow:
    """Return a connection to a site that has moved so much."""
    return Flow(device, connection(port), END, octets, is_begun)


def looked(*looks: tuple[float, tuple[Flow, ...]]) -> Traffic:
    """Return what was seen at these times, and before at time 0, when nothing flowed."""
    traffic = Traffic(WITHIN_S)
    traffic.look((), 0.0)
    for at, flows in looks:
        traffic.look(flows, at)
    return traffic


def test_what_moved_since_the_last_look() -> None:
    """A connection that began meanwhile counts from its first octet, an older one by the difference."""
    traffic = looked((30.0, (flow((10, 100)),)), (60.0, (flow((11, 300)), flow((1, 1), 40_001))))
    assert traffic.by_device() == {"tablet": {END: Moved((12, 301), 30.0, 60.0)}}
    assert traffic.by_device()["tablet"][END].total == 313


def test_who_moved_something() -> None:
    """The devices whose counts grew; an open connection on which nothing flows says nothing."""
    traffic = looked((30.0, (flow((1, 1)),)))
    assert traffic.look((flow((1, 1)), flow((1, 0), 40_001, "laptop")), 60.0) == {"laptop"}
    assert [one.is_answered for one in traffic.by_device()["laptop"].values()] == [False]


def test_what_was_there_before() -> None:
    """At the first look, and where nobody saw the beginning, what was moved before does not count."""
    traffic = Traffic(WITHIN_S)
    traffic.look((flow((10, 10)),), 0.0)
    traffic.look((flow((11, 12)), flow((5, 5), 40_001, "laptop", is_begun=False)), 30.0)
    assert traffic.by_device() == {"tablet": {END: Moved((1, 2), None, 30.0)}}
    traffic.look((flow((7, 5), 40_001, "laptop", is_begun=False),), 60.0)
    assert traffic.by_device()["laptop"] == {END: Moved((2, 0), None, 60.0)}


def test_another_connection_between_the_same_ports() -> None:
    """It has moved less than the one before: all of it is new."""
    assert looked((30.0, (flow((9, 9)),)), (60.0, (flow((3, 4)),))).by_device()["tablet"][END].octets == (12, 13)


def test_what_is_long_ago() -> None:
    """It counts no more; who is in touch again then is so anew."""
    first = (30.0, (flow((1, 1)),))
    assert looked(first, (119.0, ())).by_device().keys() == {"tablet"}
    assert looked(first, (121.0, ())).by_device() == {}
    later = looked(first, (121.0, ()), (150.0, (flow((2, 2), 40_001),)))
    assert later.by_device() == {"tablet": {END: Moved((2, 2), 150.0, 150.0)}}


def test_after_a_pause() -> None:
    """Nobody knows when anything moved: it is begun anew."""
    for at in (30.0 + GAP_S + 1.0, 20.0):
        traffic = looked((30.0, (flow((1, 1)),)), (at, (flow((9_000, 9_000)),)))
        assert traffic.by_device() == {}
        traffic.look((flow((9_001, 9_000)),), at + 30.0)
        assert traffic.by_device() == {"tablet": {END: Moved((1, 0), None, at + 30.0)}}


def test_devices_and_ends_are_apart() -> None:
    """Each device's, each server's, and a stream's by itself."""
    stream = Flow("tablet", SITE, End(SITE.server, SITE), (5, 5), is_begun=True)
    moved = looked((30.0, (stream, flow((1, 1), 40_001), flow((2, 2), 40_002, "laptop")))).by_device()
    assert {device: {end: one.octets for end, one in ends.items()} for device, ends in moved.items()} == {
        "tablet": {stream.end: (5, 5), END: (1, 1)},
        "laptop": {END: (2, 2)},
    }
