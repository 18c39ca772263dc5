"""Tries each deliberate fault on a copy of the package: which test catches it? A fault that none does is told.

Status 1 where a fault survives, where its text is no longer in the file, or where the tests fail without any.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.mutantlib.faults import FAULTS, Fault
from scripts.mutantlib.guessfaults import GUESS_FAULTS
from scripts.mutantlib.listfaults import LIST_FAULTS

CHOICE = (*FAULTS, *LIST_FAULTS, *GUESS_FAULTS)
ROOT = Path(__file__).resolve().parents[2]
COPIED = ("appliance", "rules", "tests", "pyproject.toml")
LIMIT_S = 300
TESTS_FAILED = 1
"""pytest's status where a test failed; above it, nothing could be tried."""
_FAILED = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)


def main() -> int:
    """Try all faults, or those with a word in them, and print what caught each."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("-k", metavar="WORD", default="", help="only faults with this word in their sentence")
    chosen = [fault for fault in CHOICE if parser.parse_args().k in fault.what]
    with tempfile.TemporaryDirectory(prefix="kindgate-mutants-") as folder:
        place = copied(Path(folder))
        if not is_sound(place, sorted({test for fault in chosen for test in fault.tests})):
            return 1
        left = [fault for fault in chosen if not is_caught(place, fault)]
    print(f"{len(chosen) - len(left)} of {len(chosen)} faults are caught")
    return 1 if left or not chosen else 0


def copied(folder: Path) -> Path:
    """Copy what the tests of core need into a folder, and return it."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def is_sound(place: Path, tests: list[str]) -> bool:
    """Say whether the tests pass without any fault, and are about the copy."""
    asked = [sys.executable, "-c", "import appliance; print(appliance.__file__)"]
    found = subprocess.run(asked, cwd=place, env=environment(place), capture_output=True, text=True, check=True)
    if not Path(found.stdout.strip()).is_relative_to(place):
        print(f"The tests would be about {found.stdout.strip()}, not about the copy.")
        return False
    status, said = tried(place, tests)
    if status != 0:
        print(f"The tests fail without any fault:\n{said}")
    return status == 0


def is_caught(place: Path, fault: Fault) -> bool:
    """Put a fault in, say which test catches it, and take it out again."""
    file = place / "appliance" / fault.file
    sound = file.read_text("utf-8")
    if sound.count(fault.text) != 1:
        print(f"NOT FOUND   {fault.what}: {fault.file} has its text {sound.count(fault.text)} times", flush=True)
        return False
    file.write_text(sound.replace(fault.text, fault.instead), "utf-8")
    try:
        status, said = tried(place, list(fault.tests))
    finally:
        file.write_text(sound, "utf-8")
    failed = _FAILED.search(said)
    if status == TESTS_FAILED and failed is not None:
        print(f"caught      {fault.what}: {failed[1]}", flush=True)
        return True
    print(f"NOT CAUGHT  {fault.what}" + ("" if status == 0 else f" (pytest ended with {status})\n{said}"), flush=True)
    return False


def tried(place: Path, tests: list[str]) -> tuple[int, str]:
    """Return pytest's status and words; it stops at the first test that fails."""
    argv = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:randomly", "-p", "no:cacheprovider"]
    argv += [f"tests/core/{test}.py" for test in tests]
    done = subprocess.run(
        argv, cwd=place, env=environment(place), capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    return done.returncode, done.stdout + done.stderr


def environment(place: Path) -> dict[str, str]:
    """Return the environment in which the copy is imported, and nothing is remembered of one fault for the next."""
    return os.environ | {"PYTHONPATH": str(place), "HYPOTHESIS_STORAGE_DIRECTORY": str(place / ".hypothesis")}


if __name__ == "__main__":
    sys.exit(main())
