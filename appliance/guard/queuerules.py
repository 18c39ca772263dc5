"""The rules that hand packets to the inspector's queues: the one thing of ours outside our own nftables table.

nftables' own `queue` statement is missing in some kernels, so iptables' NFQUEUE does it: a chain of our own in the
shared table `mangle`, of IPv4 and of IPv6, with one jump to it. Nothing else there is touched. Here is text alone:
what `iptables-nft-restore --noflush` reads, by what `iptables-nft -S FORWARD` printed.
"""

from typing import Final

from appliance.core.mark import STATE_MASK, State

TABLE: Final = "mangle"
CHAIN: Final = "KINDGATE"
HOOK: Final = "FORWARD"

_JUMP = f"-m mark ! --mark 0x0/{STATE_MASK:#x} -j {CHAIN}"


def install(listing: str, queues: int) -> str:
    """Return what makes the chain as it is to be, and leaves one jump to it, at the front; `queues` is at least 1.

    Queues 0 to `queues` - 1 are passed by where nobody listens or one is full, the next `queues` ones are not.
    """
    open_, closed = (f"-A {CHAIN} {_queue(state, queues)}" for state in (State.WATCHED_OPEN, State.WATCHED_CLOSED))
    return _script(f":{CHAIN} - [0:0]", *_leave(listing), f"{open_} --queue-bypass", closed, f"-I {HOOK} 1 {_JUMP}")


def remove(listing: str) -> str:
    """Return what takes the chain away, and each jump to it. It makes the chain first: it may not be there."""
    return _script(f":{CHAIN} - [0:0]", *_leave(listing), f"-X {CHAIN}")


def first_queue(state: State, queues: int) -> int:
    """Return the number of the first of the queues for the connections of a watched state."""
    return queues if state is State.WATCHED_CLOSED else 0


def _queue(state: State, queues: int) -> str:
    first = first_queue(state, queues)
    which = f"--queue-num {first}" if queues == 1 else f"--queue-balance {first}:{first + queues - 1}"
    return f"-m mark --mark {state.bits:#x}/{STATE_MASK:#x} -j NFQUEUE {which}"


def _leave(listing: str) -> list[str]:
    """Return what deletes the jumps that are there: an older version's may be of another form."""
    jumps = (line for line in listing.splitlines() if line.split()[-2:] in (["-j", CHAIN], ["-g", CHAIN]))
    return [line.replace("-A", "-D", 1) for line in jumps]


def _script(*lines: str) -> str:
    return "\n".join((f"*{TABLE}", *lines, "COMMIT", ""))
