"""The five bands in words: what each is for a child, and what caregivers see at it, from the visibility contract."""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.core.person import BANDS
from appliance.core.visibility import Contract, Granularity, Role

MEANINGS: dict[str, str] = {
    "0-5": "Only sites that you allow. All else stays closed.",
    "6-9": "Most sites are open, videos in safe mode. Chats and shops ask first, social feeds stay closed.",
    "10-12": "The open web with filters. Messengers, forums and AI ask first, social feeds stay closed.",
    "13-15": "The open web. Social feeds and games count as time, the worst stays closed.",
    "16-17": "Nearly everything. Malware, crime and adult sites stay closed.",
}
"""What a band means for the child, in a line."""

_SIGHTS: tuple[tuple[str, dict[Granularity, str]], ...] = (
    ("time_sum", {Granularity.DAY: "minutes a day"}),
    ("category_counts", {Granularity.DAY: "kinds of sites a day", Granularity.WEEK: "kinds of sites a week"}),
    ("names_visited", {Granularity.NAME: "the most used sites"}),
    (
        "names_blocked",
        {
            Granularity.NAME: "names of blocked sites",
            Granularity.CATEGORY: "kinds of blocked sites",
            Granularity.WEEK: "how much was blocked a week",
        },
    ),
)
"""Field of the contract → what a caregiver is told to see of it, by how finely."""


@dataclass(frozen=True, slots=True)
class BandWords:
    """A band as a choice: ``6 to 9``, what it means, and what caregivers see."""

    id: str
    ages: str
    meaning: str
    sights: str


def ages(band: str) -> str:
    """Return a band as people say it: ``6 to 9``."""
    return band.replace("-", " to ")


def choices(contract: Contract) -> list[BandWords]:
    """Return the bands as choices, the youngest first."""
    return [BandWords(band, ages(band), MEANINGS[band], _listed(sights(contract, band))) for band in BANDS]


def sights(contract: Contract, band: str) -> tuple[str, ...]:
    """Return what caregivers see of a child of a band, as the contract has it without anybody's choice."""
    return tuple(_sights(contract, band))


def changed(contract: Contract, before: str, after: str) -> str:
    """Return what caregivers see less or more of from one band to another, as sentences; empty where nothing."""
    old, new = sights(contract, before), sights(contract, after)
    said = []
    gone = tuple(one for one in old if one not in new)
    come = tuple(one for one in new if one not in old)
    if gone:
        said.append(f"Caregivers no longer see {_joined(gone)}.")
    if come:
        said.append(f"Caregivers now see {_joined(come)}.")
    return " ".join(said)


def _sights(contract: Contract, band: str) -> Iterator[str]:
    for field, told in _SIGHTS:
        words = told.get(contract.view(field, band, Role.CAREGIVER).granularity)
        if words:
            yield words


def _listed(words: tuple[str, ...]) -> str:
    return f"You see {_joined(words)}." if words else "You see requests and warnings, no counts."


def _joined(words: tuple[str, ...]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
