"""The labels process with the model that comes with the box: in the memory and under the limits that it has there."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from appliance.household.labels import NAME
from appliance.world import bus, model
from tests.needs import need
from tests.steward.test_labeller import process, said

MOST_MB = 120
RISKY, PLAIN = "www.mega-casino-jackpot-slots.bet", "www.our-village-choir.de"
AS_EVER = ("-m", "appliance.steward.labeller")
DENIED = """
import ctypes, errno, mmap, runpy, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN of linux/prctl.h
    sys.exit("this kernel has no such limit")
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError:
    runpy.run_module("appliance.steward.labeller", run_name="__main__")
"""


def denies() -> bool:
    """Say whether the kernel can refuse memory that is written and run (Linux 6.3)."""
    found = re.match(r"(\d+)\.(\d+)", Path("/proc/sys/kernel/osrelease").read_text())
    return found is not None and (int(found[1]), int(found[2])) >= (6, 3)


def most_mb(pid: int) -> float:
    """Return the most memory that a process ever had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.parametrize("how", [AS_EVER, ("-c", DENIED)])
def test_it_guesses(tmp_path: Path, how: Sequence[str]) -> None:
    """As it is, and under systemd's MemoryDenyWriteExecute=; in no more memory than a small box can spare."""
    need(how is AS_EVER or denies(), "the limit needs Linux 6.3")

    async def story() -> None:
        async with process(tmp_path, how=how) as (started, link):
            told = await said(link)
            assert (told.version, told.problem) == (model.load_model_card().version, None)
            line = await bus.Line.open(tmp_path, NAME)
            found: Any = (await line.ask({"ask": "guess", "names": [RISKY, PLAIN, "localhost"]}))["guesses"]
            assert [[category for category, _ in guesses][:1] for guesses in found] == [["gambling"], [], []]
            why: Any = await line.ask({"ask": "explain", "name": RISKY, "category": "gambling"})
            assert (why["words"], "casino" in why["parts"]) == ("gambling", True)
            assert why["score"] == pytest.approx(found[0][0][1])
            for number in range(40):
                await line.ask({"ask": "guess", "names": [f"new-{number}-{serial}.example" for serial in range(48)]})
            line.close()
            assert most_mb(started.pid) <= MOST_MB

    asyncio.run(story())
