"""A daemon ends when it is told to, and when whoever started it is gone."""

import signal
import subprocess
import sys

import pytest

from appliance.world.life import SUPERVISED

END_S = 20
PROGRAM = """
import asyncio
from appliance.world.life import ending
async def main():
    stopping = ending()
    print("up", flush=True)
    await stopping.wait()
    print("ended", flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT, "hang up"])
def test_it_ends(way: signal.Signals | str) -> None:
    """A signal, or the end of standard input under a supervisor: what is left to do is done."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={SUPERVISED: "1"}
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            if isinstance(way, signal.Signals):
                process.send_signal(way)
            assert process.communicate(timeout=END_S)[0] == b"ended\n"
            assert process.returncode == 0
        finally:
            process.kill()


def test_by_hand_standard_input_does_not_matter() -> None:
    """Without a supervisor a daemon with closed standard input goes on until a signal."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={}
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.2)
            process.terminate()
            assert process.wait(END_S) == 0
        finally:
            process.kill()
