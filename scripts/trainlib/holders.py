"""Harmless words of a dictionary that hold a risky one: updating, Essex, therapist, alphabet."""

from collections.abc import Mapping
from typing import Any

import wordfreq

from scripts.trainlib.wordlists import WORDLISTS
from scripts.trainlib.words import folded, is_word

LANGUAGES = {"en": 40_000, "de": 12_000, "fr": 10_000, "es": 10_000, "it": 8_000, "nl": 6_000, "pt": 6_000}
"""How many of each language's commonest words are looked through."""
LIKE, LIKE_ANY = 0.25, 0.4
"""Words whose vectors are closer (cosine) to that of the risky word in them, or of any, mean the like: betting."""
ENDINGS = ("s", "es", "y", "ed", "er", "ers", "ing", "in", "en", "e", "n", "a", "o", "ty", "ie", "ies")


def holders(lines: Mapping[str, int], table: Any) -> list[str]:
    """Return such words, in order; `lines` is English word → line of the table of vectors of length 1."""
    risky = WORDLISTS["risky"]
    found = set()
    for language, size in LANGUAGES.items():
        for raw in wordfreq.top_n_list(language, size):
            word = folded(raw)
            held = [one for one in risky if one in word and word != one]
            if (
                held
                and is_word(word)
                and word not in WORDLISTS["not_harmless"]
                and not any(_is_like(word, one, lines, table) for one in held)
            ):
                found.add(word)
    return sorted(found)


def _is_like(word: str, risky: str, lines: Mapping[str, int], table: Any) -> bool:
    """Say whether a word is a form of a risky one, or means nearly the same; of unknown words: if it begins with it."""
    if word.startswith(risky) and word.removeprefix(risky) in ENDINGS:
        return True
    if word in lines and risky in lines:
        others = [lines[one] for one in WORDLISTS["risky"] if one in lines]
        likeness = table[[lines[risky], *others]] @ table[lines[word]]
        return bool(likeness[0] > LIKE or likeness[1:].max() > LIKE_ANY)
    return word.startswith(risky) or word.endswith(risky)
