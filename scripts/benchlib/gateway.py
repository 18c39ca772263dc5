"""What the guard costs those who go through it: the box as a gateway beside plain forwarding by the kernel.

A child's device, a box and a site, each in a network namespace, three times: one box runs Kindgate, the kernels of two
forward and translate addresses as any router's. They are measured in turn; a ratio is the median of the rounds', of the
guard to the mean of the plain ones. What one plain box makes of the other says how far to trust it. Client, site and
box share this machine's cores, which makes the guard look worse than on a box of its own. Flows are long ones: their
first two seconds, in which windows grow and the guard still looks, are told by themselves. Then the device becomes an
adult's, of whose packets none may be queued. Needs root. Status 1 where a bound is broken.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from scripts.benchlib._boxes import ADULT_MAC, SITE, Boxes, boxes
from scripts.lablib import net

ROUNDS = 9
SETUP_BOUND_MS = 0.6
EARLY_S = 2


class Measure(NamedTuple):
    """What is measured: in words with its unit, how, and the least ratio that will do."""

    words: str
    unit: str
    take: Callable[[Boxes, str, int], "Taken"]
    least: float


class Taken(NamedTuple):
    """A figure; for connections the median time of setting one up, for flows how fast the first two seconds were."""

    figure: float
    setup_ms: float = 0.0
    early: float = 0.0


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench gateway", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--family", choices=SITE, default="4")
    told = parser.parse_args()
    net.require_root()
    if missing := [program for program in ("ip", "nft", "iperf3", "dnsmasq", "dig") if not shutil.which(program)]:
        sys.exit(f"not installed: {', '.join(missing)}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kindgate-bench-")))
        plain = stack.enter_context(boxes("plain", folder / "plain", is_guarded=False))
        other = stack.enter_context(boxes("other", folder / "other", is_guarded=False))
        guarded = stack.enter_context(boxes("guarded", folder / "guarded", is_guarded=True))
        is_well = compare((plain, guarded, other), told.family, told.rounds, told.seconds)
        is_well &= ask_as_adult(guarded, told.family, told.seconds)
    sys.exit(not is_well)


def compare(three: tuple[Boxes, Boxes, Boxes], family: str, rounds: int, seconds: int) -> bool:
    """Measure a plain box, the guarded one and another plain one in turn; print a table, say whether bounds hold."""
    print(f"| IPv{family}, {rounds} × {seconds} s | plain | guard | ratio | lowest | highest | bound | two plain |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    is_well = True
    for one in MEASURES:
        taken = [take_round(one, three, family, seconds, is_turned=bool(number % 2)) for number in range(rounds)]
        ratios = sorted(2 * guarded.figure / (plain.figure + other.figure) for plain, guarded, other in taken)
        ratio = statistics.median(ratios)
        medians = [f"{statistics.median(each[side].figure for each in taken):,.0f} {one.unit}" for side in (0, 1)]
        spread = f"{ratios[0]:.2f} | {ratios[-1]:.2f}"
        noise = statistics.median(other.figure / plain.figure for plain, _, other in taken)
        bound = f"≥ {one.least} ×"
        print(
            f"| {one.words} | {' | '.join(medians)} | {ratio:.2f} × | {spread} | {bound} | {noise:.2f} × |", flush=True
        )
        is_well &= ratio >= one.least
        if one is SETUP:
            is_well &= tell_setup(taken)
        elif taken[0][0].early:
            tell_early(taken)
    return is_well


def tell_setup(taken: list[list[Taken]]) -> bool:
    """Print how long it took to set a connection up; say whether the bound holds."""
    added = sorted(guarded.setup_ms - (plain.setup_ms + other.setup_ms) / 2 for plain, guarded, other in taken)
    medians = [f"{statistics.median(each[side].setup_ms for each in taken):.2f} ms" for side in (0, 1)]
    noise = statistics.median(other.setup_ms - plain.setup_ms for plain, _, other in taken)
    cells = (*medians, f"{statistics.median(added):+.2f} ms", f"{added[0]:+.2f}", f"{added[-1]:+.2f}")
    bound = f"≤ {SETUP_BOUND_MS} ms"
    print(f"| time to set one up, median | {' | '.join(cells)} | {bound} | {noise:+.2f} ms |", flush=True)
    return statistics.median(added) <= SETUP_BOUND_MS


def tell_early(taken: list[list[Taken]]) -> None:
    """Print how fast flows were in their first seconds; no bound says how fast they should be."""
    ratios = sorted(2 * guarded.early / (plain.early + other.early) for plain, guarded, other in taken)
    medians = [f"{statistics.median(each[side].early for each in taken):,.0f} Mbit/s" for side in (0, 1)]
    noise = statistics.median(other.early / plain.early for plain, _, other in taken)
    cells = (*medians, f"{statistics.median(ratios):.2f} ×", f"{ratios[0]:.2f}", f"{ratios[-1]:.2f}")
    print(f"| in the first {EARLY_S} s | {' | '.join(cells)} | - | {noise:.2f} × |", flush=True)


def take_round(one: Measure, three: tuple[Boxes, ...], family: str, seconds: int, *, is_turned: bool) -> list[Taken]:
    """Measure all, from the first to the last or turned; return them in the order of `three`."""
    taken = [one.take(box, family, seconds) for box in (reversed(three) if is_turned else three)]
    return taken[::-1] if is_turned else taken


def ask_as_adult(guarded: Boxes, family: str, seconds: int) -> bool:
    """Do as a child and then as an adult; print how many packets were queued, and say whether it was none."""
    print("\n| Packets that the guard looked at | new TLS connections | one TCP flow |\n|---|---:|---:|")
    cells: dict[str, tuple[int, ...]] = {}
    for who in ("a child's", "an adult's"):
        if who == "an adult's":
            guarded.be(ADULT_MAC)
        counts = [guarded.queued()]
        for take in (one_after_another, one_flow):
            take(guarded, family, seconds)
            counts.append(guarded.queued())
        cells[who] = (counts[1] - counts[0], counts[2] - counts[1])
        print(f"| {who} device | {cells[who][0]:,} | {cells[who][1]:,} |", flush=True)
    return cells["an adult's"] == (0, 0) and min(cells["a child's"]) > 0


def one_flow(box: Boxes, family: str, seconds: int) -> Taken:
    """Download over one TCP connection; Mbit/s."""
    return _iperf(box, family, seconds, 1)


def many_flows(box: Boxes, family: str, seconds: int) -> Taken:
    """Download over fifty; Mbit/s."""
    return _iperf(box, family, seconds, 50)


def _iperf(box: Boxes, family: str, seconds: int, flows: int) -> Taken:
    told = ["--reverse", "--json", "--omit", str(EARLY_S), "-t", str(seconds), "-P", str(flows)]
    found = json.loads(box.run("child", ["iperf3", "--client", SITE[family], *told]))
    early = [one["sum"]["bits_per_second"] for one in found["intervals"] if one["sum"]["omitted"]]
    return Taken(found["end"]["sum_received"]["bits_per_second"] / 1e6, early=statistics.mean(early) / 1e6)


def one_after_another(box: Boxes, family: str, seconds: int) -> Taken:
    """Open TLS connections, one client."""
    return _connect(box, family, seconds, 1)


def eight_at_once(box: Boxes, family: str, seconds: int) -> Taken:
    """Open TLS connections, eight clients."""
    return _connect(box, family, seconds, 8)


def _connect(box: Boxes, family: str, seconds: int, clients: int) -> Taken:
    argv = [sys.executable, "-m", "scripts.benchlib._handshakes", "ask", SITE[family], str(seconds), str(clients)]
    each_s, setup_ms, failed = json.loads(box.run("child", argv))
    if failed:
        sys.exit(f"{failed} connections through {box.name} failed")
    return Taken(each_s, setup_ms)


SETUP = Measure("new TLS connections, one after another", "/s", one_after_another, 0.8)
MEASURES = (
    Measure("one long TCP flow", "Mbit/s", one_flow, 0.93),
    Measure("50 TCP flows at once", "Mbit/s", many_flows, 0.93),
    SETUP,
    Measure("new TLS connections, eight clients at once", "/s", eight_at_once, 0.4),
)

if __name__ == "__main__":
    main()
