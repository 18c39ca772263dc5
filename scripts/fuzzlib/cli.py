"""Fuzzes the parsers of what comes from the network, one after the other, and keeps what broke one.

Status 1 where a parser raised anything but its own error, hung, or took too much memory.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from scripts.fuzzlib.parsers import PARSERS

ROOT = Path(__file__).parents[2]
MAX_OCTETS = 16_384
HANGS_AFTER_S = 5
MEMORY_MB = 1024


def main(arguments: Sequence[str]) -> int:
    """Fuzz those that are named, or all. Return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARSERS)}; all unless told")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each parser; 60")
    parser.add_argument("--keep", type=Path, default=None, metavar="DIR", help="where octets that broke one are left")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.names) - set(PARSERS))
    if unknown:
        parser.error(f"no parser {', '.join(unknown)}: {', '.join(PARSERS)}")
    if find_spec("atheris") is None:
        print("atheris has no build for this machine's Python: nothing was fuzzed", file=sys.stderr)
        return 0
    keep = (given.keep or Path(tempfile.gettempdir())).resolve()
    keep.mkdir(parents=True, exist_ok=True)
    broken = [name for name in given.names or PARSERS if not is_sound(name, given.seconds, keep)]
    print("broken: " + ", ".join(broken) if broken else "nothing was found")
    return 1 if broken else 0


def is_sound(name: str, seconds: int, keep: Path) -> bool:
    """Fuzz a parser, print what libFuzzer says, and say whether it let nothing out."""
    print(f"{name}: {seconds} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="kindgate-fuzz-") as folder:
        for number, seed in enumerate(PARSERS[name].seeds):
            (Path(folder) / f"seed{number}").write_bytes(seed)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "scripts.fuzzlib.one", name),
                *(f"-max_total_time={seconds}", f"-max_len={MAX_OCTETS}", f"-timeout={HANGS_AFTER_S}"),
                *(f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={keep}/{name}-", "-print_final_stats=1", folder),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    told = [line for line in done.stderr.splitlines() if line.startswith("stat::number_of_executed_units")]
    print("\n".join(told) if done.returncode == 0 else done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
