"""What English words mean, as vectors of a public package, and so words of other languages by their translations."""

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scripts.trainlib.words import folded

DICTIONARIES = Path("/usr/share/dictd")
LANGUAGES = (
    "deu",
    "fra",
    "spa",
    "por",
    "ita",
    "nld",
    "swe",
    "tur",
    "pol",
    "dan",
    "ces",
    "hun",
    "fin",
    "hrv",
    "slk",
    "slv",
)
SIZE = 100
_ENTRY = re.compile(r"^(\S[^/<\[\n]*?)\s*(?:/|<|\[|$)")


def english(path: Path) -> tuple[dict[str, int], Any]:
    """Return word → line, and the vectors, of length 1. Raises OSError and ValueError."""
    kept = path.with_suffix(".npz")
    if not kept.is_file():
        told = json.loads(path.read_text("utf-8"))
        words, rows = [], []
        for word, row in told["vectors"].items():
            if word.isascii() and word.isalpha() and word.islower():
                words.append(word)
                rows.append(np.asarray(row[:SIZE], np.float32))
        table = np.stack(rows)
        table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
        np.savez(kept, words=np.array(words), table=table.astype(np.float16))
    file = np.load(kept)
    return {word: line for line, word in enumerate(file["words"].tolist())}, file["table"].astype(np.float32)


def translations(language: str) -> dict[str, list[str]]:
    """Return word → English words, of a FreeDict dictionary; empty where it isn't installed."""
    path = DICTIONARIES / f"freedict-{language}-eng.dict.dz"
    if not path.is_file():
        return {}
    found: dict[str, list[str]] = {}
    head = ""
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line[:1].strip() and not line.startswith("00"):
                match = _ENTRY.match(line)
                head = folded(match[1]) if match else ""
            elif head and line.strip():
                text = re.sub(r"^\s*(?:\d+\.\s*)?", "", line)
                for part in re.split(r"[,;]", text)[:3]:
                    words = re.sub(r"[<\[(].*?[>\])]|^to |^an? |^the ", "", part.strip().lower()).split()
                    if len(words) in (1, 2) and len(found.setdefault(head, [])) < 4:
                        found[head].append(" ".join(words))
    return found


def vectors(words: Sequence[str], path: Path, *, foreign: bool = True) -> Any:
    """Return a vector a word, in order, zeros where nothing is known; the first row is of no word."""
    lines, table = english(path)
    found = np.zeros((len(words) + 1, SIZE), np.float32)
    by_word: dict[str, list[str]] = {}
    if foreign:
        for language in LANGUAGES:
            for word, told in translations(language).items():
                by_word.setdefault(word, []).extend(told)
    for row, word in enumerate(words, 1):
        told = [word] if word in lines else [one for phrase in by_word.get(word, ()) for one in phrase.split()]
        known = [table[lines[one]] for one in told if one in lines]
        if known:
            mean = np.mean(known, axis=0)
            found[row] = mean / (np.linalg.norm(mean) + 1e-9)
    return found
