"""Whether the other end has spoken: what confirms anything older than that is no word that a server takes."""

from appliance.core.flows.settle import WATCH, Settle
from appliance.core.flows.table import Flows
from tests.core.flows.packets import ASK, HELLO, SERVER_HELLO, accept, ask, reply, say, syn


def opened() -> Flows:
    """Return a table that knows of one connection that it is open."""
    flows = Flows()
    assert flows.feed(syn(), 0.0) is WATCH
    assert flows.feed(accept(), 0.0) is WATCH
    return flows


def test_nobody_has_spoken() -> None:
    """Neither of a flow that was never seen nor of one that is only open."""
    assert not Flows().is_answered(say(0, HELLO))
    assert not opened().is_answered(say(0, HELLO))


def test_the_server_spoke_first() -> None:
    """The client's words are answered then, and the server's own are not."""
    flows = opened()
    greeting = reply(0, b"220 mail\r\n")
    assert flows.feed(greeting, 0.0) is WATCH
    assert flows.is_answered(say(0, HELLO))
    assert not flows.is_answered(greeting)


def test_the_client_spoke_first() -> None:
    """What the server says then is answered."""
    flows = opened()
    assert flows.feed(say(0, HELLO[:9]), 0.0) is WATCH
    assert flows.is_answered(reply(0, SERVER_HELLO))
    assert not flows.is_answered(say(9, HELLO[9:]))


def test_a_settled_flow() -> None:
    """What it is, is known: nothing depends on it any more."""
    flows = opened()
    assert isinstance(flows.feed(say(0, HELLO), 0.0), Settle)
    assert flows.is_answered(say(0, HELLO))


def test_datagrams() -> None:
    """They confirm nothing."""
    flows = Flows()
    assert flows.feed(ask(ASK[:1]), 0.0) is WATCH
    assert not flows.is_answered(ask(ASK))
