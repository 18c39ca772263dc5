"""What the guard's queue workers tell the daemon, as JSON lines over a socket pair; both are always of one version."""

import msgspec


class Settled(msgspec.Struct, frozen=True):
    """A worker decided a connection: its packet bears `mark` from now on."""

    protocol: int
    client: bytes
    client_port: int
    server: bytes
    server_port: int
    device: str | None
    """The id of the device, None for one that nobody named."""
    name: str | None
    """In normal form; in memory only, never in a log or a file."""
    kind: str
    """`Kind`'s value."""
    mark: int
    state: int
    """By which orders it was decided (`Orders.state`)."""
    until: float | None
    """When it could be decided otherwise (POSIX seconds)."""
    is_open: bool
    is_blind: bool = False
    """It has no name, and the nameserver didn't say in time whether the device was given its address for one."""
    signs: tuple[tuple[str, str], ...] = ()
    """Ways round that are closed to the device and that it shows: (category, sign)."""
    shows: tuple[tuple[str, int], ...] = ()
    """All signs that it shows, to judge it again by: (sign, `Confidence`)."""


class Told(msgspec.Struct, frozen=True, tag=True):
    """What a worker decided in a moment, in order."""

    settled: tuple[Settled, ...]


class Running(msgspec.Struct, frozen=True, tag=True):
    """A worker's heartbeat: which house it runs, and what it counted since the last one."""

    revision: int
    digest: str
    problem: str | None
    counts: dict[str, int]


FromWorker = Told | Running
FROM_WORKER: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
