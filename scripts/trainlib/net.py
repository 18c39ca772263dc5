"""The network: rows of one table, summed and maximised by kind, a hidden layer, a logit a class."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

KINDS = ("grams", "words", "signs")
DEEP_ROWS = 1 << 16
"""To how many rows the network folds the hashes."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How big a network is, and how it is held back while it learns."""

    rows: int
    classes: int
    size: int = 20
    hidden: int = 96
    dropout: float = 0.3
    """Of the hidden layer."""
    rows_dropout: tuple[float, float, float] = (0.5, 0.3, 0.5)
    """Of single rows, by kind: no one of them is to be relied on."""
    own_dropout: float = 0.3
    """How often a word is known by its meaning alone."""
    with_words: bool = True
    with_max: bool = True


def fold(rows: Any, base: int, size: int) -> Any:
    """Return rows with the hashes, which begin at `base`, folded to so many."""
    return np.where(rows >= base, base + (rows - base) % size, rows)


def begin(shape: Shape, vector_size: int, seed: int) -> dict[str, Any]:
    """Return parameters to start from."""
    chance = np.random.default_rng(seed)
    width = shape.size * (5 if shape.with_max else 3)
    table = chance.normal(0, 0.05, (shape.rows, shape.size)).astype(np.float32)
    table[0] = 0
    return {
        "table": jnp.asarray(table),
        "meaning": jnp.asarray(chance.normal(0, 0.03, (vector_size, shape.size)).astype(np.float32)),
        "in": jnp.asarray(chance.normal(0, width**-0.5, (width, shape.hidden)).astype(np.float32)),
        "in_bias": jnp.zeros(shape.hidden),
        "out": jnp.asarray(chance.normal(0, shape.hidden**-0.5, (shape.hidden, shape.classes)).astype(np.float32)),
        "out_bias": jnp.zeros(shape.classes),
    }


def logits(parameters: dict[str, Any], shape: Shape, vectors: Any, batch: dict[str, Any], key: Any = None) -> Any:
    """Return the logits of a batch: rows of the table by kind, 0 where there is none; with a key while learning."""
    pooled = []
    keys = jax.random.split(key, len(KINDS) + 2) if key is not None else None
    for number, kind in enumerate(KINDS):
        rows = batch[kind]
        is_there = (rows > 0)[..., None].astype(jnp.float32)
        found = parameters["table"][rows] * is_there
        if kind == "words":
            if keys is not None:
                found = found * _kept(keys[-1], (*rows.shape, 1), shape.own_dropout)
            found = found + vectors[rows] @ parameters["meaning"]
            if not shape.with_words:
                found = found * 0
        size = jnp.maximum(is_there.sum(axis=1), 1.0)
        if keys is not None:
            found = found * _kept(keys[number], (*rows.shape, 1), shape.rows_dropout[number])
            size = size * (1 - shape.rows_dropout[number]) ** 2
        pooled.append(found.sum(axis=1) / jnp.sqrt(size))
        if shape.with_max and kind != "signs":
            pooled.append(jnp.maximum(found.max(axis=1), 0))
    flat = jnp.concatenate(pooled, axis=1)
    hidden = jax.nn.relu(flat @ parameters["in"] + parameters["in_bias"])
    if keys is not None:
        hidden = hidden * _kept(keys[-2], hidden.shape, shape.dropout) / (1 - shape.dropout)
    return hidden @ parameters["out"] + parameters["out_bias"]


def _kept(key: Any, shape: tuple[int, ...], share: float) -> Any:
    return jax.random.bernoulli(key, 1 - share, shape).astype(jnp.float32)
