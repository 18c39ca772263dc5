"""What the classifier's guesses do to a query: an unknown name is asked about, and everything else is as it was."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_fields

from appliance.core.device import Device, DeviceKind
from appliance.core.guesses import GUESSED_S, LATE_S, PENDING_S, Guess, Memory, moved
from appliance.core.house import Classifier, House
from appliance.core.local import Local
from appliance.core.person import Mode, Setting
from appliance.core.query import Ask, Reply, is_unguessed, is_unsure
from appliance.core.record import Record, RecordType
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.wire.dns import Query
from tests.core.box import Box, ede, texts
from tests.core.builders import (
    AT,
    BANDS,
    NIGHT,
    adult,
    child,
    grant,
    lifted,
    message,
    minutes_from_now,
    own,
    pause,
    query,
)
from tests.core.listings import allows, blocks

NEW = "casino-palace.example"
RISKY = (Guess("forum", 0.96), Guess("social_media", 0.5))
THRESHOLDS = {one: {"6-9": 0.9, "10-12": 0.97, "13-15": 0.98} for one in ("forum", "social_media", "pornography")}


class Guessing(Box):
    """A small house with somebody to ask, who knows nothing yet."""

    def __init__(self, *, routed: tuple[str, ...] = (), steps: dict[str, int] | None = None, **said: Any) -> None:
        super().__init__(**said)
        self.memory = Memory(bytes(32))
        self.memory.is_fed = True
        ways = frozenset(routed)
        self.setting = replace(
            self.setting,
            routed=ways,
            local=Local.of(self.policy.house, ways),
            guessed=self.memory,
            thresholds=moved(THRESHOLDS, steps or {}),
        )

    def is_unsure(self, asked: Query, at: float = AT) -> bool:
        """Begin a query, and say whether it should be begun again."""
        return is_unsure(self.setting, self.subject, asked, self.begin(asked, at).verdict, at)

    def told(self, name: str = NEW, *guesses: Guess, at: float = AT) -> Verdict | None:
        """Return the verdict of a name at which was guessed, by default as risky."""
        self.memory.put(name, guesses or RISKY, AT)
        return self.begin(query(name), at).verdict


def step_of(verdict: Verdict | None) -> Step | None:
    """Return the step that decided."""
    return None if verdict is None else verdict.step


# --- a name that was guessed at


def test_a_name_that_looks_risky_is_asked_about() -> None:
    """At once, with the reason in the reply."""
    box = Guessing()
    box.memory.put(NEW, RISKY, AT)
    found = box.reply(query(NEW))
    assert texts(found) == [f"{NEW}. 10 IN A 0.0.0.0"]
    assert ede(found) == [(17, "because classifier")]
    assert found.verdict is not None
    assert (found.verdict.action, found.verdict.reason) == (
        Action.ASK,
        Reason.of("classifier", category="forum", score="0.96"),
    )


def test_nothing_is_asked_about_that_nobody_guessed_at() -> None:
    """Nor what looks harmless, nor after a day."""
    box = Guessing()
    assert step_of(box.ask(query(NEW)).verdict) is Step.DEFAULT
    box.memory.put(NEW, (), AT)
    assert step_of(box.ask(query(NEW)).verdict) is Step.DEFAULT
    assert step_of(box.told(at=AT + GUESSED_S - 1)) is Step.CLASSIFIER
    assert step_of(box.told(at=AT + GUESSED_S)) is Step.DEFAULT


def test_a_guess_is_of_one_name() -> None:
    """Neither of what is above it nor of what is below."""
    box = Guessing()
    assert step_of(box.told(f"www.{NEW}")) is Step.CLASSIFIER
    assert [step_of(box.begin(query(name)).verdict) for name in (NEW, f"a.www.{NEW}")] == [Step.DEFAULT] * 2
    assert step_of(box.begin(query(f"WWW.{NEW.upper()}")).verdict) is Step.CLASSIFIER


def test_without_a_memory_nothing_is_asked_about() -> None:
    """A box without the classifier is as before."""
    box = Box()
    assert box.setting.guessed is None
    assert step_of(box.ask(query(NEW)).verdict) is Step.DEFAULT


@pytest.mark.parametrize(("score", "bands"), [(0.89, ""), (0.9, "6-9"), (0.97, "6-9 10-12"), (1.0, "6-9 10-12")])
def test_each_age_has_its_threshold(score: float, bands: str) -> None:
    """Below it the name is open; at 13-15 nobody turned it on here."""
    asked = [band for band in BANDS[1:] if step_of(Guessing(person=child(band)).told(NEW, Guess("forum", score)))
             is Step.CLASSIFIER]  # fmt: skip
    assert asked == bands.split()


def test_at_13_it_is_asked_about_where_a_caregiver_says_so() -> None:
    """What the band or the family minds, with its own threshold."""
    box = Guessing(person=child("13-15", risky_names=True))
    assert step_of(box.told(NEW, Guess("pornography", 0.97))) is Step.DEFAULT
    assert step_of(box.told(NEW, Guess("pornography", 0.98))) is Step.CLASSIFIER
    assert step_of(box.told(NEW, Guess("forum", 0.99))) is Step.DEFAULT
    closed = Guessing(person=child("13-15", risky_names=True, categories={"forum": Setting.ASK}))
    assert step_of(closed.told(NEW, Guess("forum", 0.99))) is Step.CLASSIFIER


@pytest.mark.parametrize(("by", "expected"), [(-4, Step.CLASSIFIER), (0, Step.CLASSIFIER), (2, Step.CLASSIFIER),
                                               (3, Step.DEFAULT)])  # fmt: skip
def test_steps_move_what_is_asked_about(by: int, expected: Step) -> None:
    """The family's answers: 0.96 is enough until they want a score of 0.97."""
    assert step_of(Guessing(steps={"forum": by}).told()) is expected
    assert step_of(Guessing(steps={"pornography": by}).told()) is Step.CLASSIFIER


def test_steps_down_ask_sooner() -> None:
    """What was not sure enough by the card is, where caregivers kept such names closed."""
    assert step_of(Guessing().told(NEW, Guess("forum", 0.8))) is Step.DEFAULT
    assert step_of(Guessing(steps={"forum": -4}).told(NEW, Guess("forum", 0.8))) is Step.CLASSIFIER


OTHERS: list[tuple[str, str, dict[str, Any], Step | None]] = [
    ("a pass", NEW, {"grants": (grant(),)}, Step.WORD),
    ("a pause", NEW, {"pauses": (pause(),)}, Step.WORD),
    ("bedtime", NEW, {"person": child(windows=(NIGHT,)), "at": minutes_from_now(6 * 60).timestamp()}, Step.TIME),
    ("an own rule that allows", NEW, {"person": child(rules=(own("example", "allow"),))}, Step.OWN),
    ("an own rule that blocks", NEW, {"person": child(rules=(own(NEW, "block"),))}, Step.OWN),
    ("a list that blocks", NEW, {"texts": {blocks(): f"||{NEW}^"}}, Step.LIST),
    ("a list that allows", NEW, {"texts": {allows(): NEW}}, Step.LIST),
    ("a list of a category", NEW, {"texts": {blocks(category="education"): NEW}}, Step.CATEGORY),
    ("help", "help.example", {}, Step.HELP),
    ("infrastructure", "time.example", {}, Step.INFRASTRUCTURE),
    ("what is protected", "mind.example", {}, Step.PROTECTED),
    ("what is closed hard", "porn.example", {}, Step.HARD),
    ("a way around", "vpn.example", {}, Step.BYPASS),
    ("a category that is open", "school.example", {}, Step.CATEGORY),
    ("a category that is timed", "games.example", {}, Step.CATEGORY),
    ("a category that is closed", "social.example", {}, Step.CATEGORY),
    ("a service", "tube.example", {}, Step.CATEGORY),
    ("updates", "system.example", {}, Step.DEFAULT),
    ("what is of the home by the rules", "www.box.example", {}, Step.DEFAULT),
    ("an exception of what is protected", "shop.mind.example", {}, Step.DEFAULT),
    ("an exception of a service", "id.chat.example", {}, Step.DEFAULT),
    ("what is below a name of help", "a.exacthelp.example", {}, Step.DEFAULT),
    ("a domain that the router knows", "nas.fritz.example", {"routed": ("fritz.example",)}, Step.DEFAULT),
    ("a domain with addresses in the home", "x.plex.example", {"private_names": ("plex.example",)}, Step.DEFAULT),
    ("an address turned round", "7.2.0.203.in-addr.arpa", {}, Step.DEFAULT),
    ("a whole ending", "casino", {}, Step.DEFAULT),
    ("what nothing but the list of names may reach", NEW, {"person": child(unknown_names=Mode.ALLOW_LIST)},
     Step.DEFAULT),
    ("what is asked for anyway", NEW, {"person": child(unknown_names=Mode.ASK)}, Step.DEFAULT),
    ("0-5", NEW, {"person": child("0-5", unknown_names=Mode.OPEN)}, Step.DEFAULT),
    ("0-5, whatever is said", NEW, {"person": child("0-5", unknown_names=Mode.OPEN, risky_names=True)}, Step.DEFAULT),
    ("6-9, where it is off", NEW, {"person": child(risky_names=False)}, Step.DEFAULT),
    ("13-15", NEW, {"person": child("13-15", categories={"forum": Setting.BLOCK})}, Step.DEFAULT),
    ("16-17", NEW, {"person": child("16-17", categories={"forum": Setting.BLOCK})}, Step.DEFAULT),
    ("16-17, whatever is said", NEW,
     {"person": child("16-17", categories={"forum": Setting.BLOCK}, risky_names=True)}, Step.DEFAULT),
    ("an adult", NEW, {"person": adult()}, Step.DEFAULT),
    ("an adult's device", NEW, {"on": DeviceKind.ADULT}, Step.DEFAULT),
    ("a managed device", NEW, {"on": DeviceKind.MANAGED}, Step.DEFAULT),
    ("a house that has it off", NEW, {"classifier": Classifier(on=False)}, Step.DEFAULT),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "step"), [row[1:] for row in OTHERS], ids=[row[0] for row in OTHERS])
def test_nothing_else_is_scored(name: str, said: dict[str, Any], step: Step | None) -> None:
    """Nobody is asked to guess at it, and a guess that is there all the same changes nothing."""
    at = said.get("at", AT)
    box = Guessing(**{key: value for key, value in said.items() if key != "at"})
    assert not box.is_unsure(query(name), at)
    before = box.begin(query(name), at)
    assert step_of(before.verdict) is step
    after = box.told(name, Guess("forum", 1.0), Guess("pornography", 1.0), at=at)
    assert after == before.verdict
    assert step_of(after) is not Step.CLASSIFIER


def test_nobody_who_is_unknown_is_asked() -> None:
    """Not even where such a device is taken for a child's."""
    box = Guessing(unknown_devices="6-9")
    box.subject = box.policy.unknown
    assert not box.is_unsure(query(NEW))
    assert step_of(box.told()) is Step.DEFAULT


def test_what_two_lifted_is_open_to_a_guess_as_well() -> None:
    """The classifier takes nothing back."""
    box = Guessing(lifted=(lifted(),))
    assert step_of(box.told(NEW, Guess("pornography", 1.0))) is Step.DEFAULT


RECORDS = (
    Record(name="site.example", type=RecordType.A, value="198.51.100.7"),
    Record(name="nas.lan", type=RecordType.A, value="192.168.1.5"),
    Record(name="alias.example", type=RecordType.CNAME, value="cdn.example"),
    Record(name="*.wild.example", type=RecordType.A, value="198.51.100.8"),
)
TOLD = [
    ("site.example", "A"), ("site.example", "TXT"), ("site.example", "AAAA"), ("nas.lan", "A"), ("none.lan", "A"),
    ("alias.example", "A"), ("alias.example", "MX"), ("a.wild.example", "A"), ("a.wild.example", "TXT"),
    ("phone.lan", "A"), ("lan", "A"), ("printer.local", "A"), ("localhost", "A"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "qtype"), TOLD)
def test_a_name_of_which_the_house_tells_is_not_scored(name: str, qtype: str) -> None:
    """Of whatever type: a caregiver knows it, and so does the house."""
    box = Guessing(records=RECORDS)
    here = House(records=RECORDS, devices=(Device(id="phone", addresses=("192.168.1.9",)),))
    box.setting = replace(box.setting, local=Local.of(here))
    asked = query(name, qtype)
    before = box.begin(asked)
    assert not box.is_unsure(asked)
    box.memory.put(name, RISKY, AT)
    after = box.begin(asked)
    assert isinstance(after, Reply) == isinstance(before, Reply)
    assert step_of(after.verdict) is not Step.CLASSIFIER


# --- a name that wasn't


def test_an_unknown_name_is_to_be_guessed_at() -> None:
    """Once: whatever was said of it, it is known then, until it is forgotten."""
    box = Guessing()
    assert box.is_unsure(query(NEW))
    box.memory.put(NEW, (), AT)
    assert not box.is_unsure(query(NEW))
    assert box.is_unsure(query(f"www.{NEW}"))
    assert box.is_unsure(query(NEW), AT + GUESSED_S)
    box.memory.put(NEW, RISKY, AT)
    assert not box.is_unsure(query(NEW))
    box.memory.forget()
    assert box.is_unsure(query(NEW))


@pytest.mark.parametrize("qtype", ["A", "AAAA", "HTTPS", "TXT", "NS"])
def test_it_is_the_name_that_matters(qtype: str) -> None:
    """Whatever is asked of it."""
    assert Guessing().is_unsure(query(NEW, qtype))


@pytest.mark.parametrize(
    ("said", "expected"),
    [(child("6-9"), True), (child("10-12"), True), (child("13-15"), False), (child("13-15", risky_names=True), True)],
)
def test_who_is_to_be_asked(said: Any, *, expected: bool) -> None:
    """Children of 6 to 12, and older ones where a caregiver says so."""
    assert Guessing(person=said).is_unsure(query(NEW)) is expected


def test_what_is_late_is_not_waited_for_again() -> None:
    """For a moment; then it is."""
    box = Guessing()
    box.memory.pass_over(NEW, AT)
    assert not box.is_unsure(query(NEW))
    assert box.is_unsure(query(NEW), AT + LATE_S)
    assert step_of(box.ask(query(NEW)).verdict) is Step.DEFAULT


@pytest.mark.parametrize(
    ("said", "seconds"),
    [({}, PENDING_S), ({"pauses": (pause(1 / 30, 9),)}, 2), ({"pauses": (pause(9, 10),)}, PENDING_S)],
)
def test_a_reply_without_a_guess_that_is_late_is_not_kept_for_long(said: dict[str, Any], seconds: float) -> None:
    """The guess counts from the next question on; where something changes sooner, until then."""
    box = Guessing(**said)
    box.memory.pass_over(NEW, AT)
    found = box.journey(query(NEW), message(NEW, "A", [f"{NEW} 300 A 192.0.2.1"]))
    assert texts(found) == [f"{NEW}. {seconds:.0f} IN A 192.0.2.1"]
    assert found.keep_until <= AT
    assert found.verdict is not None
    assert found.verdict.until == AT + seconds


def test_a_reply_to_what_looked_harmless_is_kept_as_ever() -> None:
    """So is one of what something else decided, and one that nobody guessed at."""
    said = message(NEW, "A", [f"{NEW} 300 A 192.0.2.1"])
    boxes = [Guessing(), Guessing(), Guessing(person=child(rules=(own(NEW, "allow"),))), Guessing(person=adult())]
    for box in boxes[1:]:
        box.memory.pass_over(NEW, AT)
    boxes[1].memory.put(NEW, (), AT)
    assert [texts(box.journey(query(NEW), said))[0].split()[1] for box in boxes] == ["60", "60", "60", "270"]


def test_an_answer_from_the_cache_is_waited_for_as_well() -> None:
    """Somebody else has asked for it before: it is no less new to the child."""
    box = Guessing()
    answer = message(NEW, "A", [f"{NEW} 300 A 192.0.2.1"])
    box.journey(query(NEW), answer)
    found = box.reply(query(NEW))
    assert is_unsure(box.setting, box.subject, query(NEW), found.verdict, AT)
    box.memory.put(NEW, RISKY, AT)
    assert step_of(box.reply(query(NEW)).verdict) is Step.CLASSIFIER


def test_what_is_closed_behind_its_alias_is_decided() -> None:
    """No guess opens it, none is wanted."""
    box = Guessing()
    answer = message(NEW, "A", [f"{NEW} 300 CNAME tracker.example", "tracker.example 300 A 192.0.2.1"])
    box.journey(query(NEW), answer)
    assert not box.is_unsure(query(NEW))


def test_a_safe_mode_is_an_answer() -> None:
    """What is answered by another name is known; no guess goes before it."""
    box = Guessing()
    asked = query("www.search.example")
    assert not box.is_unsure(asked)
    box.memory.put("www.search.example", RISKY, AT)
    assert box.ask(asked).verdict.action is Action.REWRITE


def test_without_anybody_to_ask_nothing_waits() -> None:
    """What is remembered counts all the same; and a guess could still change what is not."""
    box = Guessing()
    box.memory.is_fed = False
    assert not box.is_unsure(query(NEW))
    assert is_unguessed(box.setting, box.subject, NEW, box.ask(query(NEW)).verdict, AT)
    assert step_of(box.told()) is Step.CLASSIFIER


def test_without_a_memory_nothing_waits() -> None:
    """As before."""
    box = Box()
    verdict = box.ask(query(NEW)).verdict
    assert not is_unsure(box.setting, box.subject, query(NEW), verdict, AT)
    assert not is_unguessed(box.setting, box.subject, NEW, verdict, AT)


def test_what_has_no_verdict_is_not_waited_for() -> None:
    """Names that no server is asked for, and refusals."""
    box = Guessing()
    assert not is_unsure(box.setting, box.subject, query(NEW), None, AT)
    assert not is_unsure(box.setting, box.subject, query(NEW, "ANY"), box.reply(query(NEW, "ANY")).verdict, AT)


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("action", list(Action))
def test_only_an_open_default_is_waited_for(step: Step, action: Action) -> None:
    """Whatever else decided, knew the name."""
    box = Guessing()
    begun = box.ask(query(NEW))
    verdict = replace_fields(begun.verdict, step=step, action=action)
    expected = (step, action) == (Step.DEFAULT, Action.ALLOW)
    assert is_unsure(box.setting, box.subject, query(NEW), verdict, AT) is expected


guesses = st.lists(
    st.builds(Guess, st.sampled_from(["forum", "social_media", "pornography", "education"]), st.floats(0, 1)),
    max_size=3,
).map(tuple)


@given(
    name=st.sampled_from([NEW, "mind.example", "school.example", "social.example", "time.example", "patch.example"]),
    band=st.sampled_from(BANDS),
    risky=st.none() | st.booleans(),
    said=guesses,
)
def test_a_guess_only_ever_turns_the_default_into_a_question(
    name: str, band: str, risky: bool | None, said: tuple[Guess, ...]
) -> None:
    """It blocks nothing for good, opens nothing, and touches nothing that anything else decided."""
    box = Guessing(person=child(band, risky_names=risky))
    before = box.begin(query(name)).verdict
    was_unsure = box.is_unsure(query(name))
    box.memory.put(name, said, AT)
    after = box.begin(query(name)).verdict
    assert before is not None
    assert after is not None
    if after != before:
        assert was_unsure
        assert (before.action, before.step) == (Action.ALLOW, Step.DEFAULT)
        assert (after.action, after.step) == (Action.ASK, Step.CLASSIFIER)
    assert not box.is_unsure(query(name))
    assert isinstance(box.begin(query(name)), Ask) == (not after.is_blocked)
