"""The options that commands share, and what they stand for."""

import os
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import wraps
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from appliance.config import MAX_WORKERS, Config, Endpoint, ask_plainly, load_config
from appliance.core.document import DocumentError
from appliance.core.document import Path as Steps
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.rulebook import Rulebook, RulebookError
from appliance.core.whom import Whom
from appliance.core.wire import mnemonics
from appliance.nameserver import sockets
from appliance.world import clock, rules
from appliance.world.resolvers import system_resolvers

SYSTEM_CONFIG = Path("/etc/kindgate/appliance.yaml")
EXIT_USAGE = 2

Command = TypeVar("Command", bound=Callable[..., object])


class Fault(click.ClickException):
    """A command can't do what it was told."""

    exit_code = 1


class Misused(Fault):
    """The command line or the configuration is wrong; trying again as it stands is of no use."""

    exit_code = EXIT_USAGE


def with_place(command: Command) -> Command:
    """Give a command `--data` and `--config`."""
    command = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="The data folder. Default: $KINDGATE_DATA, else the configuration's, else ~/.local/share/kindgate.",
    )(command)
    return click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        help="What the installer set. Default: /etc/kindgate/appliance.yaml, if there is one.",
    )(command)


class Told(msgspec.Struct, frozen=True):
    """What a nameserver is told: the settings, its data folder, and the words that tell another process the same."""

    config: Config
    data: Path
    place: tuple[str, ...]
    """`--data` and `--config`, which every daemon takes."""
    words: tuple[str, ...]
    """Where to listen and whom to ask."""


def with_listening(command: Callable[[Told], None]) -> Callable[..., None]:
    """Give a command the options of a nameserver, and the command what they say."""

    @click.option(
        "--dns",
        multiple=True,
        metavar="ADDR:PORT",
        help="Where DNS is answered, [v6]:PORT for IPv6; may be given again. Default: 127.0.0.1:5300.",
    )
    @click.option(
        "--workers",
        type=click.IntRange(1, 64),
        metavar="N",
        help=f"Worker processes. Default: one a core, at most {MAX_WORKERS}.",
    )
    @click.option(
        "--upstream",
        "upstreams",
        multiple=True,
        metavar="SERVER",
        help="Who is asked: ADDR[:PORT], tls:// or https://; may be given again. Default: the system's resolvers.",
    )
    @with_place
    @wraps(command)
    def told(
        dns: tuple[str, ...],
        workers: int | None,
        upstreams: tuple[str, ...],
        data: Path | None,
        config: Path | None,
        **other: tuple[str, ...],
    ) -> None:
        settings = configured(config, dns=dns, workers=workers, upstreams=upstreams, **other)
        where = data_folder(data, settings)
        place = ["--data", str(where), *(("--config", str(config)) if config else ())]
        words = [word for address in dns for word in ("--dns", address)]
        words += [word for address in upstreams for word in ("--upstream", address)]
        words += ["--workers", str(workers)] if workers else []
        command(Told(settings, where, tuple(place), tuple(words)))

    return told


def configured(config: Path | None, **given: object) -> Config:
    """Return the configuration of a file with what the command line says in its place. Raises Fault."""
    path = config or (SYSTEM_CONFIG if SYSTEM_CONFIG.is_file() else None)
    try:
        told = {key: value for key, value in given.items() if value not in (None, ())}
        configuration = msgspec.structs.replace(load_config(path), **told)
    except DocumentError as error:
        raise Misused("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from error
    except (OSError, ValueError) as error:
        raise Misused(str(error)) from error
    if not configuration.dns:
        raise Misused(f"{path}: dns: needs an address to answer at")
    return configuration


def config_folder(config: Path | None) -> Path:
    """Return the folder of the configuration, whose folder `lists` is where ``file:`` lists lie."""
    return (config or SYSTEM_CONFIG).absolute().parent


def bundled_rules() -> Rulebook:
    """Return the bundled rules. Raises Fault."""
    try:
        return rules.load_rulebook()
    except (RulebookError, OSError) as error:
        raise Fault(f"the bundled rules can't be read: {error}") from error


def child_of(house: House, word: str, why_no_adult: str) -> Person:
    """Return a child by id or name. Raises Fault."""
    found = next((one for one in house.persons if word.lower() in (one.id, one.name.lower())), None)
    if found is None:
        known = ", ".join(one.id for one in house.persons) or "nobody"
        raise Fault(f"there is no person {word!r}; known: {known}")
    if found.kind is PersonKind.ADULT:
        raise Fault(f"{found.name} is an adult: {why_no_adult}")
    return found


def place_of(path: Steps) -> str:
    """Return where in a house something stands, as a person counts: ``persons.#1.band``."""
    return ".".join(f"#{step + 1}" if isinstance(step, int) else step for step in path)


def moment_of(text: str | None, zone: tzinfo) -> float:
    """Return a time in POSIX seconds; one without an offset is by the house's clock. Raises Fault."""
    if text is None:
        return clock.now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Fault(f"{text!r} is not a time (2026-11-22T21:00)") from error
    if not 1970 < moment.year < 9999:
        raise Fault(f"{text!r} is too far from now")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def dns_type(text: str) -> int:
    """Return the number of a DNS type. Raises Fault."""
    word = text.upper()
    number = mnemonics.QTYPES.get(word, int(word[4:]) if word.startswith("TYPE") and word[4:].isdecimal() else None)
    if number is None:
        raise Fault(f"{text!r} is not a DNS type that is known here; write TYPE65 for the rest")
    return number


def data_folder(data: Path | None, config: Config) -> Path:
    """Return the data folder: as told, as the environment has it, as configured, or the user's own."""
    if data is not None:
        return data.absolute()
    told = os.environ.get("KINDGATE_DATA") or config.data
    if told:
        return Path(told).absolute()
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "kindgate"


def worker_count(config: Config) -> int:
    """Return how many workers to run."""
    return config.workers or min(MAX_WORKERS, len(os.sched_getaffinity(0)))


def upstreams_of(config: Config) -> Whom:
    """Return who is asked: as configured, else the system's resolvers but for ourselves."""
    asked = config.asked
    if asked.servers:
        return asked
    found = ask_plainly(one for one in system_resolvers() if not is_ourselves(one, config))
    return msgspec.structs.replace(asked, servers=found.servers)


def is_ourselves(endpoint: Endpoint, config: Config) -> bool:
    """Say whether asking an endpoint would be asking this very nameserver."""
    return any(
        own == endpoint
        or (own.port == endpoint.port and own.address in (sockets.ANY_V4, sockets.ANY_V6) and _is_loopback(endpoint))
        for own in config.listen
    )


def _is_loopback(endpoint: Endpoint) -> bool:
    return endpoint.address.startswith("127.") or endpoint.address == "::1"
