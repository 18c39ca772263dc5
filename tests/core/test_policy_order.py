"""The order of decision: each step, and each crossing of two."""

from typing import Any

import pytest

from appliance.core.device import DeviceKind
from appliance.core.domainset import Entry
from appliance.core.guesses import Label
from appliance.core.house import Classifier, OwnService, Unknown
from appliance.core.person import Mode, Setting
from appliance.core.said import Things
from appliance.core.verdict import Step
from tests.core.builders import AFTERNOON, AT, adult, child, grant, minutes_from_now, own, pause, told, verdict_of

HELP = ("allow", "help", "help")
INFRASTRUCTURE = ("allow", "infrastructure", "infrastructure")
MALWARE = ("block", "hard", "malware")
HARD = ("block", "hard", "hard")
PAUSE = ("block", "word", "pause")
GRANT = ("allow", "word", "grant")
WINDOW = ("block", "time", "window")
OWN_ALLOW = ("allow", "own", "own_allow")
OWN_BLOCK = ("block", "own", "own_block")
PROTECTED = ("allow", "protected", "protected")
BYPASS = ("block", "bypass", "bypass")
BLOCK = ("block", "category", "category_block")
ASK = ("ask", "category", "category_ask")
ALLOW = ("allow", "category", "category_allow")
LABEL = ("ask", "classifier", "classifier")
CLUB = OwnService(id="club", name="Club", domains=("club.example",))
DEFAULT = ("allow", "default", "default_allow")

ALL_STATES: dict[str, Any] = {"pauses": (pause(),), "person": child("0-5", windows=(AFTERNOON,))}
"""A paused child of the strictest band in a window."""


def everywhere(name: str) -> dict[str, Any]:
    """Return a house where all that may block a name does."""
    tags = ("malware_phishing", "csam", "pornography", "ed_promotion", "bypass_vpn", "social_media", "trackers_ads")
    return {
        "person": child("0-5", windows=(AFTERNOON,), rules=(own(name, "block"),), unknown_names=Mode.ALLOW_LIST),
        "pauses": (pause(),),
        "extra": [Entry(name, tag) for tag in tags],
        "label": Label("pornography", 1.0),
    }


STEPS: list[tuple[str, str, dict[str, Any], tuple[str, str, str]]] = [
    # 1. help lines
    ("a help line is open", "help.example", {}, HELP),
    ("all below a help line too", "chat.help.example", {}, HELP),
    ("a listed carrier of help lines is open", "carrier.example", {}, HELP),
    ("an exact entry reaches no further", "www.exacthelp.example", {}, DEFAULT),
    ("help beats every block at once", "help.example", everywhere("help.example"), HELP),
    ("help beats infrastructure", "help.example", {"extra": [Entry("help.example", "#infrastructure")]}, HELP),
    ("help is open to a paused child in a window", "help.example", ALL_STATES, HELP),
    ("help is open to an adult", "help.example", {"person": adult()}, HELP),
    # 2. infrastructure
    ("a clock is open", "time.example", {}, INFRASTRUCTURE),
    ("a connectivity check is open", "check.example", {}, INFRASTRUCTURE),
    ("the appliance is open", "kindgate.example", {}, INFRASTRUCTURE),
    ("infrastructure beats every block at once", "time.example", everywhere("time.example"), INFRASTRUCTURE),
    ("infrastructure is open in a window", "time.example", {"person": child(windows=(AFTERNOON,))}, INFRASTRUCTURE),
    ("infrastructure is open in a pause", "check.example", {"pauses": (pause(),)}, INFRASTRUCTURE),
    # 3. hard blocks
    ("malware is blocked", "malware.example", {}, MALWARE),
    ("malware is blocked for adults", "malware.example", {"person": adult()}, MALWARE),
    ("a band's H category is blocked", "porn.example", {}, HARD),
    ("a grant for the name doesn't lift H", "porn.example", {"grants": (grant(name="porn.example"),)}, HARD),
    ("a grant for the category doesn't lift H", "porn.example", {"grants": (grant(category="pornography"),)}, HARD),
    ("a grant for everything doesn't lift malware", "malware.example", {"grants": (grant(),)}, MALWARE),
    ("an own rule doesn't lift H", "porn.example", {"person": child(rules=(own("porn.example", "allow"),))}, HARD),
    (
        "a setting doesn't lift H",
        "porn.example",
        {"person": child(categories={"pornography": Setting.ALLOW})},
        HARD,
    ),
    (
        "a setting to block doesn't soften H to what one may lift",
        "porn.example",
        {"person": child(categories={"pornography": Setting.BLOCK}), "grants": (grant(),)},
        HARD,
    ),
    ("H beats a pause", "porn.example", {"pauses": (pause(),)}, HARD),
    ("H beats a window", "porn.example", {"person": child(windows=(AFTERNOON,))}, HARD),
    ("H beats protected information", "mind.example", {"extra": [Entry("mind.example", "malware_phishing")]}, MALWARE),
    ("what is H for the young is B later", "porn.example", {"person": child("13-15")}, BLOCK),
    # 4. the latest word
    ("a pause stops all", "open.example", {"pauses": (pause(),)}, PAUSE),
    ("a pause of the person stops all", "open.example", {"pauses": (pause(person="kim"),)}, PAUSE),
    ("a pause of another person stops nothing", "open.example", {"pauses": (pause(person="other"),)}, DEFAULT),
    ("a pause that is over stops nothing", "open.example", {"pauses": (pause(-30, 0),)}, DEFAULT),
    ("a pause that is to come stops nothing", "open.example", {"pauses": (pause(1, 30),)}, DEFAULT),
    ("a pause stops protected information", "mind.example", {"pauses": (pause(),)}, PAUSE),
    (
        "a pause stops what is always on",
        "school.example",
        {"pauses": (pause(),), "person": child(always_on=Things(names=("school.example",)))},
        PAUSE,
    ),
    ("a grant opens a name", "tracker.example", {"grants": (grant(name="tracker.example"),)}, GRANT),
    ("and all below it", "www.tracker.example", {"grants": (grant(name="tracker.example"),)}, GRANT),
    ("and not what is beside it", "forum.example", {"grants": (grant(name="tracker.example"),)}, ASK),
    ("a grant opens a category", "social.example", {"grants": (grant(category="social_media"),)}, GRANT),
    ("and no other category", "tracker.example", {"grants": (grant(category="social_media"),)}, BLOCK),
    ("a grant of another person opens nothing", "social.example", {"grants": (grant(person="other"),)}, BLOCK),
    ("a grant that is over opens nothing", "social.example", {"grants": (grant(-30, 0),)}, BLOCK),
    ("a grant after a pause opens", "open.example", {"pauses": (pause(-10),), "grants": (grant(-5),)}, GRANT),
    ("a pause after a grant stops", "open.example", {"pauses": (pause(-5),), "grants": (grant(-10),)}, PAUSE),
    (
        "a grant after a pause opens just its name",
        "open.example",
        {"pauses": (pause(-10),), "grants": (grant(-5, name="games.example"),)},
        PAUSE,
    ),
    (
        "a grant that is over gives way to the pause before it",
        "open.example",
        {"pauses": (pause(-10),), "grants": (grant(-5, -1),)},
        PAUSE,
    ),
    ("a grant opens in a window", "open.example", {"grants": (grant(),), "person": child(windows=(AFTERNOON,))}, GRANT),
    (
        "a grant beats an own block",
        "open.example",
        {"grants": (grant(),), "person": child(rules=(own("open.example", "block"),))},
        GRANT,
    ),
    ("a grant beats a bypass block", "vpn.example", {"grants": (grant(name="vpn.example"),)}, GRANT),
    (
        "a grant opens in allow-list mode",
        "new.example",
        {"person": child("0-5"), "grants": (grant(name="new.example"),)},
        GRANT,
    ),
    # 5. time
    ("a window stops all", "open.example", {"person": child(windows=(AFTERNOON,))}, WINDOW),
    ("a window stops protected information", "mind.example", {"person": child(windows=(AFTERNOON,))}, WINDOW),
    (
        "a window stops what an own rule allows",
        "open.example",
        {"person": child(windows=(AFTERNOON,), rules=(own("open.example", "allow"),))},
        WINDOW,
    ),
    (
        "a name that is always on passes",
        "www.meet.example",
        {"person": child(windows=(AFTERNOON,), always_on=Things(names=("meet.example",)))},
        DEFAULT,
    ),
    (
        "a category that is always on passes",
        "school.example",
        {"person": child(windows=(AFTERNOON,), always_on=Things(categories=("education",)))},
        ALLOW,
    ),
    (
        "what is always on is still open to later steps",
        "tracker.example",
        {"person": child(windows=(AFTERNOON,), always_on=Things(categories=("trackers_ads",)))},
        BLOCK,
    ),
    # 6. own rules
    ("an own rule blocks", "open.example", {"person": child(rules=(own("open.example", "block"),))}, OWN_BLOCK),
    ("and all below", "www.open.example", {"person": child(rules=(own("open.example", "block"),))}, OWN_BLOCK),
    ("an own rule allows", "tracker.example", {"person": child(rules=(own("tracker.example", "allow"),))}, OWN_ALLOW),
    (
        "the more specific block wins",
        "ads.open.example",
        {"person": child(rules=(own("open.example", "allow"), own("ads.open.example", "block")))},
        OWN_BLOCK,
    ),
    (
        "the more specific allow wins",
        "www.open.example",
        {"person": child(rules=(own("www.open.example", "allow"), own("open.example", "block")))},
        OWN_ALLOW,
    ),
    (
        "at the same name allow wins",
        "open.example",
        {"person": child(rules=(own("open.example", "block"), own("open.example", "allow")))},
        OWN_ALLOW,
    ),
    (
        "a rule that has ended is none",
        "open.example",
        {"person": child(rules=(own("open.example", "block", minutes_from_now(0)),))},
        DEFAULT,
    ),
    (
        "a rule that has not ended yet holds",
        "open.example",
        {"person": child(rules=(own("open.example", "block", minutes_from_now(1)),))},
        OWN_BLOCK,
    ),
    (
        "an own allow opens a bypass route",
        "vpn.example",
        {"person": child(rules=(own("vpn.example", "allow"),))},
        OWN_ALLOW,
    ),
    (
        "an own allow beats the allow-list",
        "new.example",
        {"person": child("0-5", rules=(own("new.example", "allow"),))},
        OWN_ALLOW,
    ),
    (
        "an own block reaches protected information at 0-5",
        "mind.example",
        {"person": child("0-5", rules=(own("mind.example", "block"),))},
        OWN_BLOCK,
    ),
    (
        "and at 6-9",
        "mind.example",
        {"person": child("6-9", rules=(own("mind.example", "block"),))},
        OWN_BLOCK,
    ),
    (
        "and no more at 10-12",
        "mind.example",
        {"person": child("10-12", rules=(own("mind.example", "block"),))},
        PROTECTED,
    ),
    (
        "nor at 16-17",
        "mind.example",
        {"person": child("16-17", rules=(own("mind.example", "block"),))},
        PROTECTED,
    ),
    (
        "where a block does not reach, an allow above it does",
        "www.mind.example",
        {"person": child("13-15", rules=(own("www.mind.example", "block"), own("mind.example", "allow")))},
        OWN_ALLOW,
    ),
    # 7. protected information
    ("protected information is open", "mind.example", {}, PROTECTED),
    ("and in allow-list mode", "mind.example", {"person": child("0-5")}, PROTECTED),
    ("what a band doesn't protect is allowed like all else", "talk.example", {"person": child("0-5")}, ALLOW),
    ("a shop below it isn't meant", "shop.mind.example", {}, DEFAULT),
    ("no category blocks it", "mind.example", {"extra": [Entry("mind.example", "social_media")]}, PROTECTED),
    ("nor a bypass block", "mind.example", {"extra": [Entry("mind.example", "bypass_vpn")]}, PROTECTED),
    (
        "nor a setting of its category",
        "mind.example",
        {"person": child("13-15", categories={"mental_health": Setting.BLOCK})},
        PROTECTED,
    ),
    ("nor a score", "mind.example", {"label": Label("pornography", 0.99)}, PROTECTED),
    # 8. bypass routes
    ("a way around is blocked", "vpn.example", {}, BYPASS),
    ("by band it may be asked for", "vpn.example", {"person": child("16-17")}, ("ask", "bypass", "bypass")),
    ("for adults it is open", "vpn.example", {"person": adult()}, ALLOW),
    (
        "the strictest of two ways decides",
        "vpn.example",
        {"person": child("16-17"), "extra": [Entry("vpn.example", "bypass_relay")]},
        BYPASS,
    ),
    (
        "one that a caregiver allowed is allowed by its category",
        "vpn.example",
        {"person": child("0-5", categories={"bypass_vpn": Setting.ALLOW})},
        ALLOW,
    ),
    ("a way around beats its other category", "vpn.example", {"extra": [Entry("vpn.example", "forum")]}, BYPASS),
    # 9. categories
    ("a category is blocked", "tracker.example", {}, BLOCK),
    ("a category is asked for", "forum.example", {}, ASK),
    ("a category is allowed", "school.example", {}, ALLOW),
    (
        "a caregiver blocks a category",
        "school.example",
        {"person": child(categories={"education": Setting.BLOCK})},
        BLOCK,
    ),
    ("a caregiver allows a category", "forum.example", {"person": child(categories={"forum": Setting.ALLOW})}, ALLOW),
    (
        "a caregiver has a category asked for",
        "games.example",
        {"person": child(categories={"browser_games": Setting.ASK})},
        ASK,
    ),
    (
        "of two categories the strictest wins",
        "forum.example",
        {"extra": [Entry("forum.example", "trackers_ads")]},
        BLOCK,
    ),
    ("asked beats allowed", "forum.example", {"extra": [Entry("forum.example", "education")]}, ASK),
    # 11. the classifier
    ("a label moves an unknown name to ask", "new.example", {"label": Label("pornography", 0.93)}, LABEL),
    ("at 10-12 too", "new.example", {"person": child("10-12"), "label": Label("social_media", 0.9)}, LABEL),
    ("also for what is asked for", "new.example", {"label": Label("forum", 0.9)}, LABEL),
    ("never for what the band allows", "new.example", {"label": Label("education", 0.9)}, DEFAULT),
    ("never for what the band times", "new.example", {"label": Label("browser_games", 0.9)}, DEFAULT),
    ("never at 13-15", "new.example", {"person": child("13-15"), "label": Label("pornography", 0.9)}, DEFAULT),
    (
        "there too where a caregiver turned it on",
        "new.example",
        {"person": child("13-15", risky_names=True), "label": Label("pornography", 0.9)},
        LABEL,
    ),
    (
        "never where a caregiver turned it off",
        "new.example",
        {"person": child(risky_names=False), "label": Label("pornography", 0.9)},
        DEFAULT,
    ),
    (
        "nor in a house that has it off",
        "new.example",
        {"classifier": Classifier(on=False), "label": Label("pornography", 0.9)},
        DEFAULT,
    ),
    ("never at 16-17", "new.example", {"person": child("16-17"), "label": Label("pornography", 0.9)}, DEFAULT),
    ("never for adults", "new.example", {"person": adult(), "label": Label("pornography", 0.9)}, DEFAULT),
    ("never for a known name", "school.example", {"label": Label("pornography", 0.99)}, ALLOW),
    ("nor for updates", "system.example", {"label": Label("pornography", 0.99)}, DEFAULT),
    ("nor below a name that is known", "id.chat.example", {"label": Label("pornography", 0.99)}, DEFAULT),
    (
        "nor for a service of the house",
        "www.club.example",
        {"services": (CLUB,), "label": Label("pornography", 0.99)},
        DEFAULT,
    ),
    (
        "never for a name of an own rule",
        "new.example",
        {"label": Label("pornography", 0.9), "person": child(rules=(own("new.example", "allow"),))},
        OWN_ALLOW,
    ),
    (
        "at 0-5 the allow-list decides",
        "new.example",
        {"person": child("0-5"), "label": Label("pornography", 0.9)},
        ("block", "default", "default_block"),
    ),
    # 12. the default
    ("an unknown name is allowed", "new.example", {}, DEFAULT),
    (
        "asked about where a caregiver said so",
        "new.example",
        {"person": child(unknown_names=Mode.ASK)},
        ("ask", "default", "default_ask"),
    ),
    ("blocked in allow-list mode", "new.example", {"person": child("0-5")}, ("block", "default", "default_block")),
    ("which a caregiver may leave", "new.example", {"person": child("0-5", unknown_names=Mode.OPEN)}, DEFAULT),
    (
        "or choose",
        "new.example",
        {"person": child(unknown_names=Mode.ALLOW_LIST)},
        ("block", "default", "default_block"),
    ),
    (
        "the letter of the unclassified says so too",
        "new.example",
        {"person": child(categories={"unclassified": Setting.ASK})},
        ("ask", "default", "default_ask"),
    ),
    ("an allow-list takes in allowed categories", "school.example", {"person": child("0-5")}, ALLOW),
    ("adults have no default but allow", "new.example", {"person": adult()}, DEFAULT),
]


@pytest.mark.parametrize(("name", "told_to", "expected"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_the_first_step_with_an_answer_gives_it(
    name: str, told_to: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    """Each row of the order of decision, alone and crossed with another, is decided as `product` says."""
    assert expected == told(verdict_of(name, **told_to))


UPDATES = [
    (DeviceKind.CONSOLE, "patch.example", ("allow", "default", "default_allow")),
    (DeviceKind.CONSOLE, "system.example", ("allow", "default", "default_allow")),
    (DeviceKind.CONSOLE, "tvpatch.example", WINDOW),
    (DeviceKind.CONSOLE, "play.example", WINDOW),
    (DeviceKind.TV, "tvpatch.example", ("allow", "default", "default_allow")),
    (DeviceKind.IOT, "system.example", ("allow", "default", "default_allow")),
    (DeviceKind.LAPTOP, "system.example", WINDOW),
    (DeviceKind.PHONE, "patch.example", WINDOW),
]


@pytest.mark.parametrize(("kind", "name", "expected"), UPDATES)
def test_bedtime_stops_play_and_not_updates(kind: DeviceKind, name: str, expected: tuple[str, str, str]) -> None:
    """A device without a browser gets its own updates in a window, and nothing else."""
    assert expected == told(verdict_of(name, child(windows=(AFTERNOON,)), on=kind))


@pytest.mark.parametrize(
    ("name", "expected"), [("patch.example", ("allow", "word", "update")), ("play.example", PAUSE)]
)
def test_a_pause_stops_play_and_not_updates(name: str, expected: tuple[str, str, str]) -> None:
    """A paused console gets its own updates, and nothing else."""
    assert expected == told(verdict_of(name, on=DeviceKind.CONSOLE, pauses=(pause(),)))


def test_the_table_reaches_every_step() -> None:
    """No step but the one that needs lists stays without a case."""
    assert {step.value for step in Step} - {"list"} == {row[3][1] for row in STEPS}


@pytest.mark.parametrize("choice", list(Unknown))
@pytest.mark.parametrize("name", ["help.example", "time.example", "porn.example", "malware.example"])
def test_no_choice_for_unknown_devices_touches_the_first_steps(choice: Unknown, name: str) -> None:
    """Help and infrastructure stay open, malware and adult content closed, whatever unknown devices get."""
    verdict = verdict_of(name, on=DeviceKind.PHONE, person=child("6-9"), unknown_devices=choice.value)
    assert (name in {"porn.example", "malware.example"}) == verdict.is_blocked


def test_the_time_of_a_word_is_half_open() -> None:
    """A pause holds from the moment it is said until just before its end."""
    word = pause(0, 10)
    assert [
        verdict_of("open.example", pauses=(word,), at=AT + seconds).step.value for seconds in (-1, 0, 599, 600)
    ] == ["default", "word", "word", "default"]
