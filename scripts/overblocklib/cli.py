"""Counts what well-known lists close of the sites that should stay open.

Those sites are four kinds of names, each counted once: what is protected (help lines and information), what devices
need to be online, sites that everybody knows (rules/popular.yaml), and names of the test data that filters have been
seen to close wrongly. A name is closed when the list closes it or www. before it. The index is closed names by all
names, times 1,000: "closes 3 of 1,000 sites that should stay open". A popular site of the same group of categories as
the list isn't counted, because closing it is what the list is for. Protected and needed names stay open in a house
whatever lists say; they are counted because they show how a list was made.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from appliance.core.lists.build import ListRefused
from appliance.core.offers import Offer, Overblock
from appliance.steward.lists.fetch import Manner, Marks, fetch
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.limits import NotTaken
from appliance.world import rules
from scripts.overblocklib import beside, table
from scripts.overblocklib.pool import KINDS, POPULAR, TEST_ROWS, Pool, gather, wrongly_closed
from scripts.overblocklib.score import lines_of, measure

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
CATALOGUE = ROOT / "rules" / "lists.yaml"
README = ROOT / "README.md"
SHOWN = 12

Fetch = Callable[[Offer, Path], date]
"""Puts a list into a file that ends in .gz and returns the day. Raises NotTaken."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write. Return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/overblock", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--from", dest="folder", type=Path, metavar="DIR", help="take lists from files named ID.*")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="this list; may be given again")
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="the test data; ../shared/data")
    parser.add_argument("--beside", action="store_true", help="print the same of the bulk lists of the test data")
    parser.add_argument("--show", action="store_true", help="print, and write nothing")
    given = parser.parse_args(arguments)
    if not (given.data / TEST_ROWS).is_file():
        print(f"no test data in {given.data}: --data DIR", file=sys.stderr)
        return 2
    pool = gathered(given.data)
    of = [sum(kind == one for kind in pool.kinds.values()) for one in KINDS]
    print(f"{sum(of)} names should stay open: " + ", ".join(f"{n} {kind}" for kind, n in zip(KINDS, of, strict=True)))
    if given.beside:
        for line in beside.told(given.data, pool):
            print(line)
    offers = [offer for offer in rules.load_offers() if not given.only or offer.id in given.only]
    figures = measured(offers, pool, given.folder, fetched)
    if figures and not given.show:
        write(figures)
    return 0


def gathered(data: Path) -> Pool:
    """Return the names that should stay open."""
    book = rules.load_rulebook()
    return gather(book, rules.bundled_set(book), sorted(rules.load_popular()), wrongly_closed(data))


def measured(offers: Sequence[Offer], pool: Pool, folder: Path | None, fetch_: Fetch) -> dict[str, Overblock]:
    """Return the figures of the lists that could be had; say of each what it closes, or why it wasn't measured."""
    figures: dict[str, Overblock] = {}
    with tempfile.TemporaryDirectory() as passing:
        for offer in offers:
            try:
                path, on = _had(offer, folder, Path(passing), fetch_)
                figures[offer.id], closed = measure(offer, lines_of(path), on, pool)
            except (NotTaken, ListRefused) as error:
                kept = f"the figure of {offer.overblock.measured} stays" if offer.overblock else "not measured"
                print(f"{offer.id}: {kept}: {error}")
                continue
            print("\n".join(_told(offer, figures[offer.id], closed)))
    return figures


def fetched(offer: Offer, into: Path) -> date:
    """Fetch a list as the steward does."""
    with into.open("wb") as file:
        fetch(offer.url, Marks(), file, Manner(), Halt())
    return datetime.now(UTC).date()


def write(figures: dict[str, Overblock]) -> None:
    """Put the figures into the catalogue, and the table into the README."""
    CATALOGUE.write_text(table.with_figures(CATALOGUE.read_text("utf-8"), figures), "utf-8")
    README.write_text(table.with_table(README.read_text("utf-8"), rules.load_offers()), "utf-8")
    print(f"written: {len(figures)} lists")


def _had(offer: Offer, folder: Path | None, passing: Path, fetch_: Fetch) -> tuple[Path, date]:
    if folder is None:
        into = passing / f"{offer.id}.gz"
        return into, fetch_(offer, into)
    for path in sorted(folder.glob(f"{offer.id}.*")):
        return path, datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    raise NotTaken(f"there is no {offer.id}.* in that folder")


def _told(offer: Offer, figures: Overblock, closed: dict[str, str]) -> Iterator[str]:
    counts = ", ".join(f"{getattr(figures, kind)} {kind}" for kind in KINDS)
    yield f"{offer.id}: closes {figures.index} of 1,000 ({counts}); {figures.names} names, copy of {figures.measured}"
    known = [name for name, kind in closed.items() if kind == POPULAR]
    if known:
        yield f"  of what everybody knows: {' '.join(known[:SHOWN])}{' …' if len(known) > SHOWN else ''}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
