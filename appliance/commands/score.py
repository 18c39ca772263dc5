"""`kindgate score NAME…`: what the model alone makes of names; works without a house, a list or a daemon."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import click

from appliance.commands.options import Fault
from appliance.core.riskmodel import RiskModel, RiskModelError
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import SEVERE, Action
from appliance.world import model, rules

BAND = "10-12"
"""For whom `action` is said."""
HARMLESS = "benign"
STREAM = "-"
_READ_OCTETS = 1 << 16
_DIGITS = 6


@click.command()
@click.argument("names", nargs=-1, metavar="NAME")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--reasons", "with_reasons", is_flag=True, help="Say which parts of each name moved its score.")
def score(names: tuple[str, ...], as_json: bool, with_reasons: bool) -> None:
    """Say what the model makes of each NAME, and whether a child of 10 to 12 would be asked about it.

    Without a name, or with -, names are read from standard input, one a line, and answered as they come, in order.
    No list, rule or protected name is looked at.
    """
    scorer = Scorer(with_reasons=with_reasons)
    out = sys.stdout.buffer
    try:
        if names and names != (STREAM,):
            _write(out, scorer.said(names), as_json=as_json)
            return
        for lines in _lines(sys.stdin.buffer):
            _write(out, scorer.said(lines), as_json=as_json)
    except BrokenPipeError:
        # Nobody reads on. What Python still holds back for the pipe would be a fault at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Scorer:
    """The model with what its classes mean to a band."""

    def __init__(self, *, with_reasons: bool = False) -> None:
        """Load the bundled model. Raises Fault where it can't be used."""
        # Loading ONNX Runtime takes a moment that the other commands needn't wait.
        from appliance.world.labels import Classifier, ModelError  # noqa: PLC0415

        try:
            self._classifier: Classifier = Classifier.load()
            self._least = least_of(model.load_model_card(), rules.load_rulebook())
        except (ModelError, RiskModelError) as error:
            raise Fault(f"the model can't be used: {error}") from error
        self._with_reasons = with_reasons

    def said(self, asked: Sequence[str]) -> Iterator[dict[str, object]]:
        """Yield what is said of each name, in order, field for field as `--json` prints it."""
        classes = self._classifier.classes
        for name, found in zip(asked, self._classifier.score(asked), strict=True):
            scores = found or (0.0,) * len(classes)
            label = classes[max(range(len(classes)), key=scores.__getitem__)] if found else HARMLESS
            is_asked = any(scores[number] >= least for number, least in self._least.items())
            reasons = self._classifier.reasons(name, label) if self._with_reasons and label != HARMLESS else []
            yield {
                "name": name,
                "label": label,
                "scores": {one: round(value, _DIGITS) for one, value in zip(classes, scores, strict=True)},
                "action": (Action.ASK if is_asked else Action.ALLOW).value,
                "reasons": reasons,
            }


def least_of(card: RiskModel, book: Rulebook, band: str = BAND) -> dict[int, float]:
    """Return the number of each class that a band would be asked about, with the least score for it."""
    severe = {category for category, letter in book.letters[band].items() if letter in SEVERE}
    return {
        number: card.thresholds[one.id][band]
        for number, one in enumerate(card.classes)
        if one.category in severe and band in card.thresholds.get(one.id, {})
    }


def _lines(stream: BinaryIO) -> Iterator[list[str]]:
    """Yield the lines that are there, as soon as there are some; the last one needn't end."""
    rest = b""
    while octets := stream.read1(_READ_OCTETS):  # type: ignore[attr-defined]
        *lines, rest = (rest + octets).split(b"\n")
        if lines:
            yield _texts(lines)
    if rest:
        yield _texts([rest])


def _texts(lines: Iterable[bytes]) -> list[str]:
    return [line.decode("utf-8", "replace").strip() for line in lines]


def _write(out: BinaryIO, said: Iterable[dict[str, object]], *, as_json: bool) -> None:
    out.writelines((json.dumps(one, ensure_ascii=False) if as_json else _line(one)).encode() + b"\n" for one in said)
    out.flush()


def _line(one: dict[str, object]) -> str:
    """Return what is said of a name for a person."""
    action, label = str(one["action"]), str(one["label"])
    scores = one["scores"]
    value = scores[label] if isinstance(scores, dict) else 0.0
    text = f"{action.upper()}  {one['name']}  {label} {value:.1%}"
    reasons = one["reasons"]
    return f"{text}  ({', '.join(reasons)})" if isinstance(reasons, list) and reasons else text
