"""Kindgate running in the lab's appliance, with a house that tells the tablet from the laptop."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.lab.home import Home, wait_until

KINDGATE = Path(sys.executable).with_name("kindgate")
START_S = 60.0
_PORTS = count(8080)
CLOSED, OPEN = "0.0.0.0", "203.0.113.10"
"""What www.example.com gives the tablet, and what it gives the laptop."""

HOUSE = """\
version: 1
forwarders:
  - {{id: router, addresses: [192.168.77.1, "fd77::1"], options: [{options}]}}
persons:
  - {{id: kim, name: Kim, band: 6-9, rules: [{{name: example.com, do: {tablet}}}]}}
  - {{id: sam, name: Sam, band: 13-15}}
devices:
  - {{id: tablet, person: kim, kind: tablet, macs: ["02:77:00:00:00:10"], addresses: [{tablet_addresses}]}}
  - {{id: laptop, person: sam, kind: laptop, macs: ["02:77:00:00:00:11"], addresses: [192.168.77.11, "fd77::11"]}}
"""


def house(tablet: str = "block", options: str = "mac, subnet") -> str:
    """A house in which the tablet may not have example.com and the laptop may."""
    return HOUSE.format(tablet=tablet, options=options, tablet_addresses='192.168.77.10, "fd77::10"')


class Appliance:
    """`kindgate run` in the lab."""

    def __init__(self, lab: Home, data: Path) -> None:
        self.lab = lab
        self.data = data

    def kindgate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `kindgate` in the appliance."""
        return self.lab.exec("appliance", [str(KINDGATE), *arguments, "--data", str(self.data)])

    def apply(self, text: str, status: int = 0) -> None:
        """Put a house in force; 3 is one that is published, and that not every daemon runs."""
        file = self.data / "house.yaml"
        file.write_text(text)
        done = self.kindgate("house", "apply", str(file))
        assert done.returncode == status, done.stderr

    def counts(self) -> dict[str, int]:
        """What the nameserver's workers counted."""
        return dict(self.status("nameserver")["counts"])

    def status(self, daemon: str) -> dict[str, Any]:
        """What a daemon says of itself; nothing where it doesn't answer."""
        return self.ask(daemon, {"ask": "status"})

    def ask(self, daemon: str, request: dict[str, Any]) -> dict[str, Any]:
        """What a daemon answers; nothing where it doesn't."""
        code = (
            "import sys, json; from pathlib import Path; from appliance.world import bus; "
            "print(json.dumps(bus.ask(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))))"
        )
        argv = [sys.executable, "-c", code, str(self.data), daemon, json.dumps(request)]
        done = self.lab.exec("appliance", argv)
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def findings(self) -> dict[str, str]:
        """What `kindgate check` says: words → level."""
        done = self.kindgate("check", "--json")
        return {finding["what"]: finding["level"] for finding in json.loads(done.stdout)}


@contextmanager
def running(lab: Home, data: Path, *listen: str) -> Iterator[Appliance]:
    """Kindgate in the appliance, until the block ends."""
    data.mkdir()
    appliance = Appliance(lab, data)
    appliance.apply(house())
    where = [word for one in listen or ("192.168.77.2:53", "[fd77::2]:53") for word in ("--dns", one)]
    web = f"127.0.0.1:{next(_PORTS)}"
    argv = [str(KINDGATE), "run", "--data", str(data), "--upstream", "198.51.100.53", "--web", web, *where]
    process = lab.popen("appliance", argv)
    try:
        wait_until(lambda: "Kindgate is running" in lab.output(process), lab.output(process), START_S)
        yield appliance
    finally:
        lab.stop(process)
