"""The names to learn from: read, split, and told from those that judge."""

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from appliance.world import labels

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "dataset"
CLASSES = ("adult", "gambling", "dating", "drugs", "violence_hate", "bypass", "games", "social", "benign")
CONTENT = CLASSES[:6]
BENIGN = CLASSES.index("benign")
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A name as it stands in the data."""

    name: str
    label: str
    source: str

    @property
    def class_(self) -> int | None:
        """Return its class; None for what is no class of the model (phishing and malware)."""
        label = "benign" if self.label == "benign_education" else self.label
        return CLASSES.index(label) if label in CLASSES else None

    @property
    def is_clean(self) -> bool:
        """Say whether it is surely benign: by two sources, or a site of schools, news and help."""
        return self.label == "benign_education" or (self.label == "benign" and self.source.endswith("/2src"))

    @property
    def fold(self) -> int:
        """Return which part of the data it belongs to, by its name alone."""
        return crc32(f"fold {self.name}".encode()) % FOLDS


def read(path: Path) -> list[Row]:
    """Return the rows of a file ``domain,label,source``. Raises OSError and ValueError."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames != ["domain", "label", "source"]:
            raise ValueError(f"{path}: its columns are {rows.fieldnames}, not domain, label, source")
        return [Row(row["domain"], row["label"], row["source"]) for row in rows]


def parts(name: str) -> tuple[str, str]:
    """Return the label below a name's public suffix, and that suffix, as the box parts them; nothing of other names."""
    return labels.parts_of(name) or ("", "")


def bodies(rows: Iterable[Row]) -> list[str]:
    """Return the labels below the public suffixes."""
    return [parts(row.name)[0] for row in rows]
