"""`kindgate run`: the daemons, kept alive for people without systemd."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import click

from appliance.commands.options import EXIT_USAGE, Misused, Told, upstreams_of, with_listening, worker_count
from appliance.commands.web import greeting_of, web_words, with_web
from appliance.config import Config, Endpoint
from appliance.nameserver.daemon import NAME as NAMESERVER
from appliance.web import clerk
from appliance.world import bus, clock, life

RESTART_S = 0.1
RESTART_MAX_S = 5.0
HEALTHY_S = 10.0
READY_S = 10.0
STOP_S = 8.0
FREE_S = 3.0


@click.command()
@with_web
@with_listening
def run(told: Told) -> None:
    """Run Kindgate: all its daemons, started again when one dies, stopped cleanly by Ctrl-C."""
    _require_free(told.config)
    with contextlib.suppress(OSError):
        # Without a data folder there is no house and no bus; DNS is answered all the same.
        told.data.mkdir(parents=True, exist_ok=True, mode=0o750)
    sys.exit(asyncio.run(_supervise(told)))


def _require_free(told: Config) -> None:
    """Refuse a port that is taken. Raises Misused.

    Workers share their port, so that a second Kindgate of the same user would silently get half of the questions. One
    that was killed leaves workers behind for a moment.
    """
    until = clock.uptime() + FREE_S
    for endpoint in told.listen:
        while not _is_free(endpoint):
            if clock.uptime() > until:
                raise Misused(f"can't listen on {endpoint}: {os.strerror(errno.EADDRINUSE)}")
            clock.pause(0.05)


def _is_free(endpoint: Endpoint) -> bool:
    family = socket.AF_INET6 if endpoint.is_v6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as alone:
            if endpoint.is_v6:
                alone.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            alone.bind((endpoint.address, endpoint.port))
    except OSError as error:
        # Whatever else is the matter, the nameserver will say it.
        return error.errno != errno.EADDRINUSE
    return True


def _daemons(told: Told) -> list[tuple[str, tuple[str, ...]]]:
    """Return each daemon's command with its words, the nameserver first."""
    web, plain = (tuple(str(one) for one in listen) for listen in (told.config.web_listen, told.config.plain_listen))
    daemons = [
        (NAMESERVER, (*told.place, *told.words)),
        ("steward", told.place),
        ("finder", told.place),
        ("web", (*told.place, *web_words(web, plain))),
    ]
    return daemons if told.config.gateway is None else [*daemons, ("guard", told.place)]


async def _supervise(told: Told) -> int:
    """Keep the daemons alive until a signal or a fault that a restart does not mend; return the exit status."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    nameserver_stopping = asyncio.Event()
    (first, *others) = (
        asyncio.create_task(_keep(name, words, nameserver_stopping if name == NAMESERVER else stopping))
        for name, words in _daemons(told)
    )
    greeter = asyncio.create_task(_greet(told.config, told.data))
    await asyncio.wait([first, *others, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    greeter.cancel()
    statuses = await asyncio.gather(*others)
    # The last to end: the steward fetches from it what isn't on the disk yet.
    nameserver_stopping.set()
    return max(await first, *statuses)


async def _keep(name: str, arguments: tuple[str, ...], stopping: asyncio.Event) -> int:
    """Run a daemon, again and again, until it is to stop or its settings are wrong."""
    pause = RESTART_S
    while True:
        began = clock.uptime()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "appliance", name, *arguments,
            stdin=asyncio.subprocess.PIPE, env=os.environ | {life.SUPERVISED: "1"},
        )  # fmt: skip
        ended = asyncio.create_task(process.wait())
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait([ended, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if stopping.is_set():
            await life.end(process, STOP_S)
            return 0
        if process.returncode == EXIT_USAGE:
            return EXIT_USAGE
        pause = RESTART_S if clock.uptime() - began > HEALTHY_S else min(RESTART_MAX_S, pause * 2)
        click.echo(f"The {name} ended ({process.returncode}) and is started again.", err=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stopping.wait()
        if stopping.is_set():
            return 0


async def _greet(told: Config, where: Path) -> None:
    """Say where to go, once the nameserver answers and the dashboard is there."""
    status = await _ready(where, NAMESERVER, _has_a_house)
    web = await _ready(where, clerk.NAME, lambda _: True)
    upstreams = ", ".join(str(one) for one in upstreams_of(told).servers) or "none: only blocked names are answered"
    revision = status.get("revision")
    house = f"revision {revision}" if revision else "none yet: every device is unknown"
    first = told.listen[0]
    server = f"@{first.address} -p {first.port}"
    lines = [
        ("DNS", f"{', '.join(told.dns)} ({worker_count(told)} workers)"),
        ("Upstream", upstreams),
        ("House", house),
        ("Data", str(where)),
        *greeting_of(where, told),
        ("Try", f"dig {server} malware.kindgate.test"),
    ]
    lines += [] if web else [("Warning", "the dashboard has not started yet")]
    lines += [("Warning", str(status["problem"]))] if status.get("problem") else []
    click.echo("Kindgate is running. Ctrl-C stops it.")
    for word, line in lines:
        click.echo(f"  {word:<11} {line}")


async def _ready(where: Path, name: str, is_ready: Callable[[dict[str, object]], bool]) -> dict[str, object]:
    """Return a daemon's status once it is ready, its last one or none when that takes too long."""
    until = clock.uptime() + READY_S
    status: dict[str, object] = {}
    while clock.uptime() < until:
        with contextlib.suppress(bus.BusError):
            status = await asyncio.to_thread(bus.ask, where, name, {"ask": "status"})
            if is_ready(status):
                break
        await asyncio.sleep(0.05)
    return status


def _has_a_house(status: dict[str, object]) -> bool:
    workers = status.get("workers")
    return isinstance(workers, list) and all(worker["digest"] is not None for worker in workers)
