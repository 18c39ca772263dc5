"""A daemon ends when it is told to, and when whoever started it is gone; a worker with its parent."""

import asyncio
import signal
import subprocess
import sys

import pytest

from appliance.world import life
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


def test_a_child_ends_with_its_parent() -> None:
    """Whoever hangs, and hears of nothing, ends all the same when its parent is killed."""
    child = "import time; from appliance.world import life; life.die_with_parent(); print(1, flush=1); time.sleep(99)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        process.kill()
        # The child holds the other end of the pipe: it ends when the child does.
        assert process.communicate(timeout=END_S)[0] == b""


@pytest.mark.parametrize(
    ("script", "patience_s", "ended_by"),
    [
        ("echo begun; exec sleep 60", 10.0, signal.SIGTERM),
        ("trap '' TERM; echo begun; while :; do read -t 60 x; done", 0.1, signal.SIGKILL),
    ],
)
def test_a_process_is_ended(script: str, patience_s: float, ended_by: signal.Signals) -> None:
    """Politely; one that will not hear of it all the same."""

    async def story() -> int | None:
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", script, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"begun\n"
        await life.end(process, patience_s)
        return process.returncode

    assert asyncio.run(asyncio.wait_for(story(), 30)) == -ended_by


def test_the_first_that_ends_is_heard() -> None:
    """One that failed is raised; one that is done is enough; the others are left to the caller."""

    async def story(*, fails: bool) -> bool:
        async def works() -> None:
            if fails:
                raise KeyError("a fault")

        lasting = asyncio.create_task(asyncio.Event().wait())
        try:
            await life.first_of([lasting, asyncio.create_task(works())])
        finally:
            assert not lasting.done()
            lasting.cancel()
        return True

    assert asyncio.run(story(fails=False))
    with pytest.raises(KeyError, match="a fault"):
        asyncio.run(story(fails=True))
