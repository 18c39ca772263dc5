"""How sure the classifier must be before anybody is asked, and what is remembered of its guesses."""

import hashlib
import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import guesses as core_guesses
from appliance.core.guesses import GUESSED_S, LATE_S, MAX_GUESSED, STEP, Guess, Guesses, Label, Memory, label_of, moved
from appliance.core.house import MOST_STEPS, House
from appliance.core.person import Person, Setting
from appliance.core.subject import Subject
from tests.core.builders import AT, BANDS, adult, child, policy_of, subject_of

KEY = bytes(range(32))
NAME = "casino-palace.example"
RISKY = (Guess("pornography", 0.97), Guess("social_media", 0.2))
THRESHOLDS = {
    category: {"6-9": 0.9, "10-12": 0.95, "13-15": 0.98}
    for category in ("pornography", "social_media", "forum", "browser_games", "education", "mental_health")
}

steps = st.integers(-MOST_STEPS, MOST_STEPS)
probabilities = st.floats(1e-6, 1 - 1e-6)
any_probability = st.just(0.0) | st.floats(1e-300, 1)
"""Down to those whose odds can still be written."""


def of(person: Person) -> Subject:
    """Return the subject of a person."""
    return subject_of(policy_of(House(persons=(person,))))


def moved_by(least: float, by: int) -> float:
    """Return where some steps move a threshold to."""
    return moved({"forum": {"6-9": least}}, {"forum": by})["forum"]["6-9"]


# --- thresholds after caregivers' answers


@given(least=any_probability)
def test_no_step_is_no_change(least: float) -> None:
    """Not even of the last digit: a score that just reached the threshold still does."""
    assert moved_by(least, 0) == least
    assert moved({"forum": {"6-9": least}}, {"pornography": 3}) == {"forum": {"6-9": least}}


@given(least=probabilities, by=steps)
def test_a_step_is_as_far_everywhere(least: float, by: int) -> None:
    """In log-odds, whatever the threshold."""

    def log_odds(one: float) -> float:
        return math.log(one / (1 - one))

    assert log_odds(moved_by(least, by)) == pytest.approx(log_odds(least) + STEP * by, abs=1e-6)


@given(least=probabilities)
def test_more_steps_want_more_certainty(least: float) -> None:
    """Strictly, and never all of it."""
    found = [moved_by(least, by) for by in range(-MOST_STEPS, MOST_STEPS + 1)]
    assert found == sorted(set(found))
    assert 0 < found[0] < least < found[-1] < 1


@given(one=any_probability, other=any_probability, by=steps)
def test_the_stricter_threshold_stays_the_stricter(one: float, other: float, by: int) -> None:
    """Whatever it is moved by, and however small; what is moved is a probability still."""
    low, high = sorted((one, other))
    assert 0 <= moved_by(low, by) <= moved_by(high, by) <= 1


@given(least=any_probability, by=st.integers(), more=st.integers(MOST_STEPS, 10**6))
def test_what_steps_may_do_is_bounded(least: float, by: int, more: int) -> None:
    """However many there are."""
    assert moved_by(least, -MOST_STEPS) <= moved_by(least, by) <= moved_by(least, MOST_STEPS)
    assert moved_by(least, more) == moved_by(least, MOST_STEPS)
    assert moved_by(least, -more) == moved_by(least, -MOST_STEPS)


def test_how_far_steps_go() -> None:
    """Four are odds of five to one: 0.9 comes to 0.98, and 0.64."""
    assert [round(moved_by(0.9, by), 3) for by in (-4, -1, 0, 1, 4)] == [0.645, 0.858, 0.9, 0.931, 0.978]


def test_a_step_moves_its_category_at_every_age() -> None:
    """And no other; what it is made of stays as it is."""
    said = {"forum": {"6-9": 0.9, "10-12": 0.95}, "pornography": {"6-9": 0.9}}
    found = moved(said, {"forum": 1, "no_such_category": 4})
    assert found["pornography"] == said["pornography"]
    assert {band: least > said["forum"][band] for band, least in found["forum"].items()} == {"6-9": True, "10-12": True}
    assert said == {"forum": {"6-9": 0.9, "10-12": 0.95}, "pornography": {"6-9": 0.9}}
    assert moved({}, {"forum": 1}) == {}


# --- what a subject is asked about

LABELS: list[tuple[str, Person, Guesses, Label | None]] = [
    ("hard", child(), (Guess("pornography", 0.95),), Label("pornography", 0.95)),
    ("blocked", child(), (Guess("social_media", 0.95),), Label("social_media", 0.95)),
    ("asked about", child(), (Guess("forum", 0.95),), Label("forum", 0.95)),
    ("just at the threshold", child(), (Guess("forum", 0.9),), Label("forum", 0.9)),
    ("just below it", child(), (Guess("forum", math.nextafter(0.9, 0)),), None),
    ("at another age's", child("10-12"), (Guess("forum", 0.94),), None),
    ("at that age", child("10-12"), (Guess("forum", 0.95),), Label("forum", 0.95)),
    ("open by band", child("13-15"), (Guess("social_media", 1.0),), None),
    ("timed", child(), (Guess("browser_games", 1.0),), None),
    ("allowed", child(), (Guess("education", 1.0),), None),
    ("protected", child(), (Guess("mental_health", 1.0),), None),
    ("allowed by hand", child(categories={"forum": Setting.ALLOW}), (Guess("forum", 1.0),), None),
    ("timed by hand", child(categories={"social_media": Setting.TIMED}), (Guess("social_media", 1.0),), None),
    ("blocked by hand", child(categories={"education": Setting.BLOCK}), (Guess("education", 1.0),),
     Label("education", 1.0)),
    ("without a threshold", child(), (Guess("adult_cams", 1.0),), None),
    ("of no such category", child(), (Guess("nothing", 1.0),), None),
    ("at an age without one", child("0-5"), (Guess("pornography", 1.0),), None),
    ("for an adult", adult(), (Guess("pornography", 1.0),), None),
    ("harmless", child(), (), None),
    ("the likeliest that counts", child(), (Guess("education", 0.99), Guess("forum", 0.96), Guess("pornography", 0.95)),
     Label("forum", 0.96)),
    ("the second, where the first is too unsure", child(), (Guess("adult_cams", 0.96), Guess("forum", 0.95)),
     Label("forum", 0.95)),
]  # fmt: skip


@pytest.mark.parametrize(("person", "guesses", "expected"), [row[1:] for row in LABELS], ids=[row[0] for row in LABELS])
def test_what_somebody_is_asked_about(person: Person, guesses: Guesses, expected: Label | None) -> None:
    """What the band or a caregiver has at K, B or H, where the guess is as sure as the age wants it."""
    assert label_of(of(person), guesses, THRESHOLDS) == expected


def test_without_thresholds_nobody_is_asked() -> None:
    """There is no model then."""
    assert label_of(of(child()), RISKY, {}) is None


@given(band=st.sampled_from(BANDS), score=st.floats(0, 1), more=st.floats(0, 1), by=steps)
def test_who_is_surer_asks_no_less(band: str, score: float, more: float, by: int) -> None:
    """A guess that is asked about is asked about when it is surer, and where less certainty is wanted."""
    subject = of(child(band))
    low, high = sorted((score, more))

    def asks(score: float, by: int) -> bool:
        return label_of(subject, (Guess("pornography", score),), moved(THRESHOLDS, {"pornography": by})) is not None

    assert asks(low, by) <= asks(high, by)
    for fewer in range(-MOST_STEPS, by):
        assert asks(score, by) <= asks(score, fewer)


# --- what is remembered


def memory() -> Memory:
    """Return an empty memory."""
    return Memory(KEY)


def test_a_guess_is_remembered_for_a_day() -> None:
    """To the second, and what looked harmless as well."""
    kept = memory()
    assert (kept.get(NAME, AT), len(kept), kept.is_fed) == (None, 0, False)
    kept.put(NAME, RISKY, AT)
    kept.put("knitting.example", (), AT)
    assert (kept.get(NAME, AT), kept.get("knitting.example", AT + GUESSED_S - 1), len(kept)) == (RISKY, (), 2)
    assert (kept.get(NAME, math.nextafter(AT + GUESSED_S, 0)), kept.get(NAME, AT + GUESSED_S)) == (RISKY, None)
    assert GUESSED_S == 24 * 60 * 60


@given(said=st.floats(0, 2e9), later=st.floats(GUESSED_S, 1e9), aged=st.floats(0, GUESSED_S - 1))
def test_nothing_is_told_after_a_day(said: float, later: float, aged: float) -> None:
    """Swept or not; until then it is."""
    kept = memory()
    kept.put(NAME, RISKY, said)
    kept.sweep(said + aged)
    assert kept.get(NAME, said + aged) == RISKY
    assert kept.get(NAME, said + later + 1) is None
    kept.sweep(said + later + 1)
    assert len(kept) == 0


def test_the_newest_guess_holds() -> None:
    """And for as long as the newest."""
    kept = memory()
    kept.put(NAME, (), AT)
    kept.put(NAME, RISKY, AT + 60)
    assert (kept.get(NAME, AT + GUESSED_S + 59), len(kept)) == (RISKY, 1)


def test_what_is_late_is_gone_without_for_a_moment() -> None:
    """After that it is asked for again."""
    kept = memory()
    kept.pass_over(NAME, AT)
    assert (kept.get(NAME, AT), kept.get(NAME, AT + LATE_S)) == ((), None)
    kept.put(NAME, RISKY, AT + LATE_S / 2)
    assert kept.get(NAME, AT + LATE_S) == RISKY


def test_what_is_gone_without_may_come_any_time() -> None:
    """What was guessed, harmless or not, stays as it is; so does what nobody asked for."""
    kept = memory()
    kept.put("knitting.example", (), AT)
    kept.pass_over(NAME, AT)
    assert [kept.is_passed_over(name, AT) for name in (NAME, "knitting.example", "other.example")] == [
        True, False, False
    ]  # fmt: skip
    assert [kept.is_passed_over(NAME, AT + later) for later in (LATE_S - 1e-3, LATE_S)] == [
        True, False
    ]  # fmt: skip
    kept.put(NAME, (), AT)
    assert not kept.is_passed_over(NAME, AT)


def test_what_came_after_all_is_not_passed_over() -> None:
    """It would be lost for the day; what is too old is no guess."""
    kept = memory()
    kept.put(NAME, RISKY, AT)
    kept.pass_over(NAME, AT + 1)
    assert kept.get(NAME, AT + 1 + LATE_S) == RISKY
    kept.pass_over(NAME, AT + GUESSED_S)
    assert kept.get(NAME, AT + GUESSED_S) == ()


def test_all_is_forgotten() -> None:
    """Whether there is somebody to ask is no memory."""
    kept = memory()
    kept.is_fed = True
    kept.put(NAME, RISKY, AT)
    kept.forget()
    assert (kept.get(NAME, AT), len(kept), kept.is_fed) == (None, 0, True)


def test_what_is_too_old_is_swept() -> None:
    """And nothing else."""
    kept = memory()
    kept.put("old.example", RISKY, AT)
    kept.put(NAME, RISKY, AT + 1)
    kept.sweep(AT + GUESSED_S)
    assert (len(kept), kept.get(NAME, AT + GUESSED_S)) == (1, RISKY)


def test_of_too_many_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was guessed at again is among the newest."""
    monkeypatch.setattr(core_guesses, "MAX_GUESSED", 3)
    kept = memory()
    for name in ("a.example", "b.example", "a.example", "c.example", "d.example"):
        kept.put(name, RISKY, AT)
    names = ("a.example", "b.example", "c.example", "d.example")
    assert [kept.get(name, AT) is not None for name in names] == [True, False, True, True]


def test_a_full_memory_is_bounded() -> None:
    """Whatever comes."""
    kept = memory()
    for number in range(MAX_GUESSED + 100):
        kept.put(f"{number}.example", (), AT)
    assert len(kept) == MAX_GUESSED
    assert [kept.get(f"{number}.example", AT) for number in (99, 100, MAX_GUESSED + 99)] == [None, (), ()]


def written(thing: Any) -> bytes:
    """Return all octets of texts and keys inside a thing, however deep."""
    if isinstance(thing, dict):
        return b"\n".join(map(written, itertools.chain(thing.keys(), thing.values())))
    if isinstance(thing, tuple | list):
        return b"\n".join(map(written, thing))
    return thing if isinstance(thing, bytes) else repr(thing).encode()


@given(name=st.from_regex(r"[a-z0-9-]{4,20}\.[a-z]{2,6}", fullmatch=True))
def test_no_name_is_in_the_memory(name: str) -> None:
    """Nor a hash that whoever reads it could try names against, without the key."""
    one, other = memory(), Memory(KEY[::-1])
    for kept in (one, other):
        kept.put(name, (), AT)
    (hashed,) = one._guessed
    held = b"\n".join(written(getattr(one, slot)) for slot in Memory.__slots__ if slot != "_key")
    assert name.encode() not in held
    assert hashed in held
    assert hashed not in other._guessed
    assert not any(
        digest(name.encode()).digest().startswith(hashed)
        for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.blake2b)
    )
    assert hashed != hashlib.blake2b(name.encode(), digest_size=len(hashed)).digest()


@pytest.mark.parametrize("octets", [0, 15, 65])
def test_a_key_of_another_length_is_refused(octets: int) -> None:
    """A short one could be found by trying."""
    with pytest.raises(ValueError, match=f"a key has 16 to 64 octets, not {octets}"):
        Memory(bytes(octets))


@pytest.mark.parametrize("octets", [16, 64])
def test_keys_of_these_lengths_will_do(octets: int) -> None:
    """From the shortest to the longest."""
    kept = Memory(bytes(octets))
    kept.put(NAME, RISKY, AT)
    assert kept.get(NAME, AT) == RISKY
