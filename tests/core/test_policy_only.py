"""A thing that is kept to some names reaches those, help, updates and what it needs to be online, and nothing else."""

from typing import Any

import pytest

from appliance.core.delivery import decide_target
from appliance.core.device import DeviceKind
from appliance.core.domainset import Entry
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.policy import Policy, decide
from appliance.core.verdict import Verdict
from tests.core.builders import AFTERNOON, AT, adult, child, device, grant, own, pause, policy_of, query, told

ONLY = ("block", "own", "only")
PROTECTED = ("allow", "protected", "protected")
MAY = ("allow", "own", "only_allow")


def kept(
    person: Person | None = None, only: tuple[str, ...] | None = ("maker.example",), **said: Any
) -> tuple[Policy, Person | None]:
    """Return the policy of a house with a TV that is kept to some names."""
    extra = said.pop("extra", ())
    one = device(said.pop("kind", DeviceKind.TV), person.id if person else None, only=only)
    return policy_of(House(persons=(person,) if person else (), devices=(one,), **said), extra), person


def verdict(name: str, person: Person | None = None, **said: Any) -> Verdict:
    """Return what happens to a name on that TV."""
    policy, _ = kept(person, **said)
    return decide(policy, policy.of_device("thing"), name, None, AT)


CASES: list[tuple[str, str, dict[str, Any], tuple[str, str, str]]] = [
    ("a name of it", "maker.example", {}, MAY),
    ("and all below", "eu.maker.example", {}, MAY),
    ("no other", "open.example", {}, ONLY),
    ("not one that is open at every age", "school.example", {}, ONLY),
    ("not one without a name", "", {}, ONLY),
    ("its updates", "tvpatch.example", {}, MAY),
    ("help", "help.example", {}, ("allow", "help", "help")),
    ("a clock", "time.example", {}, ("allow", "infrastructure", "infrastructure")),
    ("information of body and mind", "mind.example", {"person": child("13-15")}, PROTECTED),
    ("at every age", "mind.example", {}, PROTECTED),
    ("but for a rule that may close it", "mind.example", {"person": child(rules=(own("mind.example", "block"),))},
     ("block", "own", "own_block")),
    ("nothing harmful", "malware.example", {"only": ("malware.example",)}, ("block", "hard", "malware")),
    ("a name that the age closes", "social.example", {"only": ("social.example",)}, MAY),
    ("none but updates", "open.example", {"only": ()}, ONLY),
    ("updates then", "tvpatch.example", {"only": ()}, MAY),
    ("a name that is closed to strangers", "maker.example", {"person": None, "unknown_devices": "closed"}, MAY),
    ("nobody's too", "open.example", {"person": None}, ONLY),
    ("an adult's too", "open.example", {"person": adult()}, ONLY),
    ("an adult's may", "maker.example", {"person": adult()}, MAY),
    ("times hold", "maker.example", {"person": child(windows=(AFTERNOON,))}, ("block", "time", "window")),
    ("pauses hold", "maker.example", {"pauses": (pause(),)}, ("block", "word", "pause")),
    ("a pass opens", "open.example", {"grants": (grant(name="open.example"),)}, ("allow", "word", "grant")),
    ("a rule of the person closes", "maker.example", {"person": child(rules=(own("maker.example", "block"),))},
     ("block", "own", "own_block")),
    ("and opens nothing more", "open.example", {"person": child(rules=(own("open.example", "allow"),))}, ONLY),
    ("another device is free", "open.example", {"only": None}, ("allow", "default", "default_allow")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "expected"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_what_a_thing_may_reach(name: str, said: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """In the order of decision."""
    found = {"person": child(), **said}
    assert told(verdict(name, found.pop("person"), **found)) == expected


def test_who_delivers_a_name_is_not_asked_for() -> None:
    """Nobody knows beforehand by whose network a maker delivers; what is harmful there is closed all the same."""
    policy, _ = kept(child(), extra=[Entry("bad.example", "malware_phishing")])
    subject = policy.of_device("thing")
    admitted = decide(policy, subject, "maker.example", None, AT)
    asked = query("maker.example")
    assert decide_target(policy, subject, asked, admitted, "edge.example", AT) is None
    closed = decide_target(policy, subject, asked, admitted, "bad.example", AT)
    assert closed is not None
    assert closed.reason.code == "malware"


def test_a_kept_device_is_decided_apart() -> None:
    """Replies of its own: those of another TV of the same child are others."""
    policy, _ = kept(child())
    free, _ = kept(child(), only=None)
    assert policy.of_device("thing").key != free.of_device("thing").key
