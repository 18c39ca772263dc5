"""The figures where people read them: a line in `rules/lists.yaml` for each list, and a table in the README."""

import re
from collections.abc import Iterable, Mapping

from appliance.core.offers import Offer, Overblock

HEADING = "| List | Of 1,000 | Protected | Needed | Popular | Known wrong | Names | Copy of |"
RULE = "|---|---:|---:|---:|---:|---:|---:|---|"

_ENTRY = re.compile(r"^  - id: (\S+)$")
_OURS = "    overblock: "


def with_figures(text: str, figures: Mapping[str, Overblock]) -> str:
    """Return the catalogue with the figures in it, each as the last key of its list; all else stays as it was."""
    kept: list[str] = []
    current: str | None = None
    for line in [*text.splitlines(), ""]:
        ends = not line or line.startswith("  - ") or line.lstrip().startswith("#")
        if current is not None and current in figures and ends:
            kept.append(_OURS + _flow(figures[current]))
            current = None
        if found := _ENTRY.match(line):
            current = found[1]
        if not (current in figures and line.startswith(_OURS)):
            kept.append(line)
    return "\n".join(kept)


def table(offers: Iterable[Offer]) -> str:
    """Return the table of the measured lists, those that close most first."""
    measured = [(offer, offer.overblock) for offer in offers if offer.overblock is not None]
    measured.sort(key=lambda pair: -pair[1].index)
    return "\n".join([HEADING, RULE, *(_row(offer, figures) for offer, figures in measured)])


def with_table(text: str, offers: Iterable[Offer]) -> str:
    """Return the README with the table in the place of the one that it has. Raises ValueError where it has none."""
    before, found, after = text.partition(HEADING)
    if not found:
        raise ValueError("the README has no table of what lists close")
    rows = re.match(r"(?:\n\|.*)*", after)
    return before + table(offers) + after[rows.end() if rows else 0 :]


def _row(offer: Offer, figures: Overblock) -> str:
    counts = (figures.protected, figures.infrastructure, figures.popular, figures.slice)
    cells = (
        offer.name,
        f"{figures.index:.1f}",
        *(f"{count:,}" for count in (*counts, figures.names)),
        figures.measured,
    )
    return f"| {' | '.join(map(str, cells))} |"


def _flow(figures: Overblock) -> str:
    words = ", ".join(f"{field}: {getattr(figures, field)}" for field in Overblock.__struct_fields__)
    return f"{{{words}}}"
