"""The books: a lost or broken journal is begun anew and says so, a broken ledger is left alone."""

from pathlib import Path

import pytest

from appliance.steward.books import RENEWED_SHOWN_S, Books
from appliance.store.errors import Corrupt
from appliance.store.journal import Event, JournalStore
from appliance.store.ledger import Count
from tests.steward.box import AT, TODAY, books_in, codes
from tests.store.test_journal import damage

ONE = Count(day=TODAY, person="ada", category="games", action="allow", count=1)


def kinds(books: Books) -> list[str]:
    """Return what the journal says, the newest first."""
    return [event.kind for event in books.with_journal(lambda one: one.events(), AT + 9)]


def fill(books: Books) -> None:
    """Write so much that damage is noticed."""
    events = [Event(kind="before", at=AT, args={"number": number}) for number in range(200)]
    books.with_journal(lambda one: one.add(events, AT), AT)


def remove(path: Path) -> None:
    """Remove the journal with its log."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def write(journal: JournalStore) -> None:
    """Write an event."""
    journal.add([Event(kind="after", at=AT + 5)], AT + 5)


@pytest.mark.parametrize("harm", [remove, damage])
@pytest.mark.parametrize("is_at_work", [True, False])
def test_a_journal_that_is_gone_or_broken(tmp_path: Path, harm: object, is_at_work: bool) -> None:
    """It is begun anew, at work or between two runs, and that is told for a day; what comes then is kept."""
    assert callable(harm)
    books, problems = books_in(tmp_path)
    books.with_ledger(lambda one: one.add([ONE]))
    fill(books)
    if not is_at_work:
        books.close()
    harm(tmp_path / "journal.db")
    if not is_at_work:
        books, problems = books_in(tmp_path)
    books.with_journal(write, AT + 5)
    assert kinds(books) == ["journal_renewed", "after"]
    assert [problem.args for problem in problems.all()] == [{"at": AT + 5}]
    books.close()
    later, problems = books_in(tmp_path)
    later.look_back(AT + RENEWED_SHOWN_S)
    assert codes(problems) == ["journal_renewed"]
    later.look_back(AT + RENEWED_SHOWN_S + 6)
    assert codes(problems) == []
    later.close()


def test_a_journal_that_breaks_before_it_is_read(tmp_path: Path) -> None:
    """Reading begins it anew as well."""
    books, _ = books_in(tmp_path)
    fill(books)
    damage(tmp_path / "journal.db")
    assert kinds(books) == []
    assert kinds(books) == ["journal_renewed"]
    books.close()


def test_a_new_box(tmp_path: Path) -> None:
    """Where there was nothing, nothing was lost."""
    books, problems = books_in(tmp_path)
    books.with_ledger(lambda one: one.add([ONE]))
    assert (kinds(books), codes(problems)) == ([], [])
    books.close()


def test_a_broken_ledger(tmp_path: Path) -> None:
    """It is left as it is, and told until it can be used again."""
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database" * 1000)
    books, problems = books_in(tmp_path)
    for _ in range(2):
        with pytest.raises(Corrupt):
            books.with_ledger(lambda one: one.add([ONE]))
    assert (codes(problems), path.read_bytes()) == (["ledger_broken"], b"no database" * 1000)
    path.unlink()
    books.with_ledger(lambda one: one.add([ONE]))
    assert codes(problems) == []
    books.close()


def test_a_ledger_that_was_removed(tmp_path: Path) -> None:
    """It is begun anew, and that is told."""
    books, problems = books_in(tmp_path)
    for _ in range(2):
        books.with_ledger(lambda one: one.add([ONE]))
    remove(tmp_path / "ledger.db")
    books.with_ledger(lambda one: one.add([ONE]))
    assert books.with_ledger(lambda one: one.counts(TODAY, TODAY)) == [ONE]
    assert codes(problems) == ["ledger_renewed"]
    books.close()
