"""The book knows what workers told for as long as it flows, and never more than it has room for."""

from appliance.core.flows.settle import Why
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence, Sign
from appliance.guard.book import Book, From, Known
from tests.guard.ordered import connection, settled

ONE, OTHER = connection(1), connection(2)


def test_what_a_worker_told() -> None:
    """Whose it is, its name, and all that it shows."""
    book = Book()
    book.put(settled(ONE, "www.wikipedia.org", Kind.QUIC, ("wireguard", 2)))
    signs = (Sign("wireguard", Confidence.LIKELY),)
    assert book.of(ONE) == Known(From.WORKER, "thing", "www.wikipedia.org", Kind.QUIC, signs)
    assert book.of(OTHER) is None


def test_it_is_judged_by_the_same_ends_and_signs() -> None:
    """Its name is given by the side, as one that was resolved."""
    found = Known.of(settled(ONE, "www.wikipedia.org", Kind.TLS, ("wireguard", 3))).settle(ONE)
    assert (found.protocol, found.client, found.client_port, found.server, found.server_port) == ONE
    assert (found.kind, found.why, found.name) == (Kind.TLS, Why.READ, None)
    assert found.signs == (Sign("wireguard", Confidence.STRONG),)


def test_a_later_word_counts() -> None:
    """The ports may be another connection's by now."""
    book = Book()
    book.put(settled(ONE, "a.example"))
    book.put(settled(ONE, "b.example"))
    known = book.of(ONE)
    assert known is not None
    assert (known.name, len(book)) == ("b.example", 1)


def test_what_flows_no_more_is_forgotten() -> None:
    """But not what was told while it was looked, nor just before: its mark may not be with the kernel yet."""
    book = Book()
    book.put(settled(ONE))
    book.begin()
    book.put(settled(OTHER))
    assert (book.keep(set()), len(book)) == (0, 2)
    book.begin()
    assert (book.keep({ONE}), book.of(ONE) is None) == (0, False)
    book.begin()
    assert (book.keep({ONE}), book.of(OTHER)) == (1, None)


def test_the_oldest_gives_room() -> None:
    """One that was told again is young."""
    book = Book(max_known=2)
    third = connection(3)
    for one in (ONE, OTHER, ONE, third):
        book.put(settled(one))
    assert [one for one in (ONE, OTHER, third) if book.of(one) is None] == [OTHER]


def test_when_the_first_can_be_decided_otherwise() -> None:
    """Of what was told since it was looked through."""
    book, found = Book(), []
    found.append(book.soonest)
    for until in (None, 30.0, 20.0, 40.0):
        book.put(settled(ONE, until=until))
        found.append(book.soonest)
    book.begin()
    assert [*found, book.soonest] == [None, None, 30.0, 20.0, 20.0, None]
