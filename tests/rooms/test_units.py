"""The systemd units: each calls a command that there is, as a user of its own, with no power that it does not need."""

import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import click
import pytest

from appliance.__main__ import main
from appliance.world import bus
from tests.needs import need
from tests.rooms.tree import ROOT

SYSTEMD = ROOT / "systemd"
TARGET = SYSTEMD / "kindgate.target"
DATA = "/var/lib/kindgate"
GROUP = "kindgate"
SERVICES = ("finder", "guard", "nameserver", "steward", "web")
MAX_EXPOSURE = 2.0
BY_HAND = {"guard": 2.4}
"""Enabled where the box is a gateway, → its exposure: it sets the kernel's network."""
GIVEN = click.core.ParameterSource.COMMANDLINE

LISTENS = {"nameserver": ("0.0.0.0:53", "[::]:53"), "web": ("0.0.0.0:443", "0.0.0.0:80")}

POWERS = {
    "finder": "CAP_NET_RAW",
    "guard": "CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE",
    "nameserver": "CAP_NET_BIND_SERVICE",
    "steward": "",
    "web": "CAP_NET_BIND_SERVICE",
}
FAMILIES = {
    "finder": {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"},
    "guard": {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"},
    "nameserver": {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"},
    "steward": {"AF_INET", "AF_INET6", "AF_UNIX"},
    "web": {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"},
}
WRITES = {
    "finder": f"-{DATA}/bus",
    "guard": f"-{DATA}/bus -{DATA}/guard -/run/xtables.lock",
    "nameserver": f"-{DATA}/bus",
    "steward": f"-{DATA}",
    "web": f"-{DATA}",
}


def unit(service: str) -> Path:
    """Return where a service's unit stands."""
    return SYSTEMD / f"kindgate-{service}.service"


def settings(path: Path) -> dict[str, list[str]]:
    """Return the settings of a unit: each key with all its values."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def told(service: str) -> dict[str, str]:
    """Return the last value of each setting of a service's unit."""
    return {key: values[-1] for key, values in settings(unit(service)).items()}


def analyze(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    need(shutil.which("systemd-analyze") is not None, "systemd-analyze (Debian package systemd)")
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | (env or {}),
    )


def exposure(path: Path) -> float:
    """Return how exposed systemd holds a service to be, from 0 to 10."""
    done = analyze("security", "--offline=true", "--no-pager", str(path))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    return float(found[1])


def test_these_are_all() -> None:
    """There is a unit for each daemon, and the target wants them all."""
    assert sorted(path.name for path in SYSTEMD.glob("*.service")) == [f"kindgate-{name}.service" for name in SERVICES]
    (wanted,) = settings(TARGET)["Wants"]
    assert sorted(wanted.split()) == [f"kindgate-{name}.service" for name in SERVICES if name not in BY_HAND]
    assert settings(TARGET)["WantedBy"] == ["multi-user.target"]


@pytest.mark.parametrize("service", SERVICES)
def test_it_calls_a_command_that_there_is(service: str) -> None:
    """ExecStart is the command of the unit's name with options and values that the command line takes."""
    (start,) = settings(unit(service))["ExecStart"]
    program, name, *words = shlex.split(start)
    assert program == "/opt/kindgate/bin/kindgate"
    assert name == service
    command = main.get_command(click.Context(main), name)
    assert command is not None
    with (
        main.make_context("kindgate", [name]) as context,
        command.make_context(name, [*words], parent=context) as inner,
    ):
        options = [one for one in command.params if inner.get_parameter_source(one.name or "") is GIVEN]
        assert inner.params["data"] == Path(DATA)
    assert {word for word in words if word.startswith("--")} == {one.opts[0] for one in options}
    assert [word for word in words if not word.startswith("--")] == [DATA, *LISTENS.get(service, ())]


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_careful(service: str) -> None:
    """A user of its own in the common group, the one power that it needs, one place to write to, started for ever."""
    values = told(service)
    expected = {
        "User": f"kindgate-{service}",
        "Group": GROUP,
        "UMask": "0007",
        "Restart": "always",
        "StartLimitIntervalSec": "0",
        "CapabilityBoundingSet": POWERS[service],
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "MemoryDenyWriteExecute": "yes",
        "ReadWritePaths": WRITES[service],
        "SystemCallErrorNumber": "EPERM",
        "PartOf": TARGET.name,
        "WantedBy": TARGET.name,
    }
    assert {key: values.get(key) for key in expected} == expected
    assert values.get("AmbientCapabilities", "") == POWERS[service]
    assert set(values["RestrictAddressFamilies"].split()) == FAMILIES[service]
    assert "PrivateUsers" not in values, "the bus could not tell its peers apart"
    assert "StateDirectory" not in values, "the data folder would become this one user's"


def test_the_bus_knows_the_users() -> None:
    """The users of the units are those that the daemons trust."""
    assert {told(service)["User"] for service in SERVICES} == bus.USERS


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder with all units, whose program is one that exists."""
    true = shutil.which("true")
    for path in (*SYSTEMD.glob("*.service"), TARGET):
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={true}", path.read_text(), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", [TARGET.name, *(unit(service).name for service in SERVICES)])
def test_systemd_has_nothing_to_say(installed: Path, name: str) -> None:
    """`systemd-analyze verify` is content with each unit and those that it names."""
    done = analyze("verify", "--man=no", str(installed / name), env={"SYSTEMD_UNIT_PATH": f"{installed}:"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_would_say_something(installed: Path) -> None:
    """A setting that there is not is noticed."""
    path = installed / "kindgate-web.service"
    path.write_text(path.read_text().replace("ProtectHome=yes", "ProtectHouse=yes"))
    done = analyze("verify", "--man=no", str(path), env={"SYSTEMD_UNIT_PATH": f"{installed}:"})
    assert "ProtectHouse" in done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_hardly_exposed(service: str) -> None:
    """`systemd-analyze security` finds little that a service could do beyond its work."""
    assert exposure(unit(service)) <= BY_HAND.get(service, MAX_EXPOSURE)


def test_a_careless_unit_is_more_exposed(tmp_path: Path) -> None:
    """The same service without its limits would not pass."""
    path = tmp_path / "kindgate-web.service"
    kept = [line for line in unit("web").read_text().splitlines() if not line.startswith(("System", "Protect"))]
    path.write_text("\n".join(kept))
    assert exposure(path) > MAX_EXPOSURE


def test_users_and_folders_are_made(tmp_path: Path) -> None:
    """Sysusers makes each service's user with the one group, tmpfiles a folder that they share and nobody else sees."""
    need(os.geteuid() == 0, "giving a folder to a group needs root")
    need(all(map(shutil.which, ("systemd-sysusers", "systemd-tmpfiles"))), "systemd-sysusers and systemd-tmpfiles")
    (tmp_path / "etc").mkdir()
    for argv in (
        ["systemd-sysusers", f"--root={tmp_path}", str(SYSTEMD / "sysusers.d" / "kindgate.conf")],
        ["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(SYSTEMD / "tmpfiles.d" / "kindgate.conf")],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr
    groups = {line.split(":")[0]: int(line.split(":")[2]) for line in (tmp_path / "etc/group").read_text().splitlines()}
    users = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    assert set(groups) == {GROUP}
    assert set(users) == {told(service)["User"] for service in SERVICES}
    assert {int(fields[3]) for fields in users.values()} == {groups[GROUP]}
    assert {fields[6] for fields in users.values()} == {"/usr/sbin/nologin"}
    # What root makes in a data folder it hands to the folder's owner: that must be who reads the dashboard's secrets.
    owner = int(users[told("web")["User"]][2])
    for folder in (DATA, f"{DATA}/bus", f"{DATA}/lists", f"{DATA}/lists/sources"):
        status = (tmp_path / folder.lstrip("/")).stat()
        assert (stat.filemode(status.st_mode), status.st_uid, status.st_gid) == ("drwxrws---", owner, groups[GROUP])
