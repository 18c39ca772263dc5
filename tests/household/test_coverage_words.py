"""Whatever coverage finds has a sentence, and each sentence can be found."""

from itertools import product

from appliance.core.coverage import Facts, Guard, Held, Holds, Topic, Way, coverage
from appliance.core.person import KnownNames, Unwatched
from appliance.core.verdict import Reason, Strictness
from appliance.household.coverage_words import HOLDS, TOPICS, WAYS, WORDS, words

GUARDS = (
    None, Guard(), Guard(is_looking=False), Guard(is_looking=True, is_current=False), Guard(True, True, True, 0),
    Guard(True, True, False, 0), Guard(True, True, True, 2),
)  # fmt: skip
DEVICES = (
    (),
    (Held("A"),),
    (Held("A", is_free=True), Held("B", has_mac=False), Held("C", is_kept=True), Held("D", is_seen=False)),
)
SEEN = frozenset(("bypass_dns", "bypass_vpn"))


def told() -> dict[str, Reason]:
    """Return every reason that there is, by its code."""
    found: dict[str, Reason] = {}
    for way, guard, devices, known, is_so in product(Way, GUARDS, DEVICES, KnownNames, (False, True)):
        for answers, wanted in ((True, Strictness.BLOCK), (False, Strictness.ALLOW), (None, Strictness.ASK)):
            made = Facts(
                way=way,
                answers=answers,
                counts=is_so,
                guard=guard,
                devices=devices,
                is_router_between=is_so and known is KnownNames.ON,
                is_router_silent=is_so,
                encrypted_dns=wanted,
                tunnels=wanted,
                ways_seen=SEEN if is_so else frozenset(),
                has_times=is_so,
                has_budgets=is_so,
                is_slowing=is_so,
                unwatched=Unwatched.CLOSED if is_so else Unwatched.OPEN,
                known_names_only=known,
            )
            covered = coverage(made)
            found |= {one.code: one for one in (*covered.notes, *(one.reason for one in covered.findings))}
            # Minutes that nobody counts.
            other = Facts(way=way, answers=answers, counts=is_so, guard=guard, devices=devices, has_budgets=True)
            plain = coverage(other)
            found |= {one.reason.code: one.reason for one in plain.findings}
    return found


def test_every_reason_has_its_sentence_and_every_sentence_its_reason() -> None:
    """There is none that nothing shows."""
    assert told().keys() == WORDS.keys()


def test_a_sentence_is_whole() -> None:
    """All that it names was told, it ends with a full stop, and so does what there is to do."""
    for reason in told().values():
        for one in words(reason):
            assert "{" not in one
            assert one == "" or one.endswith("."), reason.code
        assert words(reason)[0]


def test_everything_is_called_something() -> None:
    """Ways, topics, and how a thing stands."""
    assert (set(WAYS), set(TOPICS), set(HOLDS)) == (set(Way), set(Topic), set(Holds))


def test_devices_are_named() -> None:
    """In the sentence."""
    assert words(Reason.of("devices_by_address", devices="Laptop"))[0].startswith(
        "Known by its IP address alone: Laptop."
    )
