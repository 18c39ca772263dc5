"""The model in `models/`: how probable it is that a name is of each class, and which of its parts say so.

The only module that loads ONNX Runtime: it is for a process of its own.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import onnxruntime

from appliance.core import features, names
from appliance.core.features import Features, FeaturesError, Words
from appliance.core.riskmodel import RiskModelError
from appliance.world import model, suffixes

MODEL_FILE = "classifier.onnx"
WORDS_FILE = "words.txt"
SUMS_FILE = "SHA256SUMS"
KINDS = ("grams", "words", "signs", "whole")
MAX_REASONS = 3
LEAST_MOVE = 0.3
"""How far (log-odds) a part must move a class to be named as a reason."""
HOSTED = "*"
"""What stands for the suffix of a company with customers below it, good and bad ones: it says nothing of them."""
PLAIN_SUFFIX = "com"
"""What stands for any ending, to see what a name's own ending says."""
NO_SITES = frozenset((
    "arpa", "akadns.net", "akamai.net", "akamaiedge.net", "akamaihd.net", "akamaiorigin.net", "akamaized.net",
    "amazonaws.com", "amazonaws.com.cn", "awsglobalaccelerator.com", "azure-api.net", "azureedge.net",
    "azurefd.net", "cdn77-ssl.net", "cdn77.org", "cloudapp.azure.com", "cloudapp.net", "cloudflare.net",
    "cloudfront.net", "edgekey.net", "edgesuite.net", "fastly.net", "fastlylb.net", "googleapis.com",
    "trafficmanager.net", "windows.net",
))  # fmt: skip
"""Below these are addresses, keys of the net, and machines of clouds with names by machines, which say nothing."""
_CHUNK = 64

Parts = tuple[str, str]
"""The label below a public suffix, and that suffix or `HOSTED`."""


class ModelError(Exception):
    """The model can't be used."""


class Scored(NamedTuple):
    """What the model says of one name."""

    scores: tuple[float, ...]
    """Calibrated probabilities in the order of the classes; their sum is 1."""


class Classifier:
    """A model that is loaded; one thread asks it at a time."""

    def __init__(
        self, session: onnxruntime.InferenceSession, words: Words, classes: tuple[str, ...], version: str
    ) -> None:
        self.classes = classes
        self.version = version
        self._session = session
        self._words = words

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Return the model of a folder, by default the bundled one.

        Raises ModelError where a file is missing, damaged, or doesn't go with the others.
        """
        try:
            where = folder or model.folder()
            card = model.load_model_card(where)
        except RiskModelError as error:
            raise ModelError(str(error)) from error
        octets = _checked(where)
        try:
            words = features.parse_words(octets[WORDS_FILE].decode("utf-8"))
        except (FeaturesError, UnicodeDecodeError) as error:
            raise ModelError(f"{WORDS_FILE}: {error}") from error
        classes = tuple(one.id for one in card.classes)
        return cls(_session(octets[MODEL_FILE], classes, words), words, classes, card.version)

    def score(self, asked: Sequence[str]) -> list[tuple[float, ...] | None]:
        """Return the probabilities of the classes for each name, in order.

        None for what can't be scored: addresses, single labels, public suffixes, machines of clouds, and what is no
        name of a host.
        """
        found: list[tuple[float, ...] | None] = [None] * len(asked)
        known = [(place, parts) for place, name in enumerate(asked) if (parts := parts_of(name)) is not None]
        told = self._probabilities([parts for _, parts in known])
        for (place, _), scores in zip(known, told, strict=True):
            found[place] = scores
        return found

    def reasons(self, name: str, class_: str) -> list[str]:
        """Return the parts of a name that moved its score to a class, strongest first, three at most.

        Each is what the score loses without it: words and numbers as they stand, the ending with its dot. Raises
        ValueError for a class that the model doesn't know.
        """
        parts = parts_of(name)
        number = self.classes.index(class_)
        if parts is None:
            return []
        body, suffix = parts
        without = list(_without(features.read(body, self._words), self._words))
        asked = [parts, *((rest, suffix) for _, rest in without)]
        said = [part for part, _ in without]
        if suffix not in (PLAIN_SUFFIX, HOSTED):
            asked.append((body, PLAIN_SUFFIX))
            said.append(f".{suffix}")
        whole, *others = [_log_odds(scores[number]) for scores in self._probabilities(asked)]
        moves = sorted(zip((whole - other for other in others), said, strict=True), key=lambda pair: -pair[0])
        strong = [part for move, part in moves if move >= LEAST_MOVE]
        return list(dict.fromkeys(strong or [part for move, part in moves[:1] if move > 0]))[:MAX_REASONS]

    def _probabilities(self, asked: Sequence[Parts]) -> list[tuple[float, ...]]:
        found: list[tuple[float, ...]] = []
        for at in range(0, len(asked), _CHUNK):
            told = [features.features(body, suffix, self._words) for body, suffix in asked[at : at + _CHUNK]]
            (scores,) = self._session.run(None, _padded(told))
            found += [tuple(row) for row in scores.tolist()]
        return found


def parts_of(name: str) -> Parts | None:
    """Return the label of a name that somebody registered, and the public suffix below which that was, or `HOSTED`.

    None for what nobody registered: see `Classifier.score`.
    """
    try:
        above = names.normalise(name)
    except names.BadName:
        return None
    if suffixes.is_suffix(above) or above.rpartition(".")[2].isdecimal():
        return None
    if not NO_SITES.isdisjoint(names.parents(above)):
        return None
    while True:
        label, _, above = above.partition(".")
        if suffixes.is_suffix(above):
            return label, HOSTED if suffixes.is_company(above) else above


def _checked(where: Path) -> dict[str, bytes]:
    """Return the files of a model, each as its checksum says. Raises ModelError."""
    found = {}
    try:
        lines = (where / SUMS_FILE).read_text("utf-8").splitlines()
        sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        for name in (MODEL_FILE, WORDS_FILE):
            found[name] = (where / name).read_bytes()
            if hashlib.sha256(found[name]).hexdigest() != sums.get(name):
                raise ModelError(f"{name}: its checksum is not the one in {SUMS_FILE}")
    except OSError as error:
        raise ModelError(f"{Path(str(error.filename)).name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{SUMS_FILE}: not UTF-8") from error
    return found


def _session(octets: bytes, classes: Sequence[str], words: Words) -> onnxruntime.InferenceSession:
    """Return a model ready to be asked, tried once. Raises ModelError."""
    told = onnxruntime.SessionOptions()
    told.intra_op_num_threads = told.inter_op_num_threads = 1
    told.enable_cpu_mem_arena = False
    told.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(octets, told, providers=["CPUExecutionProvider"])
        session.run(None, _padded([features.features("example", "com", words)]))
    except Exception as error:  # ONNX Runtime's errors have no root of their own
        raise ModelError(f"{MODEL_FILE}: it is no model that can be run: {str(error)[:200]}") from error
    made_for = session.get_modelmeta().custom_metadata_map
    if made_for.get("classes", "").split() != list(classes):
        raise ModelError(f"{MODEL_FILE}: its classes are not those of model.yaml")
    if made_for.get("rows") != str(words.table_rows):
        raise ModelError(f"{WORDS_FILE}: these words are not those that the model was made with")
    return session


def _padded(told: Sequence[Features]) -> dict[str, np.ndarray]:
    found = {}
    for kind in KINDS:
        rows = [getattr(one, kind) for one in told]
        table = np.zeros((len(rows), max(1, *map(len, rows))), np.int32)
        for line, row in enumerate(rows):
            table[line, : len(row)] = row
        found[kind] = table
    return found


def _without(text: str, words: Words) -> Iterator[tuple[str, str]]:
    """Yield each word or number of a text, and the text without it."""
    at = 0
    for token in features.tokens(text, words):
        at = text.index(token, at)
        yield token, (text[:at] + text[at + len(token) :]).strip("-")
        at += len(token)


def _log_odds(probability: float) -> float:
    least = 1e-6
    kept = min(max(probability, least), 1 - least)
    return float(np.log(kept / (1 - kept)))
