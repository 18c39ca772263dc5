"""Lines of hosts files and of lists of bare names: those that the fast path of `parse` leaves over."""

from appliance.core.lists.line import LOCALHOST, address_of, is_nowhere, name_of, record_of, shown
from appliance.core.lists.rule import Address, Rewrite, Rule, Says, Sink, Why
from appliance.core.wire import dns


def hosts_line(address: Address, typed: list[str], number: int, sink: Sink, says: Says) -> None:
    """Take the names beside an address. One that is nowhere blocks them (`says`), another is their address."""
    for one in typed:
        if (name := _taken(one, number, sink)) is None:
            continue
        if is_nowhere(address):
            sink.name(name, number, says)
        else:
            sink.rule(Rule(number, name=name, is_exact=says is Says.BLOCK_EXACT, rewrites=(record_of(address),)))


def etc_hosts(text: str, number: int, sink: Sink) -> None:
    """Take a line of a box's own table: names have the address, and the address has the names."""
    first, *typed = text.split()
    address = address_of(first)
    if address is None or not typed:
        sink.skip(number, Why.UNKNOWN, shown(text))
        return
    for one in typed:
        name = name_of(one)
        if name is None:
            sink.skip(number, Why.NOT_A_NAME, shown(one))
            continue
        sink.rule(Rule(number, name=name, is_exact=True, rewrites=(record_of(address),)))
        back = Rewrite(qtype=dns.PTR, value=name)
        sink.rule(Rule(number, name=address.reverse_pointer, is_exact=True, rewrites=(back,)))


def bare(text: str, number: int, sink: Sink, says: Says) -> None:
    """Take a line that is but a name, or but an address: that is about answers."""
    if (address := address_of(text)) is not None:
        sink.name(str(address), number, Says.BLOCK_EXACT)
    elif (name := _taken(text, number, sink)) is not None:
        sink.name(name, number, says)


def _taken(typed: str, number: int, sink: Sink) -> str | None:
    """Return a name in normal form; one that can't be blocked is skipped."""
    name = name_of(typed)
    if name is None:
        sink.skip(number, Why.NOT_A_NAME, shown(typed))
    elif name in LOCALHOST:
        sink.skip(number, Why.LOCALHOST, shown(typed))
        return None
    return name
