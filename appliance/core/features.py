"""A name as the numbers that the model was trained on: pieces of it, words in it, its ending and its shape.

Training calls this very module, so that what the model sees here is what it saw there. All numbers are rows of one
table: row 0 is nothing, then the words, then pieces and signs by a hash (CRC-32).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from re import compile as regex
from unicodedata import category, normalize
from zlib import crc32

HASH_ROWS = 1 << 18
"""How many rows pieces and signs share."""
GRAM_SIZES = (2, 3, 4, 5, 6)
WHOLE_SIZES = (2, 3, 4, 5)
MAX_BODY = 40
"""Letters of a name that are looked at: the first ones."""
MAX_WORD = 18
UNIT = 8
"""A word's cost is in eighths of a bit: what it takes to say it, by how often names hold it."""
UNKNOWN_COST = 13 * UNIT
"""Of a letter that belongs to no word."""

_RUNS = regex(r"[^\W\d_]+|[0-9]+")
_VOWELS = frozenset("aeiouy")
_LENGTHS = (0, 3, 5, 7, 9, 11, 13, 15, 18, 21, 25, 30)
_LINE = regex(r"([^\W\d_]{1,18}) ([0-9]{1,4})( unseen)?\Z")
_PLAIN = regex(r"[a-z0-9-]*\Z")


class FeaturesError(ValueError):
    """The model's list of words can't be read."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words that the model knows, each with its row and its cost, and those that it is never shown."""

    rows: Mapping[str, int]
    """Word → row of the table, from 1 on."""
    costs: Sequence[int]
    """Row → cost, in `UNIT`; that of row 0 is not used."""
    unseen: frozenset[str] = frozenset()
    """Words for who people are: cut out before anything is looked at, so that they can move no score."""

    @property
    def table_rows(self) -> int:
        """Return how many rows the table has."""
        return len(self.costs) + HASH_ROWS


@dataclass(frozen=True, slots=True)
class Features:
    """Rows of the table, by what they are of."""

    grams: tuple[int, ...]
    words: tuple[int, ...]
    signs: tuple[int, ...]
    whole: tuple[int, ...]
    """Pieces of the label with its ending, as one text."""


def parse_words(text: str) -> Words:
    """Return words from a text of lines ``word cost``, with ``unseen`` behind those that are never shown.

    Raises FeaturesError with the line.
    """
    rows: dict[str, int] = {}
    costs = [0]
    unseen = set()
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.match(line)
        if match is None or match[1] in rows:
            raise FeaturesError(f"line {number}: {line[:60]!r} is not a word and its cost, or stands there twice")
        rows[match[1]] = len(costs)
        costs.append(int(match[2]))
        if match[3]:
            unseen.add(match[1])
    return Words(rows, costs, frozenset(unseen))


def features(body: str, suffix: str, words: Words) -> Features:
    """Return what the model is told of a name: the label below its public suffix, and that suffix (``co.uk``)."""
    text = read(body, words)
    base = len(words.costs)
    found = list(tokens(text, words))
    grams = _pieces(f"^{text}$".encode(), GRAM_SIZES, base)
    grams += [base + crc32(f"{one} {two}".encode()) % HASH_ROWS for one, two in pairwise(found)]
    rows = words.rows
    known = tuple(rows[token] for token in found if token in rows)
    signs = tuple(base + crc32(sign.encode()) % HASH_ROWS for sign in _signs(body, text, suffix, found, words))
    whole = _pieces(f"^{text}.{suffix}".encode(), WHOLE_SIZES, base)
    return Features(tuple(grams), known, signs, tuple(whole))


def read(body: str, words: Words) -> str:
    """Return what of a label is looked at."""
    return shown(plain(body), words)[:MAX_BODY]


def plain(body: str) -> str:
    """Return a label as people read it: without punycode, accents and odd characters."""
    text = body
    if body.startswith("xn--"):
        try:
            text = body[4:].encode("ascii").decode("punycode").lower()
        except ValueError:
            text = body[4:]
    if not _PLAIN.match(text):
        text = "".join(char for char in normalize("NFKD", text) if category(char)[0] in "LN" or char == "-")
    return text


def shown(text: str, words: Words) -> str:
    """Return a text without the words for who people are, as if they had never stood there.

    At an end of a part one is cut off whatever is left then, unless it is the beginning of another word (transport);
    in between it is cut where it is one of the words that the part is written with.
    """
    if not any(word in text for word in words.unseen):
        return text
    parts = [_less(part, words) for part in text.split("-")]
    return "-".join(part for part in parts if part)


def tokens(text: str, words: Words) -> Iterator[str]:
    """Yield the words, numbers and left-over letters of a text, in order."""
    for run in _RUNS.findall(text):
        if run[0].isdecimal():
            yield run
        else:
            yield from segment(run, words)


def segment(run: str, words: Words) -> list[str]:
    """Return the cheapest way to write letters as words; letters between words that are none stay together."""
    rows, costs = words.rows, words.costs
    best = [0] * (len(run) + 1)
    begins = [0] * (len(run) + 1)
    for end in range(1, len(run) + 1):
        least, begin = best[end - 1] + UNKNOWN_COST, -1
        for start in range(end - MAX_WORD if end > MAX_WORD else 0, end):
            row = rows.get(run[start:end])
            if row is not None and best[start] + costs[row] < least:
                least, begin = best[start] + costs[row], start
        best[end] = least
        begins[end] = begin
    found: list[str] = []
    end, loose_end = len(run), 0
    while end > 0:
        begin = begins[end]
        if begin < 0:
            loose_end = loose_end or end
            end -= 1
            continue
        if loose_end:
            found.append(run[end:loose_end])
            loose_end = 0
        found.append(run[begin:end])
        end = begin
    if loose_end:
        found.append(run[:loose_end])
    found.reverse()
    return found


def _less(part: str, words: Words) -> str:
    """Return a part between hyphens without the words for who people are."""
    while (cut := _cut(part, words)) != part:
        part = cut
    if not any(word in part for word in words.unseen):
        return part
    return "".join(token for token in tokens(part, words) if token not in words.unseen)


def _cut(part: str, words: Words) -> str:
    """Return a part without the longest such word that it begins or ends with.

    A form with one letter more (gays) counts only where it is the whole part: else its stem is cut, so that what comes
    behind the stem is the same as without it. Another word that begins or ends so has two letters more at least.
    """
    unseen = words.unseen
    if part in unseen:
        return ""
    for word in sorted(unseen, key=lambda word: (-len(word), word)):
        if word[:-1] in unseen:
            continue
        if part.startswith(word):
            first = next(tokens(part, words))
            if not (first.startswith(word) and _is_other(first, word, words)):
                return part[len(word) :]
        if part.endswith(word):
            *_, last = tokens(part, words)
            if not (last.endswith(word) and _is_other(last, word, words)):
                return part[: -len(word)]
    return part


def _is_other(token: str, word: str, words: Words) -> bool:
    return token in words.rows and token not in words.unseen and len(token) > len(word) + 1


def _pieces(octets: bytes, sizes: Iterable[int], base: int) -> list[int]:
    """Return the rows of all pieces of these sizes."""
    end = len(octets) + 1
    return [base + crc32(octets[at : at + size]) % HASH_ROWS for size in sizes for at in range(end - size)]


def _signs(body: str, text: str, suffix: str, found: Sequence[str], words: Words) -> Iterator[str]:
    """Yield what is said of a name beside its letters: ending, length, digits, hyphens, how far it is words."""
    yield "." + suffix
    if "." in suffix:
        yield ".." + suffix.rpartition(".")[2]
    letters = [token for token in found if not token[0].isdecimal()]
    size = sum(map(len, letters))
    digits = [token for token in found if token[0].isdecimal()]
    yield f"length {_bucket(len(text), _LENGTHS)}"
    yield f"digits {min(sum(map(len, digits)), 6)} {min(len(digits), 3)}"
    yield f"hyphens {min(text.count('-'), 4)}"
    yield f"words {min(len(letters), 7)}"
    known = sum(len(token) for token in letters if token in words.rows)
    yield f"known {round(8 * known / size) if size else -1}"
    cost = sum(words.costs[words.rows[token]] for token in letters if token in words.rows)
    yield f"cost {min(round(cost / UNIT / known), 9) if known else -1}"
    vowels = sum(text.count(vowel) for vowel in _VOWELS)
    yield f"vowels {round(8 * vowels / size) if size else -1}"
    yield f"entropy {round(3 * _entropy(text))}"
    yield "starts 0" if text[:1].isdecimal() else "starts a"
    if body.startswith("xn--"):
        yield "punycode"
    if digits:
        yield f"number {digits[-1][:4]}"


def _bucket(size: int, limits: Iterable[int]) -> int:
    return max(limit for limit in limits if limit <= size)


def _entropy(text: str) -> float:
    """Return the bits a letter of a text."""
    if not text:
        return 0.0
    return sum(-share * log2(share) for share in (text.count(char) / len(text) for char in set(text)))
