"""The lab comes up, says what it can't do, and leaves nothing behind."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lablib import net
from tests.lab.home import SCRIPT, home, need_lab, script, wait_until

pytestmark = pytest.mark.lab


@pytest.fixture
def name() -> Iterator[str]:
    """A lab's name of this test's own, whose lab is taken down afterwards."""
    need_lab()
    own = f"updown-{os.getpid()}"
    yield own
    script("down", "--name", own)


def state_of(name: str) -> Path:
    """A lab's state folder."""
    return Path(tempfile.gettempdir()) / f"kindgate-lab-{name}"


def processes_of(name: str) -> list[str]:
    """The commands that run with this lab's state folder or namespaces in their arguments."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [command for command in commands if f"kindgate-lab-{name}/" in command or f"kg-{name}-" in command]


def is_gone(name: str) -> bool:
    """Whether nothing of a lab is left: no namespace, no resolver file, no state, no process."""
    folders = [net.NETNS_DIR / net.namespace(name, host) for host in net.HOSTS]
    folders += [net.NETNS_ETC_DIR / net.namespace(name, host) for host in net.HOSTS]
    return not any(path.exists() for path in (*folders, state_of(name))) and not processes_of(name)


def test_down_leaves_no_namespace_no_process_no_file(name: str) -> None:
    """After `down` the machine is as it was, and a second `down` is content."""
    links = net.run(["ip", "-o", "link", "show"]).count("\n")
    assert script("up", "--name", name).returncode == 0
    assert len(processes_of(name)) == 3
    assert net.run(["ip", "-o", "link", "show"]).count("\n") == links
    for _ in range(2):
        done = script("down", "--name", name)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert is_gone(name)


def test_up_twice_is_up_once(name: str) -> None:
    """The same `up` again says so; another `up` refuses rather than change what runs."""
    assert script("up", "--name", name).returncode == 0
    before = processes_of(name)
    again = script("up", "--name", name)
    assert (again.returncode, again.stdout) == (0, f"Lab '{name}' is up already.\n")
    other = script("up", "--name", name, "--recipe", "nat")
    assert (other.returncode, other.stdout) == (1, "")
    assert "other settings" in other.stderr
    assert processes_of(name) == before


def test_status_says_whether_it_is_up(name: str) -> None:
    """Exit code 0 and the hosts when up, 3 when not."""
    assert script("status", "--name", name).returncode == 3
    assert script("up", "--name", name).returncode == 0
    done = script("status", "--name", name)
    assert done.returncode == 0
    assert all(host.mac in done.stdout and host.v6 in done.stdout for host in net.HOSTS.values())


def test_exec_passes_output_and_exit_code_on(name: str) -> None:
    """`exec` is the command itself, in the host."""
    assert "is not up" in script("exec", "--name", name, "tablet", "--", "true").stderr
    assert script("up", "--name", name).returncode == 0
    done = script("exec", "--name", name, "tablet", "--", "sh", "-c", "cat /sys/class/net/eth0/address; exit 7")
    assert (done.returncode, done.stdout) == (7, "02:77:00:00:00:10\n")
    done = script("exec", "--name", name, "tablet", "--", "sh", "-c", 'echo "$@"', "--", "a", "--", "-h")
    assert done.stdout == "a -- -h\n"
    assert script("exec", "--name", name, "tablet", "--").returncode == 2


def test_a_failing_up_takes_down_what_it_made(name: str, tmp_path: Path) -> None:
    """With an unbound that ends at once, `up` says what it said, and nothing stays."""
    broken = tmp_path / "unbound"
    broken.write_text("#!/bin/sh\necho no zone today >&2\nexit 1\n")
    broken.chmod(0o755)
    done = script("up", "--name", name, env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 1
    assert "unbound ended at once: no zone today" in done.stderr
    assert is_gone(name)


def test_a_killed_up_takes_down_what_it_made(name: str) -> None:
    """SIGTERM in the middle of `up` leaves nothing either."""
    with subprocess.Popen([SCRIPT, "up", "--name", name], stdout=subprocess.DEVNULL) as up:
        wait_until((net.NETNS_DIR / net.namespace(name, "router")).exists, "a first namespace")
        up.terminate()
        assert up.wait(30) == 143
    assert is_gone(name)


def test_a_state_folder_of_someone_else_is_not_believed(name: str) -> None:
    """Anyone may write to the folder for temporary files; root must not act on what they put there."""
    state_of(name).mkdir()
    try:
        os.chown(state_of(name), 65534, 65534)
        done = script("down", "--name", name)
        assert (done.returncode, "belongs to someone else" in done.stderr) == (1, True)
        assert state_of(name).is_dir()
    finally:
        state_of(name).rmdir()


def test_down_repairs_after_a_crash(name: str) -> None:
    """Half a lab, with a namespace and a record lost, is still taken down, and `up` builds a whole one on it."""
    assert script("up", "--name", name).returncode == 0
    net.run(["ip", "netns", "del", net.namespace(name, "tablet")])
    assert "remains of it" in script("status", "--name", name).stdout
    assert script("up", "--name", name).returncode == 0
    assert script("status", "--name", name).returncode == 0
    net.run(["ip", "netns", "del", net.namespace(name, "router")])
    (state_of(name) / "lab.json").unlink()
    assert script("down", "--name", name).returncode == 0
    assert is_gone(name)


def test_down_spares_a_process_that_only_has_the_recorded_id(name: str) -> None:
    """An id in a record may have come to mean another process since; that one lives on."""
    assert script("up", "--name", name).returncode == 0
    record = state_of(name) / "dnsmasq.pid"
    kept = json.loads(record.read_text())
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            record.write_text(json.dumps(kept | {"pid": other.pid}))
            assert script("upstream", "--name", name, "stop").returncode == 0
            (state_of(name) / "unbound.pid").write_text(json.dumps(kept))
            done = script("down", "--name", name)
            assert (done.returncode, done.stderr) == (0, "")
            assert other.poll() is None
        finally:
            other.kill()
    assert is_gone(name)


def test_down_names_a_process_that_others_left(name: str) -> None:
    """What people started in the lab is theirs to end; `down` tells them."""
    assert script("up", "--name", name).returncode == 0
    command = net.inside(name, "laptop", ["sleep", "60"])
    with subprocess.Popen(command) as left:
        try:
            wait_until(lambda: Path(f"/proc/{left.pid}/cmdline").read_bytes() == b"sleep\x0060\0", "sleep to run")
            done = script("down", "--name", name)
            assert (done.returncode, f"laptop: process {left.pid} (sleep 60)" in done.stderr) == (0, True)
            assert left.poll() is None
        finally:
            left.kill()
    assert is_gone(name)


def test_labs_side_by_side_with_names_of_their_own(name: str, tmp_path: Path) -> None:
    """Two labs have the same addresses and different internets; the second has a record and a wildcard more."""
    options = ("--record", "own.test TXT hello", "--wildcard", "203.0.113.200", "--recipe", "nat", "--port", "5300")
    assert script("up", "--name", name).returncode == 0
    with home(f"{name}-b", tmp_path, *options) as second:
        ask = "@198.51.100.53"
        assert second.dig("tablet", ask, "own.test", "TXT") == ['"hello"']
        wild = [second.dig("tablet", ask, asked) for asked in ("no.such.test", "below.www.example.com", "zz")]
        assert wild == [["203.0.113.200"]] * 3
        first = script("exec", "--name", name, "tablet", "--", "dig", "+short", ask, "no.such.test")
        assert (first.returncode, first.stdout) == (0, "")
        assert second.upstream_queries("no.such.test")
    assert is_gone(f"{name}-b")
