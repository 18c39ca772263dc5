"""Names made up for training: harmless ones that look risky, help sites, places and trades, and plainly risky ones."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.trainlib.data import BENIGN, CLASSES, CONTENT
from scripts.trainlib.wordlists import WORDLISTS

LOOKALIKES, TOPICS, HELP = WORDLISTS["lookalikes"], WORDLISTS["topics"], WORDLISTS["help"]
PLACES, TRADES = WORDLISTS["places"], WORDLISTS["trades"]
OPEN_ENDINGS, HELP_ENDINGS = WORDLISTS["endings"], WORDLISTS["help_endings"]
TAILS, RISKY_ENDINGS = WORDLISTS["tails"], WORDLISTS["risky_endings"]
ANY_ENDINGS = [*OPEN_ENDINGS, *RISKY_ENDINGS]
DICTIONARY = 0.7
"""How many of the names that look risky have their word from a dictionary."""


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up name: the label below its ending, the ending, and its class."""

    body: str
    suffix: str
    class_: int


def made(kind: Callable[[random.Random], str], endings: Sequence[str], count: int, seed: int) -> list[Made]:
    """Return so many harmless names of a kind."""
    chance = random.Random(f"{kind.__name__} {seed}")
    return [Made(kind(chance), chance.choice(endings), BENIGN) for _ in range(count)]


def joined(chance: random.Random, *words: str) -> str:
    """Return words as one label: mostly without hyphens, in any order of two."""
    told = list(words)
    if chance.random() < 0.3:
        chance.shuffle(told)
    return ("-" if chance.random() < 0.25 else "").join(told)


def lookalikes(words: Sequence[str], count: int, seed: int) -> list[Made]:
    """Return so many names with harmless words that hold a risky one: those of the list above, or these."""
    chance = random.Random(f"lookalikes {seed}")
    return [
        Made(
            _lookalike(chance, words if chance.random() < DICTIONARY else LOOKALIKES),
            chance.choice(ANY_ENDINGS),
            BENIGN,
        )
        for _ in range(count)
    ]


def _lookalike(chance: random.Random, words: Sequence[str]) -> str:
    word = chance.choice(words)
    draw = chance.random()
    if draw < 0.25:
        return word
    if draw < 0.5:
        return joined(chance, word, chance.choice(TRADES))
    if draw < 0.7:
        return joined(chance, chance.choice(PLACES + TAILS), word)
    if draw < 0.85:
        return joined(chance, word, chance.choice(TAILS))
    return joined(chance, word, chance.choice(PLACES + TRADES), chance.choice(TRADES))


def help_site(chance: random.Random) -> str:
    """Return a name of a site that helps with what is risky."""
    topic, help_ = chance.choice(TOPICS), chance.choice(HELP)
    draw = chance.random()
    if draw < 0.6:
        return joined(chance, topic, help_)
    if draw < 0.85:
        return joined(chance, topic, help_, chance.choice(HELP + PLACES))
    return joined(chance, chance.choice(PLACES), topic, help_)


def trade(chance: random.Random) -> str:
    """Return a name of a place and what there is."""
    draw = chance.random()
    if draw < 0.6:
        return joined(chance, chance.choice(PLACES), chance.choice(TRADES))
    return joined(chance, chance.choice(PLACES), chance.choice(TRADES), chance.choice(TRADES))


def risky(class_: str, count: int, seed: int) -> list[Made]:
    """Return so many names that say plainly that they are of a class."""
    chance = random.Random(f"{class_} {seed}")
    number = CLASSES.index(class_)
    return [Made(_risky(chance, WORDLISTS[class_]), chance.choice(RISKY_ENDINGS), number) for _ in range(count)]


def all_risky(a_word: int, seed: int) -> list[Made]:
    """Return names of all such classes, so many a word."""
    return [one for class_ in CONTENT for one in risky(class_, a_word * len(WORDLISTS[class_]), seed)]


def _risky(chance: random.Random, words: Sequence[str]) -> str:
    word = chance.choice(words)
    draw = chance.random()
    if draw < 0.15:
        return word
    if draw < 0.45:
        return joined(chance, word, chance.choice(TAILS))
    if draw < 0.75:
        return joined(chance, chance.choice(PLACES), word)
    if draw < 0.85:
        return joined(chance, chance.choice(PLACES), word, chance.choice(TAILS))
    return joined(chance, word, chance.choice(words))
