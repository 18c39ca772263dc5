"""What a list says: plain names, rules with more to them, and lines that say nothing here, with the reason."""

from collections.abc import Iterable
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

import msgspec

Address = IPv4Address | IPv6Address


class Syntax(Enum):
    """How a list is written."""

    AUTO = "auto"
    """By a look at the first lines: one of the others."""
    MIXED = "mixed"
    """Each line as what it looks like: hosts, a bare name (exact), ``*.name``, ``/regex/``, Adblock."""
    HOSTS = "hosts"
    ETC_HOSTS = "etc-hosts"
    """A box's own host table: every line gives addresses (and names to addresses), none blocks."""
    ADBLOCK = "adblock-dns"
    """AdGuard Home's: what MIXED takes, but a pattern without marks is a pattern."""
    WILDCARD = "wildcard-list"
    """``*.name``: the name and all below it."""
    EXACT = "domain-list-exact"
    DOMAINS = "domain-list"
    """Bare names, each with all below it (squidGuard, UT1)."""
    REGEX = "regex"
    """``/regex/``, one a line."""
    POSIX_REGEX = "posix-regex"
    """Pi-hole's: a bare regex with ``;querytype=``, ``;invert``, ``;reply=``."""
    DNSMASQ = "dnsmasq"
    RPZ = "rpz"


class Says(IntEnum):
    """What an entry of the file of all lists is; all but RULE need nothing more to be known."""

    BLOCK = 0
    """The name and all below it."""
    BLOCK_EXACT = 1
    ALLOW = 2
    ALLOW_EXACT = 3
    RULE = 4
    """A `Rule` that stands by this name; looked up by list and line."""
    BLOCK_BELOW = 5
    """All below the name, and not the name itself."""
    ALLOW_BELOW = 6


class Why(Enum):
    """Why a line says nothing here, or does not do what it says."""

    NOT_A_NAME = "not a name"
    UNKNOWN = "not understood"
    COSMETIC = "hides parts of pages, which a nameserver can't"
    MODIFIER = "a modifier that means nothing for DNS"
    BAD_MODIFIER = "a modifier with a value that can't be"
    BAD_REGEX = "a pattern that can't be used"
    BACK_REFERENCE = "a pattern with a back-reference or look-around, which we don't run"
    TOO_LONG = "longer than a line may be"
    TOO_WIDE = "would reach far more than a list may"
    REDIRECT = "would answer with other addresses, which this list may not"
    LOCALHOST = "a name of the machine itself"
    OVERRULED = "taken back by another line of the list"


class Rewrite(msgspec.Struct, frozen=True, array_like=True):
    """An answer that a list gives: an RCODE, a name to ask instead, or one record."""

    rcode: int = 0
    cname: str | None = None
    qtype: int = 0
    """Of the one record; 0 where there is none."""
    value: str = ""
    """Its data as a zone file writes it."""


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """A line with more to it than a name. It is about what `name` and `pattern` say: both None is every name."""

    line: int
    is_allow: bool = False
    name: str | None = None
    """In normal form; with all below it unless `is_exact`. An IP address here is about answers."""
    is_exact: bool = False
    pattern: str | None = None
    """An RE2 expression, searched in the name (in normal form)."""
    is_inverted: bool = False
    """It is about every name that the pattern is not found in (Pi-hole's ``;invert``)."""
    is_important: bool = False
    qtypes: tuple[int, ...] = ()
    """Query types it is only about."""
    not_qtypes: tuple[int, ...] = ()
    clients: tuple[str, ...] = ()
    """Names, addresses, networks, MACs of clients it is only about, as written but for quotes; lower case."""
    not_clients: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Client tags it is only about."""
    not_tags: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    """Names which it is not about, with all below them (``$denyallow``)."""
    rewrites: tuple[Rewrite, ...] = ()
    """Given instead of the house's blocked answer. With `is_allow`: these rewrites of others are taken back."""
    is_rewrite: bool = False
    """``$dnsrewrite`` was there. An allow rule with it and no `rewrites` takes back all rewrites, and blocks stay."""

    @property
    def is_everything(self) -> bool:
        """Say whether it is about every name."""
        return self.name is None and self.pattern is None

    @property
    def modifiers(self) -> int:
        """How many conditions it has: of two rules the one with more is the more specific."""
        pairs = (
            (self.qtypes, self.not_qtypes), (self.clients, self.not_clients), (self.tags, self.not_tags),
            (self.spared, ()), (self.rewrites, ()),
        )  # fmt: skip
        return sum(bool(one or other) for one, other in pairs)


class Sink(Protocol):
    """Where a parser puts what it reads, in the order of the lines (from 1)."""

    def name(self, name: str, line: int, says: Says) -> None:
        """Take a plain name in normal form (or an IP address: it is about answers); `says` is never RULE."""

    def rule(self, rule: Rule) -> None:
        """Take a line with more to it."""

    def take_back(self, said: Rule | tuple[str, Says]) -> None:
        """Drop what else the list says that is the same, wherever it stands (``$badfilter``).

        A plain name comes with what it says; rules are the same when all but their lines is.
        """

    def skip(self, line: int, why: Why, text: str) -> None:
        """Take a line, or a part of one, that says nothing here; `text` is cut to what can be shown."""


class Hit(msgspec.Struct, frozen=True):
    """A line of a list that is about a name that was asked for; `rule` is None for a plain name."""

    list: str
    """The list's id."""
    line: int
    is_allow: bool
    is_exact: bool = False
    rule: Rule | None = None


class Asked(msgspec.Struct, frozen=True):
    """Who asks for what, as far as rules of lists care."""

    name: str
    qtype: int
    clients: frozenset[str] = frozenset()
    """What the client is called: names, ids and MACs, lower case."""
    addresses: tuple[Address, ...] = ()
    tags: frozenset[str] = frozenset()


class Did(Enum):
    """What lists do with a question."""

    ALLOW = "allowed"
    BLOCK = "blocked"
    REWRITE = "rewritten"


class Outcome(msgspec.Struct, frozen=True):
    """What lists say of a question, and by which line. A block may have an answer of its own, as a rewrite has."""

    did: Did
    hit: Hit
    rcode: int = 0
    cname: str | None = None
    values: tuple[str, ...] | None = None
    """The data of the records of the type asked for; None where the house's own blocked answer is given."""


class Patterns(Protocol):
    """Many expressions, searched in one go."""

    def found_in(self, name: str) -> Iterable[int]:
        """Return the numbers of the expressions that are found in a name, ascending."""


class CompilePatterns(Protocol):
    """Makes `Patterns` of RE2 expressions: handed in, because core runs no engine of its own."""

    def __call__(self, expressions: Iterable[str]) -> Patterns:
        """Return them ready to search. Raises ValueError for one that can't be used."""
