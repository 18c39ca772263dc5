"""What was learned as an ONNX file with its tables in octets, and the checksums beside it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from appliance.core.features import HASH_ROWS
from scripts.trainlib.linear import Weights, first_row
from scripts.trainlib.net import DEEP_ROWS, KINDS, Shape

INPUTS = (*KINDS, "whole")
OPSET = 18
IR_VERSION = 9
"""Old enough for every ONNX Runtime that the project takes."""


@dataclass(frozen=True, slots=True)
class Learned:
    """All parts of a model, the mean of whose logits counts."""

    base: int
    """The first row of a hash."""
    deep: dict[str, Any]
    shape: Shape
    linear: tuple[Weights, ...]

    @property
    def parts(self) -> int:
        """Return how many parts there are."""
        return 1 + len(self.linear)


def baked(parameters: dict[str, Any], vectors: Any) -> dict[str, Any]:
    """Return parameters as plain numbers, with what words mean added to their rows."""
    found = {name: np.asarray(value, np.float32) for name, value in parameters.items()}
    table = found["table"].copy()
    table[: len(vectors)] += np.asarray(vectors, np.float32) @ found.pop("meaning")
    table[0] = 0
    found["table"] = table
    return found


def quantised(table: Any, axis: int | None = None) -> tuple[Any, Any]:
    """Return a table in octets, and what one step is worth, for all of it or each column; what lies far out is cut."""
    there = table[np.abs(table).sum(axis=1) > 0]
    step = np.quantile(np.abs(there), 0.9999, axis=axis).astype(np.float32) / 127
    return np.clip(np.rint(table / step), -127, 127).astype(np.int8), step


def model(learned: Learned, scale: Any, bias: Any, classes: Sequence[str]) -> bytes:
    """Return the file: rows by kind in, probabilities out; `scale` and `bias` calibrate the logits, a class each."""
    made = _Graph(learned.base)
    logits = made.add("Sum", [made.deep(learned), *(made.linear(one) for one in learned.linear)], "all parts")
    scaled = made.add("Mul", [logits, made.constant("scale", np.float32(scale / learned.parts))], "scaled")
    moved = made.add("Add", [scaled, made.constant("bias", np.asarray(bias, np.float32))], "moved")
    made.add("Softmax", [moved], "scores", axis=1)
    graph = helper.make_graph(
        made.nodes,
        "classifier",
        [helper.make_tensor_value_info(kind, TensorProto.INT32, ["names", kind]) for kind in INPUTS],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["names", len(classes)])],
        made.constants,
    )
    told = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(told, {"rows": str(learned.base + HASH_ROWS), "classes": " ".join(classes)})
    onnx.checker.check_model(told)
    return bytes(told.SerializeToString())


class _Graph:
    """Nodes and constants, as they are added."""

    def __init__(self, base: int) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._axis = self.constant("axis", np.array([1], np.int64))
        self._zero = self.constant("zero", np.array(0, np.int32))
        self._one = self.constant("one", np.array(1, np.float32))
        self._base = self.constant("base", np.array(base, np.int32))
        self._first = base
        self._roots = {kind: self._root(kind) for kind in INPUTS}

    def constant(self, name: str, value: Any) -> str:
        """Add a constant."""
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **told: Any) -> str:
        """Add a node, and return the name of its output."""
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **told))
        return output

    def _root(self, kind: str) -> str:
        """Add the root of how many rows there are of a kind."""
        there = self.add("Greater", [kind, self._zero], f"{kind} there")
        ones = self.add("Cast", [there], f"{kind} ones", to=TensorProto.FLOAT)
        count = self.add("ReduceSum", [ones, self._axis], f"{kind} count", keepdims=1)
        return self.add("Sqrt", [self.add("Max", [count, self._one], f"{kind} some")], f"{kind} root")

    def _rows(self, part: str, kind: str, table: str, hashed: int, first: int) -> str:
        """Add the rows of a table that a kind names, with hashes folded to so many, from the row `first` on."""
        told = kind
        if kind != "words":
            above = self.add("Sub", [kind, self._base], f"{part} {kind} above")
            size = self.constant(f"{part} {kind} hashed", np.array(hashed, np.int32))
            folded = self.add("Mod", [above, size], f"{part} {kind} folded")
            begin = self.constant(f"{part} {kind} first", np.array(first, np.int32))
            moved = self.add("Add", [folded, begin], f"{part} {kind} moved")
            told = self.add("Where", [f"{kind} there", moved, self._zero], f"{part} {kind} told")
        found = self.add("Gather", [table, told], f"{part} {kind} octets", axis=0)
        return self.add("Cast", [found], f"{part} {kind} rows", to=TensorProto.FLOAT)

    def deep(self, learned: Learned) -> str:
        """Add the network, and return where its logits are."""
        octets, step = quantised(learned.deep["table"])
        table = self.constant("deep table", octets)
        pooled = []
        for kind in KINDS:
            rows = self._rows("deep", kind, table, DEEP_ROWS, learned.base)
            total = self.add("ReduceSum", [rows, self._axis], f"{kind} sum", keepdims=0)
            pooled.append(self.add("Div", [total, self._roots[kind]], f"{kind} mean"))
            if learned.shape.with_max and kind != "signs":
                most = self.add("ReduceMax", [rows, self._axis], f"{kind} max", keepdims=0)
                pooled.append(self.add("Relu", [most], f"{kind} most"))
        flat = self.add("Concat", pooled, "flat", axis=1)
        weights = [self.constant("in", learned.deep["in"] * step), self.constant("in bias", learned.deep["in_bias"])]
        hidden = self.add("Relu", [self.add("Gemm", [flat, *weights], "in sum")], "hidden")
        weights = [self.constant("out", learned.deep["out"]), self.constant("out bias", learned.deep["out_bias"])]
        return self.add("Gemm", [hidden, *weights], "deep logits")

    def linear(self, learned: Weights) -> str:
        """Add a linear part, and return where the logarithms of its probabilities are."""
        name = learned.view.name
        octets, steps = quantised(learned.rows, axis=0)
        table = self.constant(f"{name} table", octets)
        parts = []
        for kind in learned.view.kinds:
            rows = self._rows(name, kind, table, learned.view.hashed, first_row(learned.view, self._first))
            total = self.add("ReduceSum", [rows, self._axis], f"{name} {kind} sum", keepdims=0)
            parts.append(self.add("Div", [total, self._roots[kind]], f"{name} {kind} mean"))
        whole = self.add("Sum", parts, f"{name} sum")
        scaled = self.add("Mul", [whole, self.constant(f"{name} steps", -steps)], f"{name} scaled")
        against = self.add("Sub", [scaled, self.constant(f"{name} shifts", learned.shifts)], f"{name} against")
        return self.add("Neg", [self.add("Softplus", [against], f"{name} unlikely")], f"{name} logits")


def sums(folder: Path, names: Sequence[str]) -> str:
    """Return the checksums of files, as sha256sum writes them."""
    return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
