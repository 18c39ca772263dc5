"""Learning: batches of names of about one length, Adam with a rate that falls, the same with the same seed."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from appliance.core.features import Features
from scripts.trainlib import net
from scripts.trainlib.net import DEEP_ROWS, KINDS, fold

WIDTHS = {"grams": (56, 88, 136, 232), "words": (8, 20), "signs": (16,)}


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to learn."""

    epochs: int = 6
    rate: float = 2e-3
    batch: int = 1024
    seed: int = 1
    smoothing: float = 0.0


class Aim(NamedTuple):
    """What one step learns: probabilities of the names of a batch, how much each counts, by chance, how fast."""

    targets: Any
    weights: Any
    key: Any
    rate: Any
    step: Any


@dataclass(frozen=True, slots=True)
class Padded:
    """Names of about one length as rows of the table, with which names they are."""

    rows: dict[str, Any]
    which: Any


def padded(names: Sequence[Features], base: int) -> list[Padded]:
    """Return names by their length, so that few rows are nothing; `base` is the first row of a hash."""
    sizes = [(_width("grams", len(one.grams)), _width("words", len(one.words))) for one in names]
    found = []
    for size in sorted(set(sizes)):
        which = np.array([number for number, one in enumerate(sizes) if one == size])
        widths = dict(zip(KINDS, (*size, WIDTHS["signs"][0]), strict=True))
        rows = {kind: np.zeros((len(which), width), np.int32) for kind, width in widths.items()}
        for line, number in enumerate(which):
            for kind, width in widths.items():
                told = getattr(names[number], kind)[:width]
                rows[kind][line, : len(told)] = told
        found.append(Padded({kind: fold(told, base, DEEP_ROWS) for kind, told in rows.items()}, which))
    return found


def _width(kind: str, size: int) -> int:
    return next((width for width in WIDTHS[kind] if size <= width), WIDTHS[kind][-1])


def batches(parts: Sequence[Padded], size: int, chance: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield batches of each length in an order by chance; the last of a length is filled up from its first."""
    told = []
    for part in parts:
        order = chance.permutation(len(part.which))
        if len(order) % size:
            order = np.concatenate([order, np.resize(order, size - len(order) % size)])
        told += [(part, order[at : at + size]) for at in range(0, len(order), size)]
    for number in chance.permutation(len(told)):
        part, lines = told[number]
        yield {kind: rows[lines] for kind, rows in part.rows.items()}, part.which[lines]


def learn(
    parts: Sequence[Padded],
    targets: Any,
    weights: Any,
    vectors: Any,
    shape: Any,
    plan: Plan,
    family: Any = net,
) -> dict[str, Any]:
    """Return what was learned: `targets` are probabilities (names × classes), `weights` how much a name counts.

    `family` is a module or value with the functions `begin` and `logits`.
    """
    parameters = family.begin(shape, vectors.shape[1], plan.seed)
    vectors = jnp.asarray(vectors)
    zeros = {name: jnp.zeros_like(value) for name, value in parameters.items()}
    state = (parameters, zeros, {name: jnp.zeros_like(value) for name, value in parameters.items()})
    chance = np.random.default_rng(plan.seed)
    steps = plan.epochs * sum(1 for _ in batches(parts, plan.batch, np.random.default_rng(0)))
    key = jax.random.key(plan.seed)
    step = 0
    began = time.monotonic()
    for epoch in range(plan.epochs):
        losses = []
        for batch, which in batches(parts, plan.batch, chance):
            rate = plan.rate * min(1.0, (step + 1) / 100) * max(0.02, 1 - step / steps)
            step += 1
            aim = Aim(targets[which], weights[which], jax.random.fold_in(key, step), rate, step)
            state, loss = _step(state, vectors, batch, aim, shape=shape, family=family)
            losses.append(loss)
        print(f"  epoch {epoch + 1}: loss {float(np.mean(losses)):.4f}, {time.monotonic() - began:.0f} s")
    learned: dict[str, Any] = state[0]
    return learned


@partial(jax.jit, static_argnames=("shape", "family"), donate_argnums=(0,))
def _step(state: Any, vectors: Any, batch: Any, aim: Aim, *, shape: Any, family: Any) -> Any:
    parameters, first, second = state

    def loss(told: dict[str, Any]) -> Any:
        found = jax.nn.log_softmax(family.logits(told, shape, vectors, batch, aim.key))
        return -(aim.weights * (aim.targets * found).sum(axis=1)).sum() / aim.weights.sum()

    value, slopes = jax.value_and_grad(loss)(parameters)
    moved = {}
    for name, slope in slopes.items():
        first[name] = 0.9 * first[name] + 0.1 * slope
        second[name] = 0.999 * second[name] + 0.001 * slope**2
        one = first[name] / (1 - 0.9**aim.step)
        two = second[name] / (1 - 0.999**aim.step)
        decay = 0.0 if name.endswith("bias") else 1e-5 * aim.rate / 2e-3
        moved[name] = parameters[name] * (1 - decay) - aim.rate * one / (jnp.sqrt(two) + 1e-8)
    return (moved, first, second), value


def predicted(
    parameters: dict[str, Any], parts: Sequence[Padded], count: int, vectors: Any, shape: Any, family: Any = net
) -> Any:
    """Return logits, names × classes, in the order of the names."""
    found = np.zeros((count, shape.classes), np.float32)
    vectors = jnp.asarray(vectors)
    ask = jax.jit(lambda told, meanings, batch: family.logits(told, shape, meanings, batch))
    size = 2048
    for part in parts:
        for at in range(0, len(part.which), size):
            which = part.which[at : at + size]
            batch = {kind: np.zeros((size, rows.shape[1]), np.int32) for kind, rows in part.rows.items()}
            for kind, rows in part.rows.items():
                batch[kind][: len(which)] = rows[at : at + size]
            found[which] = np.asarray(ask(parameters, vectors, batch))[: len(which)]
    return found
