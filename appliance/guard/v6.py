"""IPv6 for the devices behind the box: keeps what `v6plan` chose in force, and hears other routers on their network."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Address, IPv6Interface

from appliance.config import Gateway
from appliance.guard import links, ndp
from appliance.guard.links import PROTOCOL, NetworkError
from appliance.guard.listening import Listening
from appliance.guard.ndproxy import Proxied
from appliance.guard.sidedoor import SideDoor, SideDoors
from appliance.guard.v6plan import Found, Mode, Plan, Why, choose
from appliance.world import clock
from appliance.world.neighbours import gateways

LOOK_S = 5.0
"""How often the kernel's tables are read: a prefix comes and goes with the provider."""
RENEW_S = 60.0
FAREWELLS = 3
"""How often devices are told that the box is no router: one frame may be lost."""

log = logging.getLogger(__name__)


class V6:
    """Runs until it is taken down; says which `plan` is in force."""

    def __init__(
        self,
        gateway: Gateway,
        changed: Callable[[], None] = lambda: None,
        side_door: Callable[[SideDoor], None] = lambda _: None,
    ) -> None:
        """Have `changed` called when `plan` is another one, and `side_door` when another router appears."""
        self._gateway = gateway
        self._changed = changed
        self.plan = Plan(Mode.OFF, why=Why.NO_PREFIX)
        self._problem: str | None = None
        self._settings = links.Settings()
        self._doors = SideDoors(side_door)
        self._inside: Listening | None = None
        self._outside: Listening | None = None
        self._proxied: Proxied | None = None
        self._farewells = 0
        self._renew_at = 0.0
        self._is_due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def up(self) -> None:
        """Begin. Raises NetworkError where an interface is missing."""
        lan, wan = self._gateway.lan, self._gateway.wan
        links.index_of(lan)
        if self._settings.get("conf/all/forwarding") is None:
            self.plan = Plan(Mode.OFF, why=Why.KERNEL)
            return
        try:
            self._inside = self._hear(lan, self._heard_inside)
            if wan is not None and not self._gateway.is_one_armed:
                # What the box asks for there, because it has something for it, may be behind it.
                self._outside = self._hear(wan, self._heard_outside, own_questions=True)
                # No router on the devices' side is believed.
                self._settings.set(f"conf/{lan}/accept_ra", "0")
        except PermissionError as error:
            await self.down()
            raise NetworkError("neighbours can't be heard: this needs CAP_NET_RAW") from error
        self._farewells = FAREWELLS
        await self._look()
        self._task = asyncio.create_task(self._tend())

    async def down(self) -> None:
        """Take away what was put, and tell the devices that the box is no router for IPv6."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self.plan.mode is not Mode.OFF:
            await self._change(Plan(Mode.OFF, why=Why.SET))
        loop = asyncio.get_running_loop()
        for listening in (self._inside, self._outside):
            if listening is not None:
                loop.remove_reader(listening.fileno())
                listening.close()
        self._inside = self._outside = None
        self._settings.restore()

    def status(self) -> dict[str, object]:
        """Return how it stands, as the bus tells it."""
        return {
            "mode": self.plan.mode.value,
            "why": self.plan.why.value if self.plan.why else None,
            "neighbours": len(self._proxied) if self._proxied else 0,
            "refused": self._proxied.refused if self._proxied else 0,
            "problem": self._problem,
        }

    def side_doors(self) -> list[dict[str, object]]:
        """Return the other routers that speak on the devices' network now."""
        return self._doors.plain(clock.uptime())

    def _hear(self, interface: str, take: Callable[[ndp.Message], None], *, own_questions: bool = False) -> Listening:
        listening = Listening(interface, take, own_questions=own_questions)
        asyncio.get_running_loop().add_reader(listening.fileno(), self._read, listening)
        return listening

    def _read(self, listening: Listening) -> None:
        try:
            listening.read()
        except NetworkError as error:
            asyncio.get_running_loop().remove_reader(listening.fileno())
            self._problem = str(error)

    def _heard_inside(self, message: ndp.Message) -> None:
        if isinstance(message, ndp.Advertised):
            self._doors.heard(message, clock.uptime())
        elif self._proxied is not None:
            before = len(self._proxied)
            self._proxied.heard_inside(message, clock.uptime())
            if len(self._proxied) != before:
                self._is_due.set()

    def _heard_outside(self, message: ndp.Message) -> None:
        if isinstance(message, ndp.Advertised):
            self._is_due.set()
        elif self._proxied is not None:
            before = len(self._proxied)
            self._proxied.heard_outside(message, clock.uptime())
            if len(self._proxied) != before:
                self._is_due.set()

    async def _tend(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._is_due.wait()
            self._is_due.clear()
            await self._look()

    async def _look(self) -> None:
        """Read the kernel's tables, and do what they ask for."""
        try:
            found = await asyncio.to_thread(self._find)
            plan = choose(self._gateway, found, links.mac_of(self._gateway.lan))
            if plan != self.plan:
                await self._change(plan)
            if self._proxied is not None:
                await self._keep_proxied(self._proxied)
            if plan.mode is Mode.OFF and plan.why is not Why.ONE_ARMED and self._farewells and self._inside:
                self._farewells -= 1
                self._inside.take_back(())
        except OSError as error:
            self._say(str(error))
        else:
            self._say(None)

    def _find(self) -> Found:
        lan, wan = self._gateway.lan, self._gateway.wan
        own = self.plan.put
        inside = (one for one in links.addresses_of(links.index_of(lan)) if isinstance(one, IPv6Interface))
        if wan is None or self._gateway.is_one_armed:
            return Found()
        outside = (one for one in links.addresses_of(links.index_of(wan)) if isinstance(one, IPv6Interface))
        # The routes that come with an address that we have put there are no other's.
        routes = (one for one in links.routes() if own is None or not one.to.subnet_of(own.network))
        return Found(tuple(one for one in inside if one != own), tuple(outside), tuple(routes))

    async def _change(self, plan: Plan) -> None:
        """Put another plan in force."""
        before, self.plan = self.plan, plan
        lan, wan = self._gateway.lan, self._gateway.wan
        lines = []
        if self._proxied is not None:
            self._proxied.clear()
            lines, self._proxied = self._proxied.changes(), None
        if before.put is not None:
            lines.append(f"addr del {before.put} dev {lan}")
        await asyncio.to_thread(links.change, lines, is_lenient=True)
        if before.prefix is not None and before.prefix != plan.prefix and self._inside is not None:
            self._inside.take_back((before.prefix,))
            self._farewells = FAREWELLS
        if plan.put is not None:
            # A network that stands on the router's side too has its route there.
            flags = " noprefixroute" if plan.mode is Mode.PROXY else ""
            await asyncio.to_thread(links.change, [f"addr replace {plan.put} dev {lan} nodad{flags}"])
        if plan.mode is Mode.PROXY and wan is not None and plan.prefix is not None:
            self._settings.set(f"conf/{wan}/proxy_ndp", "1")
            self._settings.set(f"neigh/{wan}/proxy_delay", "0")
            self._proxied = await asyncio.to_thread(self._begin_proxy, plan, lan, wan)
        log.info("IPv6 for the devices: %s", plan.mode.value)
        self._changed()

    def _begin_proxy(self, plan: Plan, lan: str, wan: str) -> Proxied:
        assert plan.prefix is not None and self._inside is not None and self._outside is not None  # noqa: S101, PT018
        proxied = Proxied(plan.prefix, lan, wan, self._inside.ask_for, self._outside.ask_for)
        index = links.index_of(lan)
        ours = (one.to for one in links.routes() if one.interface == index and one.protocol == PROTOCOL)
        proxied.adopt((one.network_address for one in ours if one.prefixlen == 128), clock.uptime())
        return proxied

    async def _keep_proxied(self, proxied: Proxied) -> None:
        """Have the kernel answer for whom it should."""
        lan, wan = self._gateway.lan, self._gateway.wan

        def read() -> tuple[frozenset[IPv6Address], set[IPv6Address]]:
            indices = [links.index_of(name) for name in (lan, wan) if name is not None]
            own = {one.ip for index in indices for one in links.addresses_of(index) if isinstance(one, IPv6Interface)}
            routers = {IPv6Address(text.partition("%")[0]) for text in gateways() if ":" in text}
            return links.neighbours(indices[0]), own | routers

        alive, reserved = await asyncio.to_thread(read)
        proxied.reserve(reserved)
        if clock.uptime() >= self._renew_at:
            self._renew_at = clock.uptime() + RENEW_S
            proxied.renew()
        proxied.alive(alive, clock.uptime())
        await asyncio.to_thread(links.change, proxied.changes(), is_lenient=True)

    def _say(self, problem: str | None) -> None:
        if problem is not None and problem != self._problem:
            log.warning("IPv6 for the devices: %s", problem)
        self._problem = problem
