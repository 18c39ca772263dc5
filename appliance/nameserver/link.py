"""What the nameserver daemon and its workers tell each other; both are always of one version."""

import msgspec

from appliance.core.budget import Minutes
from appliance.core.whom import Whom
from appliance.nameserver.recent import Entry
from appliance.nameserver.standing import Health
from appliance.nameserver.things import Asked


class Listener(msgspec.Struct, frozen=True):
    """A socket that a worker inherits."""

    fd: int
    is_tcp: bool


class Begin(msgspec.Struct, frozen=True, tag=True):
    """The first thing that a worker hears."""

    listeners: tuple[Listener, ...]
    whom: Whom
    cache_octets: int
    serves_stale: bool = True
    """Whether an answer may be given out after its end, where there is no newer one."""
    rate_qps: int = 0
    """How many queries a second each client may ask, of all workers together; 0 for no limit."""
    workers: int = 1
    box: str = ""
    """The word by which the box knows questions of its own that come back; empty where nobody looks for them."""
    guarded: str | None = None
    """The data folder on whose bus a guard is to be told of addresses before they are given out; None without one."""
    data: str | None = None
    """The data folder on whose bus guesses at new names are asked for; None where nobody is asked."""


class Adopt(msgspec.Struct, frozen=True, tag=True):
    """Run this house (the text of a snapshot); None is a box without one."""

    snapshot: bytes | None


class TakeTime(msgspec.Struct, frozen=True, tag=True):
    """Go by the uptime and this offset (seconds); `is_doubted`: it is the best guess."""

    offset: float
    is_doubted: bool


class TakeMinutes(msgspec.Struct, frozen=True, tag=True):
    """Decide by these counted minutes from now on."""

    minutes: Minutes


class TakeLists(msgspec.Struct, frozen=True, tag=True):
    """Decide by the file of all lists at this path from now on; an empty digest is a house without lists."""

    path: str
    digest: str
    fd: int | None = None
    """The file itself, inherited: for a worker that starts."""


class Watch(msgspec.Struct, frozen=True, tag=True):
    """Run these troubleshooting sessions and no others: device → for how many seconds from now."""

    left_s: dict[str, float]


class AskEntries(msgspec.Struct, frozen=True, tag=True):
    """Tell what you wrote of recent queries, of a device or a person where that is said, or of the sessions."""

    token: int
    of_sessions: bool = False
    device: str | None = None
    person: str | None = None


class AskGiven(msgspec.Struct, frozen=True, tag=True):
    """Tell for which names you gave these devices these addresses; None is one that nobody named."""

    token: int
    askers: tuple[tuple[str | None, str], ...]


class AskThings(msgspec.Struct, frozen=True, tag=True):
    """Tell what a thing asked for."""

    token: int
    device: str


class AskAddresses(msgspec.Struct, frozen=True, tag=True):
    """Tell which addresses you gave a person."""

    token: int
    person: str


class InForceNow(msgspec.Struct, frozen=True, tag=True):
    """A worker runs this revision, or says why it does not run the one that it was told."""

    revision: int
    digest: str
    problem: str | None = None


class ListsNow(msgspec.Struct, frozen=True, tag=True):
    """A worker decides by the lists of this digest, or says why not by those that it was told."""

    digest: str
    problem: str | None = None


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """How often something was decided for a person; a name is there only where the contract lets it be written."""

    person: str | None
    row: str
    category: str
    action: str
    name: str | None
    count: int


class Blocked(msgspec.Struct, frozen=True, array_like=True):
    """Malware that was blocked; the category is empty where the contract shows none."""

    person: str | None
    category: str
    device: str | None
    at: float


class Screened(msgspec.Struct, frozen=True, array_like=True):
    """How often a person asked for names whose minutes count; a service only where a budget is about it."""

    person: str
    service: str | None
    category: str
    times: int


class News(msgspec.Struct, frozen=True, tag=True):
    """A worker's heartbeat: what it counted since the last one.

    The persons' counts come with the house's local day, screen time with the POSIX minute (seconds // 60).
    """

    counts: dict[str, int]
    day: str = ""
    tally: tuple[Counted, ...] = ()
    malware: tuple[Blocked, ...] = ()
    minute: int = 0
    screens: tuple[Screened, ...] = ()
    servers: tuple[Health, ...] = ()
    """How each upstream has been doing since the worker began."""


class Entries(msgspec.Struct, frozen=True, tag=True):
    """What a worker wrote of recent queries, the newest first, and how many made room for others."""

    token: int
    entries: tuple[Entry, ...]
    dropped: int


class GivenNow(msgspec.Struct, frozen=True, tag=True):
    """A worker's names and when it gave them (POSIX seconds), the latest first, for each that was asked about."""

    token: int
    names: tuple[tuple[tuple[str, float], ...], ...]
    whole_s: float
    """For how long none has been missing."""


class ThingsNow(msgspec.Struct, frozen=True, tag=True):
    """What a thing asked a worker for, in the order of the names, and whether it seems to be a thing."""

    token: int
    asked: tuple[Asked, ...]
    is_thing: bool


class AddressesNow(msgspec.Struct, frozen=True, tag=True):
    """The addresses that a worker gave a person, the latest first, each with how long it may still be held."""

    token: int
    given: tuple[tuple[str, float], ...]
    is_telling: bool
    """It tells the guard of others before they are given out."""


class Sighted(msgspec.Struct, frozen=True, tag=True):
    """A question of the doctor arrived."""

    sight: dict[str, object]


ToWorker = Begin | Adopt | TakeTime | TakeMinutes | TakeLists | Watch | AskEntries | AskGiven | AskAddresses | AskThings
FromWorker = InForceNow | ListsNow | News | Sighted | Entries | GivenNow | AddressesNow | ThingsNow
TO_WORKER: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)
FROM_WORKER: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
