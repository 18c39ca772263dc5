"""The figures as the README shows them, between two comments."""

from collections.abc import Iterable, Iterator, Sequence

from appliance.core.signs.sign import Confidence
from scripts.signslib.score import Figures, Score
from scripts.signslib.subject import Subject

BEGIN = "<!-- scripts/signs writes what follows -->"
END = "<!-- scripts/signs wrote what is above -->"

_TOLD = "| What | Sign | Captures | Flows | How surely, and by what | Wrong | Wrong on the web |"
_TOLD_RULE = "|---|---|---:|---:|---|---:|---:|"
_MISSED = "| Not recognised, or not always | Captures | Why |"
_MISSED_RULE = "|---|---:|---|"
_SURE_FIRST = sorted(Confidence, reverse=True)


def page(counted: Score, subjects: Sequence[Subject]) -> str:
    """Return both tables with the sentences between them."""
    return "\n".join(_lines(counted, subjects))


def with_page(text: str, made: str) -> str:
    """Return the README with what is made between the two comments. Raises ValueError where it lacks one."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the README has no place for what the signs tell")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def page_of(text: str) -> str:
    """Return what stands between the two comments."""
    return text.partition(BEGIN)[2].partition(END)[0].strip("\n")


def _lines(counted: Score, subjects: Sequence[Subject]) -> Iterator[str]:
    wrong = sum(figures.wrong.total() for figures in counted.figures.values())
    strong = sum(figures.wrong[Confidence.STRONG] for figures in counted.figures.values())
    yield f"Counted over {counted.captures:,} captures: {counted.flows:,} flows, of which {counted.web:,} are visits of"
    yield f"sites. {wrong:,} flows have a sign of what they are not, {strong:,} of them a strong one."
    yield ""
    yield from (_TOLD, _TOLD_RULE)
    yield from (_told(subject, counted.figures[subject.title]) for subject in subjects if subject.signs)
    yield ""
    yield "*Captures* and *flows* are those recognised, of those that hold it; *wrong* are flows that have the sign and"
    yield "are something else: strong, likely, weak. *None here*: no capture holds it; tests make it themselves."
    yield ""
    yield from (_MISSED, _MISSED_RULE)
    yield from (_missed(subject, counted.figures[subject.title]) for subject in subjects if subject.why)


def _told(subject: Subject, figures: Figures) -> str:
    held = figures.captures
    cells = (
        subject.title,
        ", ".join(f"`{sign}`" for sign in subject.signs),
        f"{held - len(figures.missed):,} of {held:,}" if held else "none here",
        f"{figures.told.total():,} of {figures.flows:,}" if held else "",
        "; ".join(_ways(figures)),
        " · ".join(str(figures.wrong[one]) for one in _SURE_FIRST),
        " · ".join(str(figures.wrong_web[one]) for one in _SURE_FIRST),
    )
    return _row(cells)


def _missed(subject: Subject, figures: Figures) -> str:
    return _row((subject.title, f"{len(figures.missed):,} of {figures.captures:,}", subject.why))


def _ways(figures: Figures) -> Iterator[str]:
    """Yield how surely flows are told and by what, the surest and the commonest first."""
    for confidence in _SURE_FIRST:
        ways = [(count, by) for (sure, by), count in figures.told.items() if sure is confidence]
        ways.sort(key=lambda way: (-way[0], way[1]))
        if ways:
            told = ", ".join(f"{by} {count:,}".strip() for count, by in ways)
            yield f"{confidence.name.lower()}: {told}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
