"""What is judged again comes out as it would at its beginning; what little is known of some ends none by mistake."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.core.device import DeviceKind
from appliance.core.house import House
from appliance.core.mark import Mark, State
from appliance.core.person import Person, Setting
from appliance.core.schedule import Window
from appliance.core.signs.facts import Kind
from appliance.guard.book import Book, From, Known
from appliance.guard.conntrack import Tracked
from appliance.guard.review import Judged, Review
from tests.core.builders import AT, NIGHT, child, device, own, pause
from tests.core.passages import BOOK
from tests.guard.ordered import ADULTS, HOUSE, NUMBERS, Ordered, connection, settled, tracked

ONE = connection()
EVENING = AT - AT % 86_400 + 21 * 3600


class Told:
    """Names that were given out, by address; `untold` are addresses of names that are written nowhere."""

    def __init__(self, names: Mapping[str, Sequence[str]] | None = None, untold: Sequence[str] = ()) -> None:
        self._names, self._untold = names or {}, untold
        self.asked: list[str] = []
        self.is_away = False

    async def of(self, _device: str | None, address: str) -> tuple[str, ...] | None:
        """As the nameserver would tell."""
        self.asked.append(address)
        return None if self.is_away else tuple(self._names.get(address, ()))

    async def is_untold(self, _device: str | None, address: str) -> bool:
        """As the nameserver would tell."""
        return address in self._untold


class Macs:
    """The child's tablet has one address of IPv4, and a stranger another."""

    def refresh(self) -> None:
        """Nothing changes."""

    def mac(self, address: str) -> str | None:
        """Return what the kernel has."""
        return {"192.168.78.10": "02:00:00:00:00:01", "192.168.78.99": "02:00:00:00:00:99"}.get(address)


def house(person: Person, **said: Any) -> House:
    """Return a house of one child and a tablet."""
    return House(persons=(person,), devices=(device(DeviceKind.TABLET),), **said)


def review(
    *found: Tracked, of: House = HOUSE, book: Book | None = None, names: Told | None = None, at: float = AT
) -> list[Judged]:
    """Judge connections again."""
    known = Book() if book is None else book
    made = Review(Ordered(of).orders, known, names, Macs())
    return asyncio.run(made.judge(found, at))


def state_of(name: str | None, kind: Kind = Kind.TLS, *shows: tuple[str, int], of: House, at: float = AT) -> State:
    """Return what becomes of an open connection that a worker told of."""
    book = Book()
    book.put(settled(ONE, name, kind, *shows))
    (judged,) = review(tracked(ONE), of=of, book=book, at=at)
    return judged.state


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("www.wikipedia.org", {}, {"rules": (own("www.wikipedia.org", "block"),)}),
        ("www.youtube.com", {}, {"services": {"youtube": Setting.BLOCK}}),
        ("www.tiktok.com", {"services": {"tiktok": Setting.ALLOW}}, {}),
        ("www.wikipedia.org", {}, {"windows": (Window(name="Now", start="13:00", end="16:00"),)}),
    ],
)
def test_what_a_rule_closes_ends(name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """By its name, as at its beginning."""
    assert state_of(name, of=house(child("10-12", **before))) is State.ALLOWED
    assert state_of(name, of=house(child("10-12", **after))) is State.REFUSED


def test_a_pause_ends_all_but_help() -> None:
    """Also what has no name; a help line goes on."""
    paused = house(child("10-12"), pauses=(pause(),))
    assert state_of("www.wikipedia.org", of=paused) is State.REFUSED
    assert state_of(None, Kind.OTHER, of=paused) is State.REFUSED
    assert state_of("www.nummergegenkummer.de", of=paused) is State.ALLOWED


def test_what_is_always_on_goes_on() -> None:
    """At night music plays, and nothing else does."""
    assert state_of("www.spotify.com", of=HOUSE, at=EVENING) is State.ALLOWED
    assert state_of("www.wikipedia.org", of=HOUSE, at=EVENING) is State.REFUSED


def test_a_way_round_ends_when_it_is_closed() -> None:
    """It shows what it is, though nobody minded before."""
    minded = house(child("13-15"))
    allowed = house(child("13-15", categories={"bypass_vpn": Setting.ALLOW}))
    assert state_of(None, Kind.OTHER, ("wireguard", 3), of=allowed) is State.ALLOWED
    assert state_of(None, Kind.OTHER, ("wireguard", 3), of=minded) is State.REFUSED


def test_a_slow_window_slows() -> None:
    """And when it is over, all is as quick as before."""
    slow = Window(name="Slow", start="20:00", end="07:00", internet=True, slow=True)
    told = house(child("10-12", windows=(slow,)))
    assert state_of("www.wikipedia.org", of=told, at=EVENING) is State.SLOWED
    book = Book()
    book.put(settled(ONE))
    (judged,) = review(tracked(ONE, State.SLOWED), of=told, book=book)
    assert (judged.was, judged.state) == (State.SLOWED, State.ALLOWED)


def test_whose_it_is() -> None:
    """What a worker saw by the MAC of its packets; for others the address tells."""
    (judged,) = review(tracked(ONE))
    assert (judged.device, judged.person) == ("thing", "kim")
    strange = connection(client="192.168.78.99")
    (judged,) = review(tracked(strange))
    assert (judged.device, judged.person) == (None, None)
    book = Book()
    book.put(settled(strange, whose="thing"))
    (judged,) = review(tracked(strange), book=book)
    assert judged.device == "thing"


def test_who_is_away_is_left_alone() -> None:
    """Nobody knows whose such a connection is: it may be an adult's."""
    away = connection(client="192.168.78.50")
    assert review(tracked(away), of=house(child(), pauses=(pause(),))) == []


def test_the_mark_says_what_becomes_of_it() -> None:
    """The number stays, the epoch is the orders'."""
    (judged,) = review(tracked(ONE, tag="#service:youtube"), at=EVENING)
    assert judged.mark == Mark(State.REFUSED, NUMBERS["#service:youtube"], 1).bits


def test_an_adults_connections_are_nobodys_business() -> None:
    """Whatever they are; and what was refused while the device was a child's may begin anew."""
    for state in (State.ALLOWED, State.SLOWED, State.REFUSED):
        names = Told({"203.0.113.1": ["www.tiktok.com"]})
        (judged,) = review(tracked(ONE, state), of=ADULTS, names=names)
        assert (judged.state, judged.is_told, names.asked) == (State.ALLOWED, False, [])


def test_after_a_start_names_that_were_given_out_tell() -> None:
    """The latest counts, and is known from then on."""
    book, names = Book(), Told({"203.0.113.1": ["www.tiktok.com", "www.wikipedia.org"]})
    (judged,) = review(tracked(ONE), book=book, names=names)
    assert judged.state is State.REFUSED
    assert book.of(ONE) == Known(From.NAMES, "thing", "www.tiktok.com")
    review(tracked(ONE), book=book, names=names)
    assert names.asked == ["203.0.113.1"]


def blind(kind: Kind = Kind.OTHER) -> Book:
    """Return a book with a connection about which the nameserver didn't answer in time."""
    book = Book()
    book.put(replace(settled(ONE, None, kind), is_blind=True))
    return book


def test_what_nobody_could_say_is_asked_until_somebody_can() -> None:
    """And then it ends if its name is closed."""
    book, names = blind(), Told({"203.0.113.1": ["www.tiktok.com"]})
    names.is_away = True
    for _ in range(2):
        (judged,) = review(tracked(ONE), book=book, names=names)
        assert judged.state is State.ALLOWED
    names.is_away = False
    (judged,) = review(tracked(ONE), book=book, names=names)
    assert judged.state is State.REFUSED
    review(tracked(ONE), book=book, names=names)
    assert len(names.asked) == 3


def test_what_has_no_name_after_all() -> None:
    """It is asked about no more."""
    book, names = blind(), Told()
    for _ in range(3):
        (judged,) = review(tracked(ONE), book=book, names=names)
        assert judged.state is State.ALLOWED
    assert names.asked == ["203.0.113.1"]


@pytest.mark.parametrize(
    ("names", "untold", "state"),
    [(["www.wikipedia.org"], (), State.ALLOWED), ([], ("203.0.113.1",), State.ALLOWED), ([], (), State.REFUSED)],
)
def test_what_was_refused_because_nobody_could_say(names: list[str], untold: tuple[str, ...], state: State) -> None:
    """Words that hide their name flow once it is known that the address was given: for a site, or for a help line."""
    book = blind(kind=Kind.TLS)
    for _ in range(2):
        (judged,) = review(tracked(ONE, State.REFUSED), book=book, names=Told({"203.0.113.1": names}, untold))
        assert judged.state is state


def test_many_are_asked_about_once_each() -> None:
    """A page has dozens of connections to one address."""
    names = Told()
    review(*(tracked(connection(port, f"203.0.113.{port % 100}")) for port in range(1, 301)), names=names)
    assert sorted(names.asked) == sorted(f"203.0.113.{number}" for number in range(100))


def test_else_the_mark_tells() -> None:
    """Of a service that is always on nothing ends; another's does, and so does what nobody knows."""
    for tag, state in (("#service:spotify", State.ALLOWED), ("#service:youtube", State.REFUSED), (None, State.REFUSED)):
        (judged,) = review(tracked(ONE, tag=tag), at=EVENING)
        assert judged.state is state, tag


def test_what_was_open_by_more_than_its_mark_tells_stays_open() -> None:
    """A site that an own rule opens is of a category that is closed; at night it ends like all others."""
    book = Book()
    closed = house(child("10-12", windows=(NIGHT,)))
    assert BOOK.letters["10-12"]["social_media"].value == "B"
    for _ in range(2):
        (judged,) = review(tracked(ONE, tag="social_media"), of=closed, book=book)
        assert judged.state is State.ALLOWED
    (judged,) = review(tracked(ONE, tag="social_media"), of=closed, book=book, at=EVENING)
    assert judged.state is State.REFUSED


def test_what_was_refused_is_not_let_through_by_its_mark() -> None:
    """That a connection is refused is no sign that more was known in its favour."""
    (judged,) = review(tracked(ONE, State.REFUSED, "social_media"))
    assert judged.state is State.REFUSED


def test_a_help_lines_connection_that_has_no_name_goes_on() -> None:
    """That it was given such an address is known, and nothing else of it; others to other addresses end."""
    book, other = Book(), connection(2, "203.0.113.2")
    for one in (ONE, other):
        book.put(settled(one, None))
    judged = review(tracked(ONE), tracked(other), book=book, names=Told(untold=["203.0.113.1"]), at=EVENING)
    assert [one.state for one in judged] == [State.ALLOWED, State.REFUSED]


def test_a_pinned_name_stays_refused() -> None:
    """Its name is open by the address of its safe mode alone, which it goes past."""
    book = Book()
    pinned = settled(ONE, "www.google.com")
    for signs, state in (((("bypass_disguised", "pinned"),), State.REFUSED), ((), State.ALLOWED)):
        book.put(type(pinned)(**{name: getattr(pinned, name) for name in pinned.__struct_fields__} | {"signs": signs}))
        (judged,) = review(tracked(ONE, State.REFUSED), book=book)
        assert judged.state is state


@pytest.mark.parametrize(
    ("name", "is_open", "is_told"),
    [("www.wikipedia.org", True, True), ("www.wikipedia.org", False, False), (None, True, True)],
)
def test_who_is_told_of_what(name: str | None, is_open: bool, is_told: bool) -> None:
    """Nobody of a connection that was over."""
    book = Book()
    book.put(settled(ONE, name))
    (judged,) = review(tracked(ONE, is_tcp_open=is_open), book=book, at=EVENING)
    assert (judged.state, judged.is_told) == (State.REFUSED, is_told)


def test_the_loop_has_its_turn() -> None:
    """Between a few hundred connections others run several times."""
    turns = []

    async def run() -> None:
        async def others() -> None:
            while True:
                turns.append(1)
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        many = [tracked(connection(port)) for port in range(1, 501)]
        await Review(Ordered().orders, Book(), None, None).judge(many, AT)
        task.cancel()

    asyncio.run(run())
    assert len(turns) >= 5
