"""In the recordings of others tshark reads the same frames and the same names as we do."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from appliance.core.signs.facts import Kind
from appliance.world.capture import Frame, open_capture
from tests import tshark
from tests.needs import shared
from tests.scenarios import opinions
from tests.scenarios.opinions import Difference

_NETBIOS, _SIP = 137, 5060

REASONS: Final[dict[str, Callable[[Difference], bool]]] = {
    # What only we name.
    "of two dialects on one port tshark goes by the port": lambda one: (
        not one.theirs and bool(one.ports & {_SIP, _NETBIOS})
    ),
    # What only tshark names, and on purpose: it is not what the flow's own first words ask for.
    "quoted in an error of ICMP": lambda one: "icmp" in one.protocols and not one.ours,
    "the discovery of devices, in a house only": lambda one: "ssdp" in one.protocols and not one.ours,
    "a question over HTTP/2, behind its first words": lambda one: {"http2", "dns"} <= one.protocols and not one.ours,
    "within SOCKS, which is a sign": lambda one: (
        "socks" in one.protocols and any(sign.id == "socks" for settle in one.settles for sign in settle.signs)
    ),
    "behind a header that says for whom a proxy speaks": lambda one: "proxy" in one.protocols and not one.ours,
    "a proxy is asked for, and its far end named to us": lambda one: (
        one.kind is Kind.HTTP and any(settle.kind is Kind.TLS and settle.name for settle in one.settles)
    ),
    # Questions of DNS.
    "several in a message, or known answers, as multicast has them": lambda one: (
        "mdns" in one.protocols and set(one.ours) <= set(one.theirs)
    ),
    "several one after another: that of the answer counts, or none": lambda one: (
        one.kind is Kind.DNS and len(set(one.theirs)) > 1 and set(one.ours) <= set(one.theirs)
    ),
    "damaged, tshark says so too": lambda one: one.kind is Kind.DNS and one.is_malformed and not one.ours,
    "a label that cannot be": lambda one: one.theirs == ["<unknown extended label>"] and not one.ours,
}
"""Why the two may name a flow differently, and neither is wrong."""


@pytest.fixture(scope="module")
def captures() -> list[Path]:
    """The recordings of others."""
    return sorted(path for path in shared("cases/pcaps").iterdir() if path.suffix != ".json")


@pytest.mark.shared
def test_names(captures: list[Path], tmp_path: Path) -> None:
    """Wherever the two differ, the reason is one of those that are known; and each of them is met."""
    tshark.need_tshark()
    readings = {path.name: opinions.read(path) for path in captures}
    same, met, unknown = 0, set[str](), list[Difference]()
    for number, names in enumerate(opinions.apart(readings)):
        joined = tmp_path / f"{number}.pcapng"
        tshark.write_capture(joined, chain.from_iterable(frames(captures[0].parent / name) for name in names))
        agreed, differing = opinions.differences(joined, [(name, readings[name]) for name in names])
        same += agreed
        for one in differing:
            reasons = [reason for reason, is_so in REASONS.items() if is_so(one)]
            met.update(reasons)
            unknown += [] if reasons else [one]
    assert unknown == []
    assert met == REASONS.keys()
    assert same > 2000


@pytest.mark.shared
def test_frames(captures: list[Path]) -> None:
    """As many are read of each file as by Wireshark, which gives a damaged file up where we do."""
    tshark.need_tshark()
    counted, given_up = tshark.count_frames(captures)
    assert len(counted) + len(given_up) == len(captures)
    for path, number in (counted | given_up).items():
        with open_capture(path) as capture:
            assert sum(1 for _ in capture) == number, path
            assert (capture.problem is not None) == (path in given_up), path


def frames(path: Path) -> Iterator[Frame]:
    """Yield a recording's frames."""
    with open_capture(path) as capture:
        yield from capture
