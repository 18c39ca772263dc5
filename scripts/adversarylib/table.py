"""The table of tricks and what becomes of them, between two comments of tests/adversary/README.md."""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from tests.adversary import trial
from tests.adversary.table import GROUPS, OUT_OF_REACH, OVER_BEDTIME, TRICKS
from tests.adversary.trial import DNS_BAND, Finding
from tests.adversary.trick import Mode, OverBedtime, Trick

BEGIN = "<!-- scripts/adversary writes what follows -->"
END = "<!-- scripts/adversary wrote what is above -->"

_COLUMNS = ((Mode.DNS, DNS_BAND), *((Mode.GATEWAY, band) for band in ("6-9", "13-15", "16-17")))
_HEAD = ("What a child says", "DNS alone, 13-15", "6-9", "13-15", "16-17", "Why")
_MARKS = {"stopped": "stopped", "asked": "may ask", "told": "works, told", "escaped": "**works**"}


def all_expected() -> set[Finding]:
    """Return what is to become of everything."""
    once = {one for mode in Mode for trick in OVER_BEDTIME for one in trial.expected(trick, mode)}
    return once | {
        one
        for mode in Mode
        for trick in TRICKS
        for family in trick.families
        for one in trial.expected(trick, mode, family)
    }


def page(found: AbstractSet[Finding]) -> str:
    """Return the table, with the sums before it."""
    return "\n".join(_lines({(one.trick, one.mode, one.band, one.family): one.outcome.value for one in found}))


def with_page(text: str, made: str) -> str:
    """Return the README with what is made between the two comments. Raises ValueError where it lacks one."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the README has no place for the tricks")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def page_of(text: str) -> str:
    """Return what stands between the two comments."""
    return text.partition(BEGIN)[2].partition(END)[0].strip("\n")


_Outcomes = dict[tuple[str, Mode, str, str], str]


def _lines(outcomes: _Outcomes) -> Iterator[str]:
    tricks = [trick for _, group in GROUPS for trick in group]
    for mode, band in _COLUMNS:
        sums = Counter(outcomes.get((trick.id, mode, band, "4"), "") for trick in tricks)
        told = ", ".join(f"{sums[outcome]} {outcome}" for outcome in _MARKS)
        yield f"- {'DNS alone' if mode is Mode.DNS else 'Gateway'}, {band}: {told}, {len(OUT_OF_REACH)} out of reach"
    for title, group in GROUPS:
        yield from ("", f"### {title}", "", _row(_HEAD), _row(["---"] * len(_HEAD)))
        yield from (_row(_cells(trick, outcomes)) for trick in group)
    yield from ("", "### Out of reach", "", _row(("What a child says", "Why")), _row(("---", "---")))
    yield from (_row((one.title, one.why)) for one in OUT_OF_REACH)


def _cells(trick: Trick | OverBedtime, outcomes: _Outcomes) -> Iterator[str]:
    families = trick.families if isinstance(trick, Trick) else ("4",)
    yield trick.title + (" (IPv4, IPv6)" if len(families) > 1 else "")
    for mode, band in _COLUMNS:
        told = [outcomes.get((trick.id, mode, band, family), "") for family in families]
        words = [_MARKS.get(one, "-") for one in told]
        yield (
            words[0] if len(set(words)) == 1 else ", ".join(f"IPv{f} {w}" for f, w in zip(families, words, strict=True))
        )
    yield trick.why


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
