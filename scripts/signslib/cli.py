"""Counts what the signs of tunnels, proxies, encrypted DNS, calls and swarms tell, rightly and wrongly.

Read are the captures of a folder, as `kindgate flows` reads them; what is in each of them stands in
scripts/signslib/truth.py. A flow is told wrongly where it has the sign of something that it isn't by that list. Visits
of sites are counted apart: flows of TLS, QUIC and HTTP that nDPI calls neither a VPN's nor encrypted DNS.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

from appliance.core.flows.settle import Settle
from scripts.signslib import cases, table
from scripts.signslib.score import Hit, Score, score
from scripts.signslib.truth import SUBJECTS

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT.parent / "shared" / "cases" / "pcaps"
README = ROOT / "README.md"


def main(arguments: Sequence[str]) -> int:
    """Count, print and write. Return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/signs", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("folder", nargs="?", type=Path, default=CAPTURES, metavar="DIR", help="../shared/cases/pcaps")
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    parser.add_argument("--hits", action="store_true", help="print each flow that has a sign of what it is, too")
    given = parser.parse_args(arguments)
    if not (given.folder / cases.EXPECTED).is_file():
        print(f"no captures in {given.folder}: scripts/signs DIR", file=sys.stderr)
        return 2
    counted = count(given.folder)
    made = table.page(counted, SUBJECTS)
    print(made)
    for line in told(counted, with_right=given.hits):
        print(line)
    if given.write:
        README.write_text(table.with_page(README.read_text("utf-8"), made), "utf-8")
    return 0


def count(folder: Path) -> Score:
    """Count over all captures of a folder. Raises CaptureError, OSError."""
    web = cases.plain_web(folder)

    def is_web(capture: str, settle: Settle) -> bool:
        return cases.key(capture, settle) in web

    return score(((path.name, cases.flows(path)) for path in cases.captures(folder)), SUBJECTS, is_web)


def told(counted: Score, *, with_right: bool = False) -> Iterator[str]:
    """Yield a line for each flow that is told wrongly, and one for each capture in which something is not told."""
    for hit in counted.hits:
        if with_right or not hit.is_right:
            yield _told(hit)
    for title, figures in counted.figures.items():
        for capture in figures.missed:
            yield f"missed: {capture}: {title}"


def _told(hit: Hit) -> str:
    flow, sign = hit.settle, hit.sign
    what = "right" if hit.is_right else "wrong on the web" if hit.is_web else "wrong"
    ends = f"{ip_address(flow.client)} {flow.client_port} > {ip_address(flow.server)} {flow.server_port}"
    says = f"{sign.id} {sign.confidence.name.lower()} {sign.by}".strip()
    return f"{what}: {says}: {hit.capture}: {flow.kind.value} {flow.protocol} {ends} {flow.name or ''}".rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
