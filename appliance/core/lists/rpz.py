"""Response policy zones (draft-vixie-dnsop-dns-rpz), as far as they speak of the name that is asked for."""

from collections.abc import Iterable
from re import compile as regex

import msgspec

from appliance.core.lists.line import MAX_LINE, SINKS, name_of, shown
from appliance.core.lists.modifiers import Refused, record, type_of
from appliance.core.lists.rule import Rewrite, Rule, Says, Sink, Why
from appliance.core.wire import dns

_TOKEN = regex(r'"(?:\\.|[^"\\])*"|;.*|[^\s";()]+|[()]')
_TTL = regex(r"(?:[0-9]+[smhdw]?)+\Z")
_CLASSES = frozenset({"in", "ch", "hs", "any"})
_OTHER_TRIGGERS = (".rpz-ip", ".rpz-client-ip", ".rpz-nsip", ".rpz-nsdname")
_BLOCKING = frozenset({".", "*.", "rpz-drop", "rpz-drop."})
"""``.`` is NXDOMAIN, ``*.`` NODATA: all are a block, and get the house's own answer."""
_PASSING = frozenset({"rpz-passthru", "rpz-passthru."})
_UNKNOWN = ("rpz-", "*")
"""How targets begin that mean something else than a name (``rpz-tcp-only.``, ``*.garden.example.``)."""
_SOA_LINES = 12
"""So far an SOA goes on at most, or a bracket that nobody closed would swallow the list."""
_SAYS = {
    (False, False): Says.BLOCK_EXACT, (False, True): Says.BLOCK_BELOW,
    (True, False): Says.ALLOW_EXACT, (True, True): Says.ALLOW_BELOW,
}  # fmt: skip


class _Plain(msgspec.Struct, frozen=True):
    """A record that only opens or closes: the name, or what is below it."""

    name: str
    is_below: bool
    is_allow: bool
    line: int


def read(lines: Iterable[str], sink: Sink) -> None:
    """Read a zone, and hand on what its records say or why they say nothing."""
    zone = _Zone(sink)
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            sink.skip(number, Why.TOO_LONG, shown(line))
        else:
            zone.read(line, number)
    zone.settle()


class _Zone:
    """A zone as far as it is read: where names that are not whole belong, and the record that may have a twin."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._origin = ""
        self._apex = ""
        """The name of the zone; every owner ends with it."""
        self._owner = ""
        self._soa_lines = 0
        """How many more lines may belong to the SOA."""
        self._waiting: _Plain | None = None

    def read(self, line: str, number: int) -> None:
        """Take a line."""
        line = line.lstrip("\ufeff")
        tokens = [token for token in _TOKEN.findall(line) if token[0] != ";"]
        if self._soa_lines:
            self._soa_lines = 0 if ")" in tokens else self._soa_lines - 1
        elif tokens and tokens[0][0] == "$":
            self._directive(tokens, line, number)
        elif tokens:
            self._record(tokens, line, number)

    def settle(self) -> None:
        """Hand on the record that waits for its twin."""
        if (plain := self._waiting) is not None:
            self._waiting = None
            self._sink.name(plain.name, plain.line, _SAYS[plain.is_allow, plain.is_below])

    def _directive(self, tokens: list[str], line: str, number: int) -> None:
        key = tokens[0].upper()
        if key == "$ORIGIN" and len(tokens) > 1:
            self._origin = self._whole(tokens[1])
            self._apex = self._apex or self._origin
        elif key != "$TTL":
            self._sink.skip(number, Why.UNKNOWN, shown(line))

    def _record(self, tokens: list[str], line: str, number: int) -> None:
        if not line[0].isspace():
            self._owner = self._whole(tokens.pop(0))
        while tokens and (_TTL.match(tokens[0].lower()) or tokens[0].lower() in _CLASSES):
            tokens.pop(0)
        rtype = type_of(tokens[0]) if tokens else None
        if rtype == dns.SOA:
            self._apex = self._owner
            self._soa_lines = _SOA_LINES if "(" in tokens and ")" not in tokens else 0
            return
        trigger = self._trigger()
        if trigger == "":
            return  # the zone's own records: who serves it
        if rtype is None or len(tokens) < 2 or trigger is None or trigger.endswith(_OTHER_TRIGGERS):
            self._sink.skip(number, Why.UNKNOWN, shown(line))
        else:
            self._policy(trigger, rtype, tokens[1:], number)

    def _whole(self, typed: str) -> str:
        """Return a name in lower case with all its labels and no final dot."""
        typed = typed.lower()
        if typed == "@":
            return self._origin
        if typed.endswith("."):
            return typed[:-1]
        return f"{typed}.{self._origin}" if self._origin else typed

    def _trigger(self) -> str | None:
        """Return the owner within the zone, ``""`` for the zone itself, None for what is outside."""
        if self._owner == self._apex:
            return ""
        if not self._apex:
            return self._owner
        return self._owner.removesuffix("." + self._apex) if self._owner.endswith("." + self._apex) else None

    def _policy(self, trigger: str, rtype: int, data: list[str], number: int) -> None:
        is_below = trigger.startswith("*.")
        name = name_of(trigger.removeprefix("*."))
        if name is None:
            self._sink.skip(number, Why.NOT_A_NAME, shown(trigger))
            return
        value = data[0].lower()
        is_name = rtype == dns.CNAME
        is_allow = is_name and (value in _PASSING or self._whole(value) == name)  # to itself: how it was once written
        if is_allow or value in (_BLOCKING if is_name else SINKS):
            self._plain(_Plain(name, is_below, is_allow, number))
        elif is_name and value.startswith(_UNKNOWN):
            self._sink.skip(number, Why.UNKNOWN, shown(f"{trigger} CNAME {value}"))
        else:
            self._data(name, is_below, rtype, self._whole(value) if is_name else " ".join(data), number)

    def _plain(self, new: _Plain) -> None:
        """Take a record that opens or closes; with its twin beside it, it is about the name and all below it."""
        old = self._waiting
        if old is not None and old.name == new.name and old.is_allow == new.is_allow and old.is_below != new.is_below:
            self._waiting = None
            self._sink.name(old.name, old.line, Says.ALLOW if old.is_allow else Says.BLOCK)
        else:
            self.settle()
            self._waiting = new

    def _data(self, name: str, is_below: bool, rtype: int, value: str, number: int) -> None:
        """Take a record that is the answer to its owner."""
        try:
            given = record(rtype, value)
        except Refused:
            given = Rewrite()
        if given.cname is None and not given.value:
            self._sink.skip(number, Why.UNKNOWN, shown(f"{name} {value}"))
            return
        self.settle()
        pattern = "\\." + name.replace(".", r"\.") + "$"
        self._sink.rule(
            Rule(number, name=None if is_below else name, is_exact=not is_below, pattern=pattern if is_below else None,
                 rewrites=(given,), is_rewrite=True)
        )  # fmt: skip
