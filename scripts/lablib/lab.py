"""One lab from `up` to `down`: its state folder, its services, and the repair of what a crash left behind."""

import fcntl
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scripts.lablib import gateway, net, processes, router, zone
from scripts.lablib.errors import LabError
from scripts.lablib.gateway import Kind, Plan

LOCK_TIMEOUT_S = 60.0
SERVICES = ("capture", "unbound", "dnsmasq")
PACKAGES = {"ip": "iproute2", "dnsmasq": "dnsmasq-base", "unbound": "unbound", "nft": "nftables"}
LAB_SCRIPT = Path(__file__).resolve().parent.parent / "lab"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a lab was brought up with."""

    recipe: str = "both"
    forward_to: str = "v4"
    port: int = 53
    records: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ()
    gateway: str = ""
    """The kind of a home in which the box is the gateway; empty for the home with a router that forwards DNS."""
    dhcp: bool = False

    @property
    def plan(self) -> Plan | None:
        """The gateway home, if it is one."""
        return Plan(Kind(self.gateway), self.dhcp) if self.gateway else None

    @property
    def hosts(self) -> dict[str, net.Host]:
        """The machines of the home."""
        return self.plan.hosts if self.plan else net.HOSTS


class Lab:
    """A lab by name, whether it is up or not."""

    def __init__(self, name: str) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise LabError(f"a lab's name is up to 31 of a-z, 0-9 and '-', not {name!r}")
        self.name = name
        self.state = Path(tempfile.gettempdir()) / f"kindgate-lab-{name}"
        # Anyone may write to the folder for temporary files; records there count if root or the caller made them.
        if os.path.lexists(self.state) and self.state.lstat().st_uid not in (0, os.geteuid()):
            raise LabError(f"{self.state} belongs to someone else")

    @property
    def queries(self) -> Path:
        """The JSON lines of the queries that reached the upstream."""
        return self.state / "upstream.jsonl"

    def up(self, settings: Settings) -> bool:
        """Build the lab; False when it is up already with these settings. A failure takes down what was made."""
        net.require_root()
        require_programs()
        with _alone():
            current = self.settings()
            if current and self._is_whole(current) and self._is_serving(current):
                if current == settings:
                    return False
                raise LabError(f"lab '{self.name}' is up already with other settings; take it down first")
            self._remove()
            try:
                self._build(settings)
            except BaseException:
                with suppress(LabError):
                    self._remove()
                raise
            return True

    def down(self) -> list[str]:
        """Remove everything of this lab, as far as it exists; gives a line for each process that others left in it."""
        net.require_root()
        with _alone():
            return self._remove()

    def set_router(self, recipe: str, forward_to: str | None, port: int | None) -> None:
        """Switch the running router to another recipe, and to another address or port of the appliance if given."""
        net.require_root()
        require_programs()
        with _alone():
            current = self.require_up()
            if current.gateway:
                raise LabError(f"the router of lab '{self.name}' does nothing but route: there is no recipe to it")
            new = replace(
                current, recipe=recipe, forward_to=forward_to or current.forward_to, port=port or current.port
            )
            self._save(new)
            self._start_router(new)

    def stop_upstream(self) -> None:
        """Stop unbound; a query to it is then refused by its host (and still captured)."""
        net.require_root()
        with _alone():
            self.require_up()
            processes.stop(self._record("unbound"))

    def start_upstream(self) -> None:
        """Start unbound again, unless it runs."""
        net.require_root()
        with _alone():
            self.require_up()
            if not processes.running_pid(self._record("unbound")):
                self._start_unbound()

    def settings(self) -> Settings | None:
        """What the lab was brought up with, or None when there is none."""
        try:
            fields: dict[str, Any] = json.loads((self.state / "lab.json").read_text())
            fields |= {key: tuple(fields[key]) for key in ("records", "wildcards")}
            return Settings(**fields)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def require_up(self) -> Settings:
        """The lab's settings; LabError when it isn't up."""
        current = self.settings()
        if current is None or not self._is_whole(current):
            raise LabError(f"lab '{self.name}' is not up: `scripts/lab up --name {self.name}`")
        return current

    def running(self) -> dict[str, int | None]:
        """The lab's services, each with its process id if it runs."""
        return {service: processes.running_pid(self._record(service)) for service in SERVICES}

    def _record(self, service: str) -> Path:
        return self.state / f"{service}.pid"

    def _is_whole(self, settings: Settings) -> bool:
        wanted = {*settings.hosts, *(["switch"] if settings.gateway else [])}
        return wanted <= set(net.existing(self.name))

    def _is_serving(self, settings: Settings) -> bool:
        """Whether all is there that `up` starts; unbound may have been stopped and the capture may be full."""
        is_nat = bool(settings.gateway) or router.RECIPES[settings.recipe].options is None
        return is_nat or processes.running_pid(self._record("dnsmasq")) is not None

    def _save(self, settings: Settings) -> None:
        (self.state / "lab.json").write_text(json.dumps(asdict(settings), indent=1) + "\n")

    def _build(self, settings: Settings) -> None:
        plan = settings.plan
        more = (*zone.in_v6_too(), *gateway.RECORDS) if plan else ()
        zone_text = zone.zone_text([*more, *settings.records], settings.wildcards)
        self.state.mkdir(mode=0o755)
        self._save(settings)
        if plan:
            gateway.build(self.name, plan)
        else:
            net.build(self.name)
        (self.state / "root.zone").write_text(zone_text)
        (self.state / "unbound.conf").write_text(zone.unbound_conf(self.state / "root.zone"))
        self._start_capture()
        self._start_unbound()
        if not plan:
            self._start_router(settings)

    def _start_capture(self) -> None:
        log = self.state / "capture.log"
        self._start(
            "capture",
            net.INTERNET,
            [sys.executable, str(LAB_SCRIPT), "capture", "eth0", str(self.queries)],
            lambda _: log.stat().st_size > 0,
        )

    def _start_unbound(self) -> None:
        self._start(
            "unbound",
            net.INTERNET,
            ["unbound", "-d", "-c", str(self.state / "unbound.conf")],
            lambda pid: all(processes.is_bound(pid, address, 53) for address in (net.INTERNET.v4, net.INTERNET.v6)),
        )

    def _start_router(self, settings: Settings) -> None:
        recipe = router.RECIPES[settings.recipe]
        processes.stop(self._record("dnsmasq"))
        rules = router.NO_NAT + (router.nat_ruleset(settings.port) if recipe.options is None else "")
        net.run(net.inside(self.name, "router", ["nft", "-f", "-"]), stdin=rules)
        if recipe.options is None:
            return
        conf = self.state / "dnsmasq.conf"
        router.write_conf(conf, recipe, settings.forward_to, settings.port)
        self._start(
            "dnsmasq",
            net.ROUTER,
            ["dnsmasq", f"--conf-file={conf}"],
            lambda pid: all(processes.is_bound(pid, address, 53) for address in (net.ROUTER.v4, net.ROUTER.v6)),
        )

    def _start(self, service: str, host: net.Host, argv: list[str], is_ready: processes.Ready) -> None:
        prefix = net.inside(self.name, host.name, [])
        processes.start(self._record(service), argv, prefix, self.state / f"{service}.log", is_ready)

    def _remove(self) -> list[str]:
        for service in SERVICES:
            processes.stop(self._record(service))
        strangers = [
            f"{host}: process {pid} ({' '.join(processes.command_line(pid)) or 'ending'})"
            for host in net.existing(self.name)
            for pid in net.pids(self.name, host)
            if processes.command_line(pid)
        ]
        net.remove(self.name)
        if self.state.is_dir():
            shutil.rmtree(self.state)
        return strangers


def require_programs() -> None:
    """Raise LabError naming the Debian package of each program that isn't installed."""
    missing = [f"{program} (Debian package {PACKAGES[program]})" for program in PACKAGES if not shutil.which(program)]
    if missing:
        raise LabError(f"not installed: {', '.join(missing)}")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the one lock of all labs, on a file that is there anyway, so that none is left behind."""
    with Path(__file__).open() as handle:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LabError(f"another `scripts/lab` has been at work for {LOCK_TIMEOUT_S:.0f} s") from None
                time.sleep(0.02)
        yield
