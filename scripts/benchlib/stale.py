"""How long until there is an answer when the upstream dies, and until there is a fresh one when it returns.

A nameserver beside a scripted upstream, whose answers live for a second. In each round it answers, then says nothing,
and then answers again, and with another address. A client asks ten times a second all the while.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import dns.edns
import dns.message

from tests.fakes import FakeUpstream, Script, answer, fake_upstream, silence
from tests.running import Running, addresses, ask_udp, question, running

NAME = "a.example"
TURN_S = 0.1
DEAD_S = 5.0
"""How long it stays dead after the first old answer: longer than a question goes on."""
LIMIT_S = 10.0
STALE_S, FRESH_S = 2.0, 5.0


def main() -> None:
    """Measure and print median and maximum; status 1 where a bound is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench stale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    told = parser.parse_args()
    first: list[float] = []
    dead: list[float] = []
    fresh: list[float] = []
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        fake = stack.enter_context(fake_upstream())
        server = stack.enter_context(running(data, (fake.endpoint,)))
        for number in range(told.rounds):
            waits = die(server, fake, 2 * number)
            first.append(waits[0])
            dead += waits[1:]
            fresh.append(come_back(server, fake, 2 * number + 1))
    print(f"| An upstream that dies and returns, {told.rounds} rounds | median | max | within |")
    print("|---|---:|---:|---:|")
    for words, times, bound in (
        ("first old answer after it died", first, STALE_S),
        ("each answer while it is dead", dead, STALE_S),
        ("first fresh answer after its return", fresh, FRESH_S),
    ):
        inside = sum(one <= bound for one in times)
        print(
            f"| {words} | {ms(statistics.median(times))} | {ms(max(times))} | {bound:.0f} s: {inside} of {len(times)} |"
        )
    sys.exit(max(first + dead) > STALE_S or max(fresh) > FRESH_S)


def die(server: Running, fake: FakeUpstream, number: int) -> list[float]:
    """Let the upstream die; return how long each answer took from the first old one on."""
    fake.script = giving(number)
    wait_for(server, number)
    fake.script = silence
    waits: list[float] = []
    began = time.monotonic()
    while not waits or time.monotonic() - began < DEAD_S:
        asked = time.monotonic()
        is_old = is_stale(ask(server))
        took = time.monotonic() - asked
        if waits or is_old:
            began = began if waits else time.monotonic()
            waits.append(took)
        time.sleep(TURN_S)
    return waits


def come_back(server: Running, fake: FakeUpstream, number: int) -> float:
    """Let the upstream return; return after how many seconds it is heard."""
    fake.script = giving(number)
    return wait_for(server, number)


def wait_for(server: Running, number: int) -> float:
    """Ask until there is a fresh answer with this address; return after how many seconds there was."""
    began = time.monotonic()
    while addresses(ask(server)) != [address(number)]:
        if time.monotonic() - began > LIMIT_S:
            sys.exit("it never came back")
        time.sleep(TURN_S)
    return time.monotonic() - began


def ask(server: Running) -> dns.message.Message:
    """Return the reply to the one question."""
    return dns.message.from_wire(ask_udp(server.server, question(NAME).to_wire(), within_s=LIMIT_S))


def giving(number: int) -> Script:
    """Give the address of this number, for a second."""
    return lambda asked: [answer(asked, f"{asked.name} 1 A {address(number)}")]


def address(number: int) -> str:
    """Return an address."""
    return f"198.51.100.{number + 1}"


def is_stale(reply: dns.message.Message) -> bool:
    """Say whether a reply says that it is old."""
    return any(isinstance(option, dns.edns.EDEOption) and option.code == 3 for option in reply.options)


def ms(seconds: float) -> str:
    """Return milliseconds as text."""
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main()
