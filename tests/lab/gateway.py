"""The gateway home for tests: its internet's servers, its box, and the devices' connections as a child makes them."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from scripts.lablib import net
from scripts.lablib.gateway import Kind, Plan
from tests.browser import chromium
from tests.lab.appliance import KINDGATE, START_S, Appliance
from tests.lab.home import Home, need_lab, script, wait_until
from tests.lab.servers import __main__ as servers
from tests.lab.servers.ca import CA_FILE

ROOT = Path(__file__).parents[2]
LEASED = Path(__file__).with_name("clients") / "leased.sh"
CURL_S = 6.0
WAIT_S = 10.0
LOOKED_AGAIN_S = 20.0
"""So long after a cut it takes at most until it is told: it is looked at again first."""

HOUSE = """\
version: 1
time_zone: Europe/Berlin
persons:
  - {id: mia, name: Mia, band: 6-9}
  - {id: noah, name: Noah, band: 13-15}
  - {id: dana, name: Dana, kind: adult}
devices:
  - {id: tablet, person: mia, kind: tablet, macs: ["02:77:00:00:00:10"]}
  - {id: laptop, person: noah, kind: laptop, macs: ["02:77:00:00:00:11"]}
  - {id: console, person: noah, kind: console, macs: ["02:77:00:00:00:12"]}
  - {id: phone, person: dana, kind: phone, macs: ["02:77:00:00:00:13"]}
  - {id: toy, person: mia, kind: iot, macs: ["02:77:00:00:00:14"]}
"""
"""Whose each device is; the guest's is nobody's."""

PLAIN = """\
table ip plain {
  chain outgoing {
    type nat hook postrouting priority srcnat
    ip saddr { 192.168.77.0/24, 192.168.78.0/24 } ip daddr != 192.168.77.0/24 masquerade
  }
}
"""


class Got(NamedTuple):
    """What curl got: its exit code (0 is well, 6 no name, 7 refused, 28 too late, 35 TLS, 56 reset) and the answer."""

    code: int
    status: int
    body: str
    address: str
    """Of the server."""

    @property
    def said(self) -> dict[str, str]:
        """What a site of the lab says of the request."""
        told: dict[str, str] = json.loads(self.body)
        return told


class Open:
    """A connection that stays open in a device, until it is ended there or elsewhere."""

    def __init__(self, lab: Home, process: "subprocess.Popen[bytes]") -> None:
        self._lab = lab
        self._process = process

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All that it told: what (open, flowing, stalled, error, closed), how, at, heard, octets."""
        told = self._lab.output(self._process).splitlines(keepends=True)
        return [json.loads(line) for line in told if line.startswith("{") and line.endswith("\n")]

    def wait(self, *what: str, after: float = 0.0, limit_s: float = WAIT_S) -> dict[str, Any]:
        """Return the first line that says one of these, none before `after` (UNIX time); fail after the limit."""
        found: list[dict[str, Any]] = []

        def is_told() -> bool:
            found[:] = [line for line in self.lines if line["what"] in what and line["at"] >= after]
            return bool(found)

        wait_until(is_told, f"{what} in {self._lab.output(self._process)[-2000:]}", limit_s)
        return found[0]

    def wait_for_end(self, after: float = 0.0, limit_s: float = WAIT_S) -> dict[str, Any]:
        """Return the line that says that it was closed, or that nothing comes any more."""
        return self.wait("closed", "stalled", after=after, limit_s=limit_s)

    def lives_after(self, at: float, limit_s: float = WAIT_S) -> None:
        """Assert that something came after a time, and that nothing had ended before."""
        wait_until(lambda: any(line["heard"] > at for line in self.lines), f"octets after {at}", limit_s)
        assert not [line for line in self.lines if line["what"] in ("closed", "stalled", "error")]

    def rate(self, during_s: float) -> float:
        """Return how many kbit came in a second, over so many seconds from now."""
        began_at = time.time()
        first = self.wait("open", "flowing", after=began_at)
        last = self.wait("open", "flowing", after=began_at + during_s, limit_s=during_s + WAIT_S)
        return float((last["octets"] - first["octets"]) / 125 / (last["at"] - first["at"]))

    def end(self) -> None:
        """End it from the device's side."""
        self._lab.stop(self._process)


class Gateway(Home):
    """A gateway home that is up, with the internet open."""

    def __init__(self, name: str, folder: Path, plan: Plan) -> None:
        super().__init__(name, folder)
        self.folder = folder
        self.plan = plan

    @property
    def authority(self) -> Path:
        """The certificate of the authority that vouches for every site."""
        return self.folder / CA_FILE

    def host(self, name: str) -> net.Host:
        """A host's addresses and MAC."""
        return self.plan.hosts[name]

    def open_internet(self) -> None:
        """Start the servers."""
        self.popen("internet", self.python("tests.lab.servers", str(self.folder)), servers.READY, cwd=ROOT)

    def forward_plainly(self) -> None:
        """Let the box's kernel forward everything, with nobody looking."""
        net.sysctl(self.name, "appliance", *net.ROUTES)
        net.run(net.inside(self.name, "appliance", ["nft", "-f", "-"]), stdin=PLAIN)
        for host in self.plan.devices.values():
            self.resolver(host.name, net.INTERNET.v4)

    def resolver(self, host: str, address: str) -> None:
        """Let a device ask another resolver, as by hand in its settings."""
        (net.NETNS_ETC_DIR / net.namespace(self.name, host) / "resolv.conf").write_text(f"nameserver {address}\n")

    @staticmethod
    def python(module: str, *arguments: str) -> list[str]:
        """Return the command that runs a module of this checkout, from its root."""
        return [sys.executable, "-m", module, *arguments]

    def curl(self, host: str, url: str, *options: str, limit_s: float = CURL_S) -> Got:
        """Fetch a page as curl does, which trusts the lab's authority."""
        told = "\n%{http_code} %{remote_ip}"
        how = ["-sS", "--proxy", "", "--max-time", str(limit_s), "--cacert", str(self.authority), "-w", told]
        done = self.exec(host, ["curl", *how, *options, url], limit_s + 5)
        body, _, last = done.stdout.rpartition("\n")
        status, _, address = last.partition(" ")
        return Got(done.returncode, int(status or 0), body, address)

    def kdig(self, host: str, *arguments: str) -> list[str]:
        """Return the short answer of kdig, which speaks DoT (+tls) and DoH (+https) too."""
        done = self.exec(host, ["kdig", "+short", "+retry=0", "+timeout=3", *arguments])
        return [line for line in done.stdout.splitlines() if not line.startswith(";;")]

    def stay(self, host: str, client: str, name: str, *arguments: str) -> Open:
        """Start one of `tests.lab.clients` (download, ws, quic, game) in a device."""
        return Open(self, self.popen(host, self.python(f"tests.lab.clients.{client}", name, *arguments), cwd=ROOT))

    def download(self, host: str, name: str, *arguments: str, kbit: int = 2000) -> Open:
        """Begin a download that never ends."""
        return self.stay(host, "download", name, "--path", f"/big?kbit={kbit}", *arguments)

    def ws(self, host: str, name: str, *arguments: str) -> Open:
        """Open a WebSocket that speaks ten times a second."""
        return self.stay(host, "ws", name, *arguments)

    def udp_game(self, host: str, name: str, *arguments: str) -> Open:
        """Play: a datagram every 50 ms each way, to port 3074 unless told otherwise."""
        return self.stay(host, "game", name, *arguments)

    def quic(self, host: str, name: str, *arguments: str, kbit: int = 2000) -> Open:
        """Begin a download over HTTP/3 that never ends."""
        return self.stay(host, "quic", name, "--path", f"/big?kbit={kbit}", *arguments)

    def quic_once(self, host: str, name: str, *arguments: str) -> dict[str, Any]:
        """Ask a site over HTTP/3 once; return what it says, or only `how` it ended."""
        done = self.stay(host, "quic", name, "--once", *arguments)
        told = done.wait("answer", "closed")
        return dict(json.loads(told["how"])) if told["what"] == "answer" else {"how": told["how"]}

    def lease(self, host: str, tries: int = 4) -> str:
        """Ask for an address by DHCP, each 2 s; return what the device has then, empty when nobody answers.

        dnsmasq takes 3 s for its first answer: it looks first whether somebody has the address.
        """
        script = self.folder / LEASED.name
        shutil.copyfile(LEASED, script)
        script.chmod(0o755)
        told = ["-f", "-n", "-q", "-t", str(tries), "-T", "2", "-i", "eth0", "-s", str(script)]
        self.exec(host, ["busybox", "udhcpc", *told])
        shown = self.exec(host, ["ip", "-j", "-4", "addr", "show", "eth0"]).stdout
        return next((str(one["local"]) for link in json.loads(shown) for one in link.get("addr_info", ())), "")

    @contextmanager
    def browser(self, host: str, *flags: str) -> Iterator[Browser]:
        """Give Chromium in a device, which takes any certificate."""
        folder = self.folder / f"chromium-{host}"
        folder.mkdir(exist_ok=True)
        with chromium(folder, net.inside(self.name, host, []), "--ignore-certificate-errors", *flags) as browser:
            yield browser

    def fetch(self, browser: Browser, url: str) -> dict[str, str] | str:
        """Return what a page of the lab says in a browser, or the browser's word for what went wrong."""
        page = browser.new_page()
        try:
            reply = page.goto(url, timeout=WAIT_S * 1000)
            assert reply is not None
            return dict(reply.json())
        except PlaywrightError as error:
            return error.message.split(" at ")[0].removeprefix("Page.goto: ")
        finally:
            page.close()


@contextmanager
def gateway(
    name: str, folder: Path, kind: Kind = Kind.TWO, *, dhcp: bool = False, records: Iterable[str] = ()
) -> Iterator[Gateway]:
    """A gateway home that is up inside the `with`, and gone after it; its box does nothing yet.

    `records` are more names of its internet ("name TYPE data").
    """
    need_lab()
    options = ["--gateway", kind.value, *(["--dhcp"] if dhcp else []), *(f"--record={one}" for one in records)]
    done = script("up", "--name", name, *options)
    assert done.returncode == 0, done.stderr
    up = Gateway(name, folder, Plan(kind, dhcp))
    try:
        up.open_internet()
        yield up
    finally:
        up.close()
        done = script("down", "--name", name)
        assert (done.returncode, done.stderr) == (0, "")


@contextmanager
def guarding(lab: Gateway, data: Path, house: str = HOUSE, **settings: object) -> Iterator[Appliance]:
    """Kindgate as the gateway, until the block ends; `settings` go into the section `gateway`."""
    data.mkdir()
    appliance = Appliance(lab, data)
    appliance.apply(house)
    config = data / "appliance.yaml"
    config.write_text(yaml.safe_dump(configuration(lab.plan, **settings)))
    process = lab.popen("appliance", [str(KINDGATE), "run", "--data", str(data), "--config", str(config)])
    try:
        wait_until(lambda: "Try " in lab.output(process), "Kindgate", START_S)
        wait_until(lambda: is_looking(appliance), "the guard", START_S)
        yield appliance
    finally:
        # Shown by pytest where the test fails.
        sys.stdout.write(lab.output(process))
        lab.stop(process)
    assert "Traceback" not in lab.output(process)


def is_looking(appliance: Appliance) -> bool:
    """Say whether every worker of the guard decides by the house."""
    workers = appliance.status("guard").get("workers", [])
    return bool(workers) and all(one["problem"] is None for one in workers)


def cuts(box: Appliance, person: str, role: str, since: float, limit_s: float = LOOKED_AGAIN_S) -> list[dict[str, Any]]:
    """Return what a role is told of a person's connections that were ended since a time; nothing after the limit."""
    asked = {"ask": "events", "kinds": ["connections_cut"], "person": person, "role": role}
    deadline = time.monotonic() + limit_s
    while True:
        told = [one for one in box.ask("steward", asked)["events"] if one["at"] >= since]
        if told or time.monotonic() > deadline:
            return [one["args"] for one in told]


def configuration(plan: Plan, **settings: object) -> dict[str, object]:
    """Return what the installer of a gateway home writes."""
    where: dict[str, object] = {"lan": "eth0"}
    if plan.kind is Kind.TWO:
        where |= {"wan": "eth1", "address": f"{plan.box.v4}/24"}
    return {
        "dns": ["0.0.0.0:53", "[::]:53"],
        "web": ["0.0.0.0:443", "[::]:443"],
        "plain": ["0.0.0.0:80", "[::]:80"],
        "upstreams": [net.INTERNET.v4],
        "gateway": where | {"dhcp": "on" if plan.dhcp else "off"} | settings,
    }
