"""What the guard knows of given addresses: put into the kernel when told, asked for when it begins, held for a day."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest

from appliance.core.device import DeviceKind
from appliance.core.house import House
from appliance.core.person import KnownNames
from appliance.core.policy import Policy
from appliance.core.visibility import ROWS
from appliance.guard import known as known_module
from appliance.guard.elements import Element, Elements
from appliance.guard.firewall import Firewall, FirewallError
from appliance.guard.kept import Kept
from appliance.guard.known import COUNT_S, KNOWN_S, MOST, RENEW_S, Known, Strange
from appliance.guard.names import NAMESERVER
from appliance.nameserver import given, records, resolver
from appliance.world import clock, rules
from appliance.world.bus import Bus
from tests.core.builders import child, device
from tests.core.passages import policy_of
from tests.nameserver.inside import in_loop

FOUR, SIX = "203.0.113.1", "2001:db8::1"
MAC = "02:00:00:00:00:01"
NOBODY = policy_of(House())


def policy(known: KnownNames = KnownNames.ON) -> Policy:
    """Return the policy of a house whose one child is kept to known addresses."""
    owned = device(DeviceKind.TABLET)
    return policy_of(House(persons=(child("10-12", known_names_only=known),), devices=(owned,)))


class Kernel:
    """Stands in for the firewall and for its sets."""

    def __init__(self) -> None:
        self.sets: dict[tuple[str, bytes], float] = {}
        self.kept: list[Mapping[int, Kept]] = []
        self.counted: dict[tuple[str, int], int] = {}
        self.is_broken = False

    def put(self, elements: list[Element]) -> None:
        """Take elements."""
        if self.is_broken:
            raise FirewallError("no such table")
        self.sets |= {(one.set, one.key): one.left_s for one in elements}

    def set_kept(self, kept: Mapping[int, Kept]) -> None:
        """Take whom to keep."""
        if self.is_broken:
            raise FirewallError("no such table")
        self.kept.append(kept)

    def strange(self) -> dict[tuple[str, int], int]:
        """Return what it counted."""
        return dict(self.counted)

    def close(self) -> None:
        """Let go of nothing."""


class Nameserver:
    """Says what it gave."""

    def __init__(self) -> None:
        self.given: Any = []
        self.is_telling: Any = True
        self.asked: list[str] = []

    def serve(self, request: dict[str, Any]) -> object:
        """Answer the guard."""
        assert request["ask"] == "addresses"
        self.asked.append(request["person"])
        return {"bus": 1, "given": self.given, "is_telling": self.is_telling}


@pytest.fixture
def kernel() -> Kernel:
    """A kernel that knows nothing."""
    return Kernel()


@pytest.fixture
def known(kernel: Kernel, tmp_path: Path) -> Known:
    """The guard's part, of a data folder where nobody is yet."""
    return Known(tmp_path, cast("Firewall", kernel), cast("Elements", kernel))


@pytest.fixture
def pass_s(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what lets time pass."""
    up = [1_000.0]
    monkeypatch.setattr(clock, "uptime", lambda: up[0])

    def go(seconds: float) -> None:
        up[0] += seconds

    return go


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[Nameserver]:
    """Give a nameserver."""
    nameserver = Nameserver()
    opened = Bus(data, NAMESERVER, nameserver.serve)
    await opened.open()
    try:
        yield nameserver
    finally:
        await opened.close()


def tell(known: Known, *addresses: str, person: str = "kim") -> None:
    """Tell what a person is about to be given."""
    known.answer({"ask": "known", "given": [[person, list(addresses)]]})


def key(address: str, number: int = 1) -> tuple[str, bytes]:
    """Return an element's set and key."""
    parsed = ip_address(address)
    return f"known{parsed.version}", number.to_bytes(4, "little") + parsed.packed


def test_told(known: Known, kernel: Kernel) -> None:
    """Each address is in the kernel before the answer is, once, and as one of that person."""
    told = {"ask": "known", "given": [["kim", [FOUR, SIX, FOUR]], ["ben", [FOUR]]]}
    assert known.answer(told) == {"bus": 1, "is_known": True}
    assert kernel.sets == {key(FOUR): KNOWN_S, key(SIX): KNOWN_S, key(FOUR, 2): KNOWN_S}
    assert len(known) == 3


@pytest.mark.parametrize("wrong", [None, "kim", [["kim"]], [["kim", [1]]], [["kim", ["nowhere"]]], [[None, [FOUR]]]])
def test_told_wrong(known: Known, kernel: Kernel, wrong: object) -> None:
    """What is no address of a person is refused."""
    with pytest.raises(ValueError):  # noqa: PT011 -- whose words they are is the bus's affair
        known.answer({"ask": "known", "given": wrong})
    assert kernel.sets == {}


def test_renewed_in_time(known: Known, kernel: Kernel, pass_s: Callable[[float], None]) -> None:
    """An address that is given again lasts longer, but not for each time that it is given."""
    tell(known, FOUR)
    kernel.sets.clear()
    pass_s(KNOWN_S - RENEW_S)
    tell(known, FOUR)
    assert kernel.sets == {}
    pass_s(1.0)
    tell(known, FOUR)
    assert kernel.sets == {key(FOUR): KNOWN_S}


def test_as_long_as_replies_and_no_longer_than_may_be() -> None:
    """What a finished reply leads to is known for as long as it is given out; nothing longer than the contract says."""
    assert RENEW_S > resolver.MAX_REPEATED_S
    may_be = {rules.load_contract().may_keep(given.FIELD, row) for row in ROWS} - {None, 0}
    assert may_be == {KNOWN_S}


def test_forgotten(known: Known, pass_s: Callable[[float], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """After a day, or where there are too many, the oldest first."""
    tell(known, FOUR)
    pass_s(KNOWN_S)
    tell(known, SIX)
    assert len(known) == 1
    monkeypatch.setattr(known_module, "MOST", 2)
    assert MOST > 2
    tell(known, "203.0.113.2", "203.0.113.3", "203.0.113.4")
    assert len(known) == 2


def test_not_known_where_the_kernel_refuses(known: Known, kernel: Kernel) -> None:
    """It is told next time."""
    kernel.is_broken = True
    with pytest.raises(OSError, match="no such table"):
        tell(known, FOUR)
    kernel.is_broken = False
    tell(known, FOUR)
    assert kernel.sets == {key(FOUR): KNOWN_S}


@in_loop
async def test_kept_once_it_is_known(known: Known, kernel: Kernel, tmp_path: Path) -> None:
    """Nobody is kept to addresses before the nameserver said which, and that it tells of others; then once."""
    await known.mind(policy())
    assert kernel.kept == []
    async with serving(tmp_path) as nameserver:
        nameserver.given, nameserver.is_telling = [[SIX, 90.0], [FOUR, 50.0]], False
        await known.mind(policy())
        assert (kernel.kept, kernel.sets) == ([], {key(FOUR): 50.0, key(SIX): 90.0})
        nameserver.is_telling = True
        await known.mind(policy())
        assert kernel.kept == [{1: Kept(frozenset({MAC}), is_refused=True)}]
        await known.mind(policy())
        assert (len(kernel.kept), nameserver.asked) == (1, ["kim", "kim"])


@in_loop
async def test_another_house(known: Known, kernel: Kernel, tmp_path: Path) -> None:
    """It is followed; who is kept again is asked for again, because nobody told meanwhile."""
    async with serving(tmp_path) as nameserver:
        for one in (policy(), policy(KnownNames.WATCH), NOBODY):
            await known.mind(one)
        found = [{number: one.is_refused for number, one in kept.items()} for kept in kernel.kept]
        assert found == [{1: True}, {1: False}, {}]
        assert nameserver.asked == ["kim"]
        await known.mind(policy())
        assert nameserver.asked == ["kim", "kim"]


@pytest.mark.parametrize("wrong", [[["x", 1.0]], [[FOUR]], None])
@in_loop
async def test_an_answer_that_is_none(known: Known, kernel: Kernel, tmp_path: Path, wrong: object) -> None:
    """Nobody is kept by it."""
    async with serving(tmp_path) as nameserver:
        nameserver.given = wrong
        await known.mind(policy())
    assert (kernel.kept, kernel.sets) == ([], {})


@in_loop
async def test_what_was_told_counts_before_what_was_given(known: Known, kernel: Kernel, tmp_path: Path) -> None:
    """An address that is known for longer keeps its end."""
    tell(known, FOUR)
    async with serving(tmp_path) as nameserver:
        nameserver.given = [[FOUR, 50.0]]
        await known.mind(policy())
    assert kernel.sets == {key(FOUR): KNOWN_S}


@in_loop
async def test_another_table(known: Known, kernel: Kernel, tmp_path: Path, pass_s: Callable[[float], None]) -> None:
    """It is told all that is known, for as long as is left of it, and then whom to keep; nobody is asked again."""
    async with serving(tmp_path) as nameserver:
        await known.mind(policy())
        tell(known, FOUR)
        pass_s(100.0)
        kernel.sets.clear()
        known.lose()
        await known.mind(policy())
        assert kernel.sets == {key(FOUR): KNOWN_S - 100.0}
        assert (len(kernel.kept), nameserver.asked) == (2, ["kim"])


@in_loop
async def test_told_again_where_the_kernel_refused(known: Known, kernel: Kernel, tmp_path: Path) -> None:
    """Whom it could not be told to keep it is told next time."""
    async with serving(tmp_path):
        kernel.is_broken = True
        with pytest.raises(FirewallError):
            await known.mind(policy())
        kernel.is_broken = False
        await known.mind(policy())
    assert len(kernel.kept) == 1


@in_loop
async def test_what_went_elsewhere(
    known: Known, kernel: Kernel, tmp_path: Path, pass_s: Callable[[float], None]
) -> None:
    """It is told once, now and then, of those who are kept; a table that counts from 0 again is no riddle."""
    kernel.counted = {(MAC, 1): 3, (MAC, 9): 1}
    assert await known.strange() == []
    async with serving(tmp_path):
        await known.mind(policy(KnownNames.WATCH))
        assert await known.strange() == [Strange(MAC, 3, is_refused=False)]
        kernel.counted[MAC, 1] = 5
        assert await known.strange() == []
        found = []
        for count in (5, 5, 1):
            kernel.counted[MAC, 1] = count
            pass_s(COUNT_S)
            found.append([one.times for one in await known.strange()])
        assert found == [[2], [], [1]]


def test_who_may_tell() -> None:
    """The nameserver alone, and it answers what is asked of it here to the guard alone."""
    assert {"kindgate-nameserver"} == known_module.TOLD_BY
    assert records.RESTRICTED["addresses"] == {"kindgate-guard"}
