"""Lines of dnsmasq's configuration that speak of names: ``address=``, ``server=``, ``local=``."""

from re import compile as regex

from msgspec.structs import replace

from appliance.core.lists.line import SINKS, address_of, name_of, put, record_of, shown
from appliance.core.lists.rule import Rewrite, Rule, Says, Sink, Why

_OPTION = regex(r"(?:--)?(address|server|local)\s*=\s*/(.*)/([^/]*)\Z")
_NULL = "#"
"""With ``address`` it is the null address, with ``server`` the usual way: an exception."""


def read(text: str, number: int, sink: Sink) -> None:
    """Read a line, and hand on what it says of each of its names, or why it says nothing."""
    found = _OPTION.match(text)
    if found is None:
        sink.skip(number, Why.UNKNOWN, shown(text))
        return
    key, typed, value = found[1], found[2].split("/"), found[3].strip()
    is_allow = key != "address" and value == _NULL
    rewrites: tuple[Rewrite, ...] = ()
    if value and value != _NULL and not (key == "address" and value in SINKS):
        address = address_of(value) if key == "address" else None
        if address is None:  # another server is asked: we have but our own
            sink.skip(number, Why.UNKNOWN, shown(text))
            return
        rewrites = (record_of(address),)
    for one in typed:
        _name(one.strip(), number, sink, Rule(number, is_allow, rewrites=rewrites, is_rewrite=bool(rewrites)))


def _name(typed: str, number: int, sink: Sink, rule: Rule) -> None:
    """Hand on what is said of one name: ``#`` is every name, ``*x`` what ends so, ``x`` and ``.x`` it and all below."""
    if typed == "#":
        sink.rule(rule)
        return
    is_open, is_below = typed.startswith("*"), typed.startswith("*.")
    name = name_of(typed.lstrip("*").removeprefix("."))
    if name is None:
        sink.skip(number, Why.NOT_A_NAME, shown(typed))
    elif is_below and not rule.rewrites:
        sink.name(name, number, Says.ALLOW_BELOW if rule.is_allow else Says.BLOCK_BELOW)
    elif is_open:
        ending = ("." if is_below else "") + name
        put(sink, replace(rule, pattern=ending.replace(".", r"\.") + "$"))
    else:
        put(sink, replace(rule, name=name))
