"""`run` keeps its daemons alive, stops them all, and never tries in vain for ever."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.commands import run as command
from appliance.config import Config, Endpoint
from appliance.web import code
from tests.commands.cli import HOUSE, applied, kindgate
from tests.fakes import FakeUpstream, fake_upstream
from tests.running import BLOCKED, Running, addresses, free_port, is_alive, own_address, running, until

NOBODY = "127.0.0.1:9"


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    """An upstream on loopback."""
    with fake_upstream() as fake:
        yield fake


def started(*words: str, data: Path, within_s: float = 20.0) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own to its end."""
    argv = [sys.executable, "-m", "appliance", *words, "--data", str(data)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=within_s)


def parts(box: Running) -> set[int]:
    """Return the processes of a running box: supervisor, daemon, workers."""
    found = {box.process.pid, int(box.status()["pid"]), *(int(worker["pid"]) for worker in box.workers())}
    assert len(found) == 4
    return found


@contextmanager
def box(tmp_path: Path, upstream: FakeUpstream) -> Iterator[Running]:
    """`kindgate run` with two workers."""
    with running(tmp_path / "data", (upstream.endpoint,), workers=2, command="run") as up:
        yield up


def test_it_answers_greets_and_stops_with_all_it_started(tmp_path: Path, upstream: FakeUpstream) -> None:
    """One line says where to go; SIGTERM ends supervisor, daemon and workers with exit status 0; the port is free."""
    with box(tmp_path, upstream) as up:
        assert addresses(up.ask(BLOCKED)) == ["0.0.0.0"]
        until(lambda: "  Try         " in up.log.read_text(), 20, "the greeting")
        greeting = up.log.read_text()
        assert f"  DNS         {up.server} (2 workers)\n" in greeting
        assert f"  Upstream    {upstream.endpoint}\n" in greeting
        assert "  House       none yet: every device is unknown\n" in greeting
        assert f"  Data        {up.data}\n" in greeting
        assert f"  Dashboard   http://{up.web}/\n" in greeting
        assert f"  First run   code {code.first_run_code(up.data)}\n" in greeting
        assert f"  Try         dig @{up.server.address} -p {up.server.port} {BLOCKED}\n" in greeting
        assert "Warning" not in greeting
        assert greeting.count("First run") == 1
        found = parts(up)
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(15) == 0
        assert [pid for pid in found if is_alive(pid)] == []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as alone:
            alone.bind((up.server.address, up.server.port))


def test_ctrl_c_stops_it_too(tmp_path: Path, upstream: FakeUpstream) -> None:
    """SIGINT to the supervisor alone; a house that was there is greeted with its revision."""
    applied(tmp_path / "data", HOUSE)
    with box(tmp_path, upstream) as up:
        until(lambda: "  House       revision 1\n" in up.log.read_text(), 20, "the greeting")
        found = parts(up)
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(15) == 0
        assert [pid for pid in found if is_alive(pid)] == []
        assert "Traceback" not in up.log.read_text()


def test_a_kill_leaves_no_orphan(tmp_path: Path, upstream: FakeUpstream) -> None:
    """SIGKILL of the supervisor: daemon and workers notice and end, and a new one can start at once."""
    with box(tmp_path, upstream) as up:
        found = parts(up)
        up.process.kill()
        up.process.wait(5)
        until(lambda: not any(is_alive(pid) for pid in found), 10, "all processes end")
        assert command._is_free(up.server)


def test_a_daemon_that_dies_is_started_again(tmp_path: Path, upstream: FakeUpstream) -> None:
    """After a SIGKILL of the daemon DNS is answered again, by new processes, and it is told."""
    with box(tmp_path, upstream) as up:
        before = parts(up)
        os.kill(int(up.status()["pid"]), signal.SIGKILL)
        until(lambda: up.workers() and up.is_up() and not parts(up) & (before - {up.process.pid}), 20, "a new daemon")
        assert addresses(up.ask(BLOCKED)) == ["0.0.0.0"]
        assert "The nameserver ended (-9) and is started again." in up.log.read_text()
        until(lambda: not any(is_alive(pid) for pid in before - {up.process.pid}), 10, "the old ones end")


@pytest.mark.parametrize("name", ["run", "nameserver"])
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("localhost:53", "'localhost' does not appear to be an IPv4 or IPv6 address"),
        ("127.0.0.1", "'127.0.0.1' needs a port"),
        ("127.0.0.1:0", "a port is a number from 1 to 65535"),
        ("127.0.0.1:99999", "a port is a number from 1 to 65535"),
        ("::1:53", "needs a port"),
    ],
)
def test_a_wrong_address_is_exit_status_2(tmp_path: Path, name: str, address: str, words: str) -> None:
    """A sentence, nothing started, nothing made."""
    result = kindgate(name, "--dns", address, data=tmp_path / "data")
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [("--workers", "0"), ("--workers", "many"), ("--upstream", "x"), ("--data", "")])
def test_other_wrong_words_are_exit_status_2(tmp_path: Path, words: tuple[str, str]) -> None:
    """Click's own refusals and ours alike."""
    if words[0] == "--data":
        (tmp_path / "file").write_text("")
        words = ("--data", str(tmp_path / "file"))
    assert kindgate("run", *words).exit_code == 2


def test_an_address_that_is_not_ours_is_exit_status_2(tmp_path: Path) -> None:
    """The daemon says so once; the supervisor does not try again."""
    done = started("run", "--dns", "192.0.2.77:5300", "--upstream", NOBODY, data=tmp_path / "data")
    assert done.returncode == 2
    assert done.stderr.count("can't listen on 192.0.2.77:5300 (UDP): ") == 1
    assert "started again" not in done.stderr


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_exit_status_2(
    tmp_path: Path, kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it, over UDP or TCP: told once, and no endless restart."""
    endpoint = Endpoint(own_address(), free_port(own_address()))
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((endpoint.address, endpoint.port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        done = started("run", "--dns", str(endpoint), "--upstream", NOBODY, data=tmp_path / "data")
    assert done.returncode == 2
    assert done.stderr.count(f"can't listen on {endpoint}") == 1
    assert "Address already in use" in done.stderr
    assert "started again" not in done.stderr


def test_a_second_kindgate_does_not_share_the_port(tmp_path: Path, upstream: FakeUpstream) -> None:
    """Workers share their port among themselves; a second box on it would silently get half of the questions."""
    with box(tmp_path, upstream) as up:
        done = started("run", "--dns", str(up.server), "--upstream", NOBODY, data=tmp_path / "second")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"Error: can't listen on {up.server}: Address already in use\n"
        assert addresses(up.ask(BLOCKED)) == ["0.0.0.0"]


def test_a_port_that_becomes_free_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers of a box that was killed leave within a moment."""
    answers = iter([False, False, True])
    monkeypatch.setattr(command, "_is_free", lambda _: next(answers))
    began = time.monotonic()
    command._require_free(Config(dns=("127.0.0.1:5300",)))
    assert time.monotonic() - began < 1
    assert next(answers, None) is None


def test_without_a_data_folder_dns_is_answered_all_the_same(tmp_path: Path, upstream: FakeUpstream) -> None:
    """A folder that can't be made costs the house and the bus, not the answers."""
    (tmp_path / "file").write_text("")
    server = Endpoint(own_address(), free_port(own_address()))
    words = ["run", "--dns", str(server), "--upstream", str(upstream.endpoint), "--workers", "1"]
    argv = [sys.executable, "-m", "appliance", *words, "--data", str(tmp_path / "file" / "data")]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    up = Running(process, server, tmp_path / "none", tmp_path / "log")
    try:
        until(lambda: _answers(up), 20, "DNS is answered")
    finally:
        process.terminate()
        assert process.wait(15) == 0


def _answers(up: Running) -> bool:
    try:
        return addresses(up.ask(BLOCKED)) == ["0.0.0.0"]
    except OSError:
        time.sleep(0.05)
        return False
