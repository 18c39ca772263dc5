"""The family of small networks that read a name letter by letter: two convolutions, the most and the mean of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from scripts.trainlib.fit import Padded

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-."
WIDTH = 48


@dataclass(frozen=True, slots=True)
class LettersShape:
    """How big such a network is."""

    classes: int
    letter: int = 16
    first: int = 64
    second: int = 96
    hidden: int = 64
    dropout: float = 0.3


def padded(texts: Sequence[str]) -> list[Padded]:
    """Return names as numbers of letters, 0 for none and the last for any other, all of one width."""
    rows = np.zeros((len(texts), WIDTH), np.int32)
    place = {letter: number for number, letter in enumerate(ALPHABET, 1)}
    for line, text in enumerate(texts):
        for column, letter in enumerate(text[:WIDTH]):
            rows[line, column] = place.get(letter, len(ALPHABET) + 1)
    return [Padded({"letters": rows}, np.arange(len(texts)))]


def begin(shape: LettersShape, _: int, seed: int) -> dict[str, Any]:
    """Return parameters to start from."""
    chance = np.random.default_rng(seed)

    def some(*size: int) -> Any:
        return jnp.asarray(chance.normal(0, (2 / np.prod(size[:-1])) ** 0.5, size).astype(np.float32))

    return {
        "letters": some(len(ALPHABET) + 2, shape.letter),
        "first": some(5, shape.letter, shape.first),
        "first_bias": jnp.zeros(shape.first),
        "second": some(3, shape.first, shape.second),
        "second_bias": jnp.zeros(shape.second),
        "in": some(2 * shape.second, shape.hidden),
        "in_bias": jnp.zeros(shape.hidden),
        "out": some(shape.hidden, shape.classes),
        "out_bias": jnp.zeros(shape.classes),
    }


def logits(parameters: dict[str, Any], shape: LettersShape, _: Any, batch: dict[str, Any], key: Any = None) -> Any:
    """Return the logits of a batch."""
    rows = batch["letters"]
    found = parameters["letters"][rows] * (rows > 0)[..., None]
    for layer in ("first", "second"):
        found = jax.lax.conv_general_dilated(
            found, parameters[layer], (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")
        )
        found = jax.nn.relu(found + parameters[f"{layer}_bias"])
        if layer == "first":
            found = jnp.maximum(found[:, ::2], found[:, 1::2])
    flat = jnp.concatenate([found.max(axis=1), found.mean(axis=1)], axis=1)
    hidden = jax.nn.relu(flat @ parameters["in"] + parameters["in_bias"])
    if key is not None:
        hidden = hidden * jax.random.bernoulli(key, 1 - shape.dropout, hidden.shape) / (1 - shape.dropout)
    return hidden @ parameters["out"] + parameters["out_bias"]
