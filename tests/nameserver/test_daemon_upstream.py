"""A whole nameserver beside an upstream that dies, returns, lies, breaks off and dawdles."""

import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode
import pytest

from tests.fakes import REAL, Asked, Script, answer, answers, failing, fake_upstream, silence
from tests.running import Running, addresses, ask_udp, question, running, until

STALE_S = 2.0
FRESH_S = 5.0
END_S = 5.0
FORGED = "203.0.113.66"
FORGERIES = 65_535
CLIENTS = 100


def ede(reply: dns.message.Message) -> list[int]:
    """Return the codes of extended errors in a reply."""
    return [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]


def ask(server: Running, name: str, within_s: float = END_S) -> dns.message.Message:
    """Return the reply to a question; raises TimeoutError."""
    return dns.message.from_wire(ask_udp(server.server, question(name).to_wire(), within_s=within_s))


def test_upstream_that_dies_and_returns(tmp_path: Path) -> None:
    """The old answer comes within two seconds and says that it is old; the new one within five of the return."""
    with fake_upstream() as fake, running(tmp_path / "data", (fake.endpoint,)) as server:
        for number, again in ((1, 2), (3, 4)):
            fake.script = giving(number)
            until(lambda: addresses(ask(server, "a.example")) == [address(number)], FRESH_S, "a fresh answer")  # noqa: B023
            fake.script = silence
            until(lambda: ede(ask(server, "a.example", STALE_S)) == [3], FRESH_S, "the answer grows old")
            for _ in range(5):
                old = ask(server, "a.example", STALE_S)
                assert (addresses(old), ede(old)) == ([address(number)], [3])
            fake.script = giving(again)
            until(lambda: addresses(ask(server, "a.example")) == [address(again)], FRESH_S, "a fresh answer")  # noqa: B023


def giving(number: int) -> Script:
    """Give an address of this number, for a second."""
    return lambda asked: [answer(asked, f"{asked.name} 1 A {address(number)}")]


def address(number: int) -> str:
    """Return an address."""
    return f"198.51.100.{number}"


def test_hundred_equal_questions_at_once(tmp_path: Path) -> None:
    """Each of two workers asks at most once, and all hundred clients are answered."""
    later: list[threading.Timer] = []

    def slowly(asked: Asked) -> Iterable[bytes]:
        later.append(threading.Timer(0.1, lambda: asked.send(answer(asked))))
        later[-1].start()
        return []

    asked = question("a.example")
    with fake_upstream(slowly) as fake, running(tmp_path / "data", (fake.endpoint,), workers=2) as server:
        with ExitStack() as stack:
            clients = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(CLIENTS)]
            for client in clients:
                client.settimeout(END_S)
                client.connect((server.server.address, server.server.port))
            for client in clients:
                client.send(asked.to_wire())
            found = [addresses(dns.message.from_wire(client.recv(4096))) for client in clients]
        for timer in later:
            timer.join()
        assert found == [[REAL]] * CLIENTS
        assert fake.names() in (["a.example"], ["a.example"] * 2)


def test_tens_of_thousands_of_forged_replies(tmp_path: Path) -> None:
    """Every other id from the server's own address, and the right one from elsewhere: only the real answer is taken."""
    number = count()

    def script(asked: Asked) -> Iterator[bytes]:
        if next(number):
            yield answer(asked)
            return
        forged = answer(asked, f"a.example 300 A {FORGED}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
            forger.bind(("127.0.0.1", 0))
            for ident in range(65_536):
                if ident != asked.id:
                    yield struct.pack("!H", ident) + forged[2:]
                elif ident % 256 == 0:
                    forger.sendto(forged, asked.peer)
        yield asked.wire[:2] + forged[2:].replace(b"\x01a\x07example", b"\x01b\x07example", 1)
        yield answer(asked)

    with fake_upstream(script) as fake, running(tmp_path / "data", (fake.endpoint,)) as server:
        for _ in range(3):
            assert addresses(ask(server, "a.example")) == [REAL]
        until(lambda: server.status()["counts"].get("upstream.stray"), END_S, "the forgeries are counted")


def told_slowly(script: Script, seconds: float) -> Script:
    """Say what a script says, but later."""

    def later(asked: Asked) -> Iterable[bytes]:
        for reply in script(asked):
            timer = threading.Timer(seconds, deliver, (asked, reply))
            timer.daemon = True
            timer.start()
        return []

    return later


def deliver(asked: Asked, reply: bytes) -> None:
    """Send what may come too late for anybody to hear it."""
    try:
        asked.send(reply)
    except OSError:
        return


def by_transport(udp: Script, tcp: Script) -> Script:
    """Do one thing over UDP and another one over TCP."""
    return lambda asked: (tcp if asked.is_tcp else udp)(asked)


def truncated(asked: Asked) -> Iterable[bytes]:
    """Send to TCP."""
    return [answer(asked, flags=0x0200)]


def other_id(asked: Asked) -> bytes:
    """Return an answer to another id."""
    return struct.pack("!H", asked.id ^ 0x5A5A) + answer(asked, f"{asked.name} 300 A {FORGED}")[2:]


def other_name(asked: Asked) -> bytes:
    """Return an answer to another name of the same length."""
    label = asked.name.partition(".")[0].encode()
    return answer(asked, f"{asked.name} 300 A {FORGED}").replace(label, label[::-1], 1)


def chain(asked: Asked, links: int, last: str) -> Iterable[bytes]:
    """Give a chain of so many CNAMEs."""
    names = [asked.name, *(f"c{number}.example" for number in range(1, links)), last]
    records = [f"{names[number]} 300 CNAME {names[number + 1]}." for number in range(links)]
    return [answer(asked, *records, f"{last} 300 A {REAL}")]


def records(asked: Asked, number: int) -> Iterable[bytes]:
    """Give so many addresses."""
    return [answer(asked, *(f"{asked.name} 300 A 198.51.100.{last + 1}" for last in range(number)))]


RIGHT, FAILED = [REAL], dns.rcode.SERVFAIL
CASES: dict[str, tuple[Script, object]] = {
    "silent": (silence, FAILED),
    "garbage": (lambda _: [b"\xff" * 40, b"", b"\0"], FAILED),
    "half": (lambda asked: [answer(asked)[:-3]], FAILED),
    "garbage-first": (lambda asked: [b"\xff" * 40, answer(asked)[:-3], answer(asked)], RIGHT),
    "truncated": (by_transport(truncated, answers), RIGHT),
    "truncated-twice": (truncated, FAILED),
    "tcp-silent": (by_transport(truncated, silence), FAILED),
    "tcp-garbage": (by_transport(truncated, lambda _: [b"\xff" * 40]), FAILED),
    "tcp-other-id": (by_transport(truncated, lambda asked: [other_id(asked)]), FAILED),
    "slow": (told_slowly(answers, 0.4), RIGHT),
    "too-slow": (told_slowly(answers, 9.0), FAILED),
    "slowly-truncated": (by_transport(told_slowly(truncated, 0.7), silence), FAILED),
    "other-id": (lambda asked: [other_id(asked)], FAILED),
    "other-id-first": (lambda asked: [other_id(asked), answer(asked)], RIGHT),
    "other-name": (lambda asked: [other_name(asked)], FAILED),
    "other-name-first": (lambda asked: [other_name(asked), answer(asked)], RIGHT),
    "other-type": (lambda asked: [answer(asked).replace(b"\0\0\1\0\1", b"\0\0\x1c\0\1", 1)], FAILED),
    "a-question": (lambda asked: [asked.wire], FAILED),
    "itself": (lambda asked: chain(asked, 1, asked.name), FAILED),
    "circle": (lambda asked: chain(asked, 3, asked.name), FAILED),
    "chain": (lambda asked: chain(asked, 11, "last.example"), RIGHT),
    "long-chain": (lambda asked: chain(asked, 12, "last.example"), FAILED),
    "many": (by_transport(truncated, lambda asked: records(asked, 101)), FAILED),
    "refused": (failing(5), dns.rcode.REFUSED),
    "failed": (failing(2), FAILED),
}


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dns.message.Message]:
    """What one nameserver made of all cases, asked at once, each within five seconds."""

    def script(asked: Asked) -> Iterable[bytes]:
        return (
            CASES[asked.name.partition(".")[0]][0](asked) if asked.name.endswith(".cases.example") else answers(asked)
        )

    data = tmp_path_factory.mktemp("upstream") / "data"
    with fake_upstream(script) as fake, running(data, (fake.endpoint,)) as server:
        with ThreadPoolExecutor(len(CASES)) as pool:
            coming = {case: pool.submit(ask, server, f"{case}.cases.example") for case in CASES}
            found = {case: one.result() for case, one in coming.items()}
        assert addresses(ask(server, "afterwards.example")) == [REAL]
        assert "errors" not in server.status()["counts"]
    return found


@pytest.mark.parametrize("case", CASES)
def test_answers_that_are_none(heard: dict[str, dns.message.Message], case: str) -> None:
    """A right answer or an error, in time, whatever the server sends; never what it forges."""
    reply, expected = heard[case], CASES[case][1]
    assert expected == (addresses(reply) if reply.rcode() == dns.rcode.NOERROR else reply.rcode())
