"""Runs the child that builds the file of all lists: bounded in time and memory, and ended when its steward ends."""

import contextlib
import subprocess
import sys
from threading import Timer

import msgspec

from appliance.steward.lists.halt import Halt
from appliance.steward.lists.job import Done, Job
from appliance.steward.lists.limits import NotTaken

BUILD_S = 600.0
MAX_ANSWER_OCTETS = 16_000_000
CHILD = ("-P", "-m", "appliance.steward.lists.build")

UNDONE = "The file of all lists could not be made: the last good one stays in force."
TOO_MUCH = "The lists are too much for the memory of this box: the last good ones stay in force."
TOO_SLOW = "Making the file of all lists took too long: the last good one stays in force."


def build(job: Job, halt: Halt) -> Done:
    """Return what came of a build. Raises NotTaken where nothing did, Halted."""
    halt.check()
    try:
        child = subprocess.Popen(
            [sys.executable, *CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise NotTaken(UNDONE) from error
    is_late, is_killed = False, False

    def give_up() -> None:
        nonlocal is_late
        is_late = True
        child.kill()

    timer = Timer(BUILD_S, give_up)
    timer.daemon = True
    with child, halt.ends(child.kill):
        timer.start()
        try:
            answer = _answer(child, job)
            if not answer:
                # Where there is no memory left the tries behind the names end their process, or the kernel does.
                is_killed = child.wait() < 0
        finally:
            timer.cancel()
            child.kill()
    halt.check()
    if is_late:
        raise NotTaken(TOO_SLOW)
    if is_killed:
        raise NotTaken(TOO_MUCH)
    try:
        done = msgspec.json.decode(answer, type=Done)
    except msgspec.MsgspecError as error:
        raise NotTaken(UNDONE) from error
    if done.problem:
        raise NotTaken(done.problem)
    return done


def _answer(child: subprocess.Popen[bytes], job: Job) -> bytes:
    """Return the line that a child answers with, empty for one that died."""
    if child.stdin is None or child.stdout is None:
        return b""
    with contextlib.suppress(BrokenPipeError):
        # It is left open: its end is how the child knows that it is alone.
        child.stdin.write(msgspec.json.encode(job) + b"\n")
        child.stdin.flush()
    return child.stdout.readline(MAX_ANSWER_OCTETS)
