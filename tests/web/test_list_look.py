"""How a list looks: its state by phase, problem and what the nameserver runs; figures and sizes as people say them."""

from collections.abc import Iterator

import pytest
from flask import Flask

from appliance.core.lists.report import Conflict, Conflicts, Report
from appliance.core.subscription import ListKind, Subscription
from appliance.household import inforce
from appliance.household.lists import Phase, Standing, Status, folder, save_standing
from appliance.web import list_look
from appliance.web.box import Box
from appliance.web.list_look import Shown
from appliance.wording import Names
from appliance.world import clock
from tests.web.conftest import AT, HOUSE

FRAUD = Subscription(id="fraud", name="Fraud", url="https://a.example/fraud.txt")
HOUR = 3_600.0


@pytest.fixture(autouse=True)
def _page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be in a page, on a certain morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)
    with app.test_request_context():
        yield


def shown(box: Box, status: Status, told: Subscription = FRAUD, runs: str = "d1") -> Shown:
    """Return a list that stands like this, while the nameserver runs a file of lists."""
    folder(box.data).mkdir(exist_ok=True)
    save_standing(box.data, Standing(digest="d1", lists={told.id: status}))
    with pytest.MonkeyPatch.context() as patch:
        standing = inforce.Standing.RUNS if runs == "d1" else inforce.Standing.BEHIND
        patch.setattr(inforce, "look_at_lists", lambda _data, _digest: inforce.Lists(standing))
        return list_look.one_of(box, told)


@pytest.mark.parametrize(
    ("status", "runs", "word", "is_busy"),
    [
        (Status(), "d1", "Waiting", True),
        (Status(is_wanted=True, problem="no"), "d1", "Waiting", True),
        (Status(phase=Phase.READY, is_wanted=True), "d1", "Waiting", True),
        (Status(phase=Phase.FETCHING, is_wanted=True), "d1", "Fetching", True),
        (Status(problem="no"), "d1", "Failed", False),
        (Status(phase=Phase.FETCHING), "d1", "Fetching", True),
        (Status(phase=Phase.BUILDING), "d1", "Reading", True),
        (Status(phase=Phase.READY), "d1", "In force", False),
        (Status(phase=Phase.READY), "d0", "Taking effect", True),
        (Status(phase=Phase.READY, problem="no"), "d1", "Not renewed", False),
        (Status(phase=Phase.READY, problem="no"), "d0", "Not renewed", False),
    ],
)
def test_a_state_is_told_by_what_is_so(box: Box, status: Status, runs: str, word: str, is_busy: bool) -> None:
    """In force only where every worker runs the file that it is in."""
    found = shown(box, status, runs=runs)
    assert (found.mark.word, found.is_busy, found.is_wrong) == (word, is_busy, bool(status.problem))


def test_without_a_file_of_lists_nothing_is_in_force(box: Box) -> None:
    """Not even where the nameserver runs none, as it should."""
    folder(box.data).mkdir()
    save_standing(box.data, Standing(lists={"fraud": Status(phase=Phase.READY)}))
    assert list_look.one_of(box, FRAUD).mark.word == "Taking effect"


def test_a_list_that_is_off_is_nothing_else(box: Box) -> None:
    """What went wrong before it was turned off is no trouble now."""
    off = Subscription(id="fraud", name="Fraud", on=False)
    found = shown(box, Status(phase=Phase.READY, problem="no", fetched_at=AT), off)
    assert (found.mark.word, found.note, found.is_wrong, found.is_busy) == ("Off", "", False, False)


@pytest.mark.parametrize(
    ("status", "note"),
    [
        (Status(), "It is fetched as soon as the box is online."),
        (Status(phase=Phase.READY), ""),
        (Status(problem="the sender is away"), "The sender is away."),
        (
            Status(problem="It is a page.", next_at=AT + HOUR),
            "It is a page. It is tried again at 06:53.",
        ),
        (Status(problem="It is a page.", next_at=AT - 1), "It is a page. It is tried again at once."),
        (
            Status(problem="It is a page.", next_at=AT + 24 * HOUR),
            "It is a page. It is tried again tomorrow 05:53.",
        ),
        (
            Status(phase=Phase.READY, problem="It is a page.", fetched_at=AT - 2 * HOUR),
            "It is a page. The one from 2 h ago stays.",
        ),
        (
            Status(phase=Phase.READY, problem="It is a page.", fetched_at=AT - 240 * HOUR),
            "It is a page. The one from 22 February stays.",
        ),
        (Status(phase=Phase.READY, problem="Why?", fetched_at=AT), "Why? The one from a moment ago stays."),
    ],
)
def test_what_went_wrong_is_said_with_what_follows(box: Box, status: Status, note: str) -> None:
    """That the last good one stays, and when it is tried again."""
    assert shown(box, status).note == note


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status(phase=Phase.FETCHING, octets=500_000, of_octets=2_000_000), (0.25, "500 kB of 2.0 MB")),
        (Status(phase=Phase.FETCHING, octets=9, of_octets=3), (1.0, "9 octets of 3 octets")),
        (Status(phase=Phase.FETCHING, octets=1), (None, "1 octet so far")),
        (Status(phase=Phase.BUILDING), (None, "Its lines are being read …")),
    ],
)
def test_progress_is_told_in_a_share_where_its_end_is_known(
    box: Box, status: Status, expected: tuple[float | None, str]
) -> None:
    """And in words always."""
    found = shown(box, status).progress
    assert found is not None
    assert (found.share, found.words) == expected


def test_nothing_comes_of_a_list_that_is_here(box: Box) -> None:
    """No bar without something that goes on."""
    assert shown(box, Status(phase=Phase.READY)).progress is None


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (None, ""),
        (Report(), "0 names"),
        (Report(names=1), "1 name"),
        (Report(names=12_400, rules=3), "12,400 names and 3 rules"),
        (Report(rules=1), "1 rule"),
    ],
)
def test_what_it_holds_is_counted(box: Box, report: Report | None, expected: str) -> None:
    """Names and rules, those there are."""
    assert shown(box, Status(phase=Phase.READY, report=report)).holds == expected


def test_names_that_stay_open_are_told_apart_from_those_that_are_closed(box: Box) -> None:
    """What is held back is closed by a list that may; its note says so."""
    one = Conflicts(2, (Conflict("a.example", 3), Conflict("b.example", 4)))
    report = Report(help_lines=one, infrastructure=one, popular=one, suffixes=one)
    found = shown(box, Status(phase=Phase.READY, report=report))
    assert found.stay_open == 4
    assert [(trouble.title, trouble.tone) for trouble in found.troubles] == [
        ("Help", "free"),
        ("What devices need", "free"),
        ("Sites that everybody knows", "pause"),
        ("Whole endings, like com", "free"),
    ]
    wide = Subscription(id="fraud", name="Fraud", wide=True)
    assert shown(box, Status(phase=Phase.READY, report=report), wide).troubles[-1].tone == "pause"
    assert shown(box, Status()).troubles == []


@pytest.mark.parametrize(
    ("told", "does", "whom", "to_child"),
    [
        (FRAUD, "Closes its sites", "for all children", "Its sites are closed here"),
        (
            Subscription(id="a", name="A", kind=ListKind.ALLOW, persons=("mia", "jonas", "dana")),
            "Opens its sites", "for Mia, Jonas and Dana", "Its sites are open here",
        ),
        (
            Subscription(id="a", name="A", category="gambling"),
            "Says what is “Gambling”", "for everyone", "Says which sites are: Gambling",
        ),
        (
            Subscription(id="a", name="A", category="gambling", kind=ListKind.ALLOW, persons=("mia",)),
            "Says what is not “Gambling”", "for Mia", "Says which sites are not: Gambling",
        ),
    ],
)  # fmt: skip
def test_what_a_list_does_is_said_in_words(box: Box, told: Subscription, does: str, whom: str, to_child: str) -> None:
    """To caregivers, and to those whom it reaches."""
    names = Names.of(box.book, HOUSE)
    found = (list_look.does(told, names), list_look.whom(told, HOUSE), list_look.to_child(told, names))
    assert found == (does, whom, to_child)


@pytest.mark.parametrize(("words", "expected"), [((), ""), (("a",), "a"), (("a", "b"), "a and b")])
def test_words_are_joined(words: tuple[str, ...], expected: str) -> None:
    """As one says them."""
    assert list_look.joined(words) == expected


@pytest.mark.parametrize(
    ("url", "came"),
    [(FRAUD.url, "Fetched just now"), ("file:own.txt", "Read just now"), (None, "Copied in just now")],
)
def test_how_it_came_is_said_as_it_was(box: Box, url: str | None, came: str) -> None:
    """Not everything comes from the internet."""
    told = Subscription(id="fraud", name="Fraud", url=url)
    assert shown(box, Status(phase=Phase.READY, fetched_at=AT), told).came == came
    assert shown(box, Status(), told).came == ""
