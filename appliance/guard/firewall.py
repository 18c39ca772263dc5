"""The kernel's rules of gateway mode: loaded whole or not at all, kept to who the devices are, removed whole."""

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from appliance.config import Gateway
from appliance.guard import queuerules
from appliance.guard.kept import Kept
from appliance.guard.manners import Manners
from appliance.guard.ruleset import FILE, TABLE, Network, render, render_kept, render_manners
from appliance.world import rules

LIMIT_S: Final = 20.0
"""How long a program may take; one that waits for another's lock takes a moment."""

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PACKAGES = {"nft": "nftables"}
_NOTHING = f"add table inet {TABLE}\ndelete table inet {TABLE}\n"
"""Deletes the table, whether or not it is there."""

Run = Callable[[Sequence[str], str], str]


class FirewallError(OSError):
    """The kernel's rules could not be changed: they are as they were."""


def run_program(argv: Sequence[str], stdin: str) -> str:
    """Return what a program printed. Raises FirewallError, with its own words."""
    program = argv[0]
    try:
        done = subprocess.run(
            argv, input=stdin, env=_ENVIRONMENT, timeout=LIMIT_S, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise FirewallError(f"{program} is missing: install {_PACKAGES.get(program, 'iptables')}") from error
    except subprocess.TimeoutExpired as error:
        raise FirewallError(f"{program} did not end within {LIMIT_S:.0f} s") from error
    if done.returncode:
        raise FirewallError(f"{program}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return done.stdout


class Firewall:
    """Our table and our chain of queue rules, in the network namespace of this process."""

    def __init__(self, gateway: Gateway, queues: int, run: Run = run_program) -> None:
        """`queues` is how many processes look at connections: each has one queue that fails open, and one closed."""
        self._gateway = gateway
        self._queues = queues
        self._run = run
        self._manners = Manners()

    def up(self, home: Sequence[Network] = (), *, manners: Manners | None = None, has_v6: bool | None = None) -> None:
        """Load everything, in place of what was there of ours; open connections keep their marks. Raises FirewallError.

        The devices are known from the first packet on: by default those that were set last. The rest as in `render`.
        Without the table nothing bears a mark, so that the queue rules, which come first, do nothing by themselves.
        """
        self._manners = manners or self._manners
        try:
            template = (rules.folder() / FILE).read_text(encoding="utf-8")
            script = render(template, self._gateway, home, has_v6=has_v6) + render_manners(self._manners)
        except (OSError, ValueError) as error:
            raise FirewallError(f"the rules of the firewall: {error}") from error
        try:
            self._restore(lambda listing: queuerules.install(listing, self._queues))
            self._nft(script)
        except FirewallError:
            if not self.is_up():
                with suppress(FirewallError):
                    self._restore(queuerules.remove)
            raise

    def is_up(self) -> bool:
        """Our table is there, by whomever it was loaded."""
        try:
            return f"table inet {TABLE}" in self._run(("nft", "list", "tables", "inet"), "").splitlines()
        except FirewallError:
            return False

    def set_manners(self, manners: Manners) -> None:
        """Have the table know these devices instead of those before, all at once. Raises FirewallError.

        What is open stays as it was decided.
        """
        try:
            script = render_manners(manners)
        except ValueError as error:
            raise FirewallError(f"the devices: {error}") from error
        self._nft(script)
        self._manners = manners

    def set_kept(self, kept: Mapping[int, Kept]) -> None:
        """Keep these persons, by number, to known addresses, and nobody else; `up` keeps nobody. Raises FirewallError.

        What is open stays.
        """
        try:
            script = render_kept(kept)
        except ValueError as error:
            raise FirewallError(f"the devices: {error}") from error
        self._nft(script)

    def strange(self) -> dict[tuple[str, int], int]:
        """Return how often each device (MAC, number of its person) began a connection to an address not given to it.

        Since `up`; refused or not. Raises FirewallError.
        """
        listed = self._run(("nft", "-j", "list", "set", "inet", TABLE, "strange"), "")
        return dict(_counted(listed))

    def down(self) -> None:
        """Remove everything that is ours; nothing happens where nothing is. Raises FirewallError."""
        self._nft(_NOTHING)
        self._restore(queuerules.remove)

    def _nft(self, script: str) -> None:
        self._run(("nft", "-f", "-"), script)

    def _restore(self, script: Callable[[str], str]) -> None:
        for program in ("iptables-nft", "ip6tables-nft"):
            listing = self._run((program, "-t", queuerules.TABLE, "-S", queuerules.HOOK), "")
            self._run((f"{program}-restore", "--noflush"), script(listing))


def _counted(listed: str) -> Iterator[tuple[tuple[str, int], int]]:
    """Yield the elements of a set of MACs and numbers, as nft lists it, with how many packets met each."""
    for part in msgspec.json.decode(listed, type=dict[str, list[dict[str, Any]]])["nftables"]:
        for told in part.get("set", {}).get("elem", ()):
            mac, number = told["elem"]["val"]["concat"]
            yield (str(mac), int(number)), int(told["elem"]["counter"]["packets"])
