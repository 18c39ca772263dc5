"""Questions that nobody but ourselves asks."""

from appliance.core import names
from appliance.core.query import Ask
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.wire import dns
from appliance.core.wire.dns import Query

_OWN = Verdict(Action.ALLOW, Step.DEFAULT, Reason("default"))


def own_question(name: str, qtype: int) -> Ask:
    """Return a question for a name in normal form."""
    question = names.to_wire(name) + qtype.to_bytes(2, "big") + dns.CLASS_IN.to_bytes(2, "big")
    query = Query(0, dns.RD, question, name, qtype, dns.CLASS_IN, None)
    return Ask(query, _OWN, name, (name, qtype, dns.RD | dns.AD))


ALIVE = own_question("", dns.NS)
"""The root's name servers: every resolver knows them, and they are no name that anybody looks for."""
