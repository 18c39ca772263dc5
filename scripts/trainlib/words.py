"""The list of words: of many languages, and what names of sites are made of, with what each costs to say."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import wordfreq

from appliance.core import features
from appliance.core.features import UNIT, Words
from scripts.trainlib.wordlists import WORDLISTS

LANGUAGES = {"en": 90_000, "de": 15_000, "fr": 12_000, "es": 12_000, "it": 8_000, "pt": 8_000, "nl": 8_000, "pl": 8_000,
             "tr": 5_000, "sv": 5_000, "da": 4_000, "nb": 4_000, "fi": 4_000, "cs": 5_000, "hu": 4_000, "ro": 4_000,
             "id": 6_000, "ms": 3_000, "fil": 2_000, "vi": 1_500, "ca": 3_000, "lv": 1_500, "lt": 1_500, "sl": 1_500,
             "sk": 1_500, "ru": 4_000, "uk": 1_500}  # fmt: skip
"""How many of each language's commonest words are tried."""
ENGLISH_SHARE = 6.0
"""How many times more English there is in names than any other language."""
SHORTEST = 2
ROUNDS = 4
MERGES = 6_000
MERGED_AT_LEAST = 12
USED_AT_LEAST = 2
RANKED, RANKED_FROM = 2_000.0, 10
"""How often the first of the kept words would stand in names, and how fast that falls (Zipf)."""
UNSEEN_COST = 2 * UNIT
"""What a word for who people are costs at most, so that it is found wherever it stands by itself."""
TWO_LETTERS = frozenset(WORDLISTS["two_letters"])
UNSEEN = WORDLISTS["unseen"]
"""Words for who people are; the model is never shown them."""


def folded(word: str) -> str:
    """Return a word as names write it."""
    return features.plain(word.lower())


def is_word(word: str) -> bool:
    """Say whether a word may stand in the list."""
    if not word.isalpha() or not SHORTEST <= len(word) <= features.MAX_WORD:
        return False
    return len(word) > SHORTEST or word in TWO_LETTERS


def common() -> dict[str, float]:
    """Return words of all languages with how common they are in names, roughly."""
    found: dict[str, float] = {}
    for language, size in LANGUAGES.items():
        weight = ENGLISH_SHARE if language == "en" else 1.0
        for word, frequency in zip(wordfreq.top_n_list(language, size), _frequencies(language, size), strict=True):
            one = folded(word)
            if is_word(one):
                found[one] = found.get(one, 0.0) + weight * frequency
    for word in UNSEEN:
        found.setdefault(word, 1e-6)
    return found


def _frequencies(language: str, size: int) -> list[float]:
    return [wordfreq.word_frequency(word, language) for word in wordfreq.top_n_list(language, size)]


def learn(bodies: Sequence[str], size: int, *, keep: Iterable[str] = ()) -> str:
    """Return the list of words as the text that `features.parse_words` reads.

    Words are tried on the labels; what stands side by side strikingly often becomes a word. What hardly any name is
    made of goes, but for what is in `keep`, commonest first.
    """
    prior = common()
    texts = [features.plain(body)[: features.MAX_BODY] for body in bodies]
    total = sum(prior.values())
    counts: dict[str, float] = {word: 1 + 2e5 * share / total for word, share in prior.items()}
    used: Counter[str] = Counter()
    for number in range(ROUNDS):
        words = listed(counts)
        used = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for text in texts:
            for run in features._RUNS.findall(text):  # noqa: SLF001 -- training reads a name as the box does
                if run[0].isdecimal():
                    continue
                found = features.segment(run, words)
                used.update(found)
                pairs.update(pairwise(found))
        counts = {word: used[word] + 0.3 + 2e4 * prior.get(word, 0.0) / total for word in counts}
        if number < ROUNDS - 1:
            counts |= {word: float(often) for word, often in merged(used, pairs)}
    # Written down is what many names taught, and `keep`: how common words are elsewhere only helped to read the names.
    ranks = {word: rank for rank, word in enumerate(keep)}
    taught = {
        word: used[word] + 0.3 + (RANKED / (ranks[word] + RANKED_FROM) if word in ranks else 0.0)
        for word in {*counts, *ranks, *UNSEEN}
        if word in UNSEEN or (is_word(word) and (used[word] >= USED_AT_LEAST or word in ranks))
    }

    def place(word: str) -> tuple[bool, int, int, str]:
        often = used[word] if used[word] >= USED_AT_LEAST else 0
        return word not in UNSEEN, -often, ranks.get(word, len(ranks)), word

    kept = sorted(taught, key=place)[:size]
    return text_of({word: taught[word] for word in kept}, sum(taught.values()))


def merged(used: Counter[str], pairs: Counter[tuple[str, str]]) -> list[tuple[str, int]]:
    """Return pairs that stand side by side strikingly often, as words, and left-over letters that come up often."""
    total = sum(used.values())
    gains = []
    for (one, two), often in pairs.items():
        word = one + two
        if often < MERGED_AT_LEAST or not is_word(word) or min(len(one), len(two)) > 3:
            continue
        gain = often * math.log(often * total / (used[one] * used[two]))
        gains.append((gain, word, often))
    found = {word: often for _, word, often in sorted(gains, reverse=True)[:MERGES]}
    found |= {word: often for word, often in used.items() if often >= MERGED_AT_LEAST and is_word(word)}
    return list(found.items())


def listed(counts: dict[str, float]) -> Words:
    """Return words with the costs that their counts make."""
    return features.parse_words(text_of(counts, sum(counts.values())))


def text_of(counts: dict[str, float], total: float) -> str:
    """Return the text of words, one a line."""
    lines = []
    for word, often in counts.items():
        cost = max(1, round(-math.log2(often / total) * UNIT))
        is_unseen = word in _UNSEEN
        lines.append(f"{word} {min(cost, UNSEEN_COST)} unseen" if is_unseen else f"{word} {cost}")
    return "\n".join(lines) + "\n"


_UNSEEN = frozenset(UNSEEN)
