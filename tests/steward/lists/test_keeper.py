"""Lists are fetched when their time has come and built at once; whatever a sender does, the last good one answers."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace as with_
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.household.lists import FOLDER, Phase, Standing, load_standing, set_file, source_file
from appliance.steward.lists import errand, keeper, making, shelf, workshop
from appliance.steward.lists.fetch import Manner
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.job import Done, Job
from appliance.steward.lists.limits import Limits, NotTaken
from appliance.steward.lists.timing import AGAIN_S
from appliance.world import clock
from tests.steward.lists.houses import BAD, PAGE, WORSE, house, lay, one
from tests.steward.lists.keepers import HERE, WITHIN_S, Houses, held, keeping, names, status, until, updated
from tests.steward.lists.sender import Sender, send

TOO_MANY = b"".join(b"/bad%d[0-9]/\n" % number for number in range(10_001))


def test_without_a_daemon(sender: Sender, data: Path, tmp_path: Path) -> None:
    """From a sender, from the box, and copied in: when it returns, all are built; a bad one says why."""
    sender.answers["/a"] = send(BAD, ETag='"1"')
    lay(tmp_path, "b.txt", WORSE)
    shelf.take_in(data, "c", b"0.0.0.0 mine.example\n")
    told = house(one("a", sender.url("/a")), one("b", "file:b.txt"), one("c"), one("d", sender.url("/d")))
    standing = updated(data, told, config=tmp_path)
    assert names(data) == {"bad.example", "worse.example", "mine.example"}
    phases = {list_id: status.phase for list_id, status in standing.lists.items()}
    assert phases == {"a": Phase.READY, "b": Phase.READY, "c": Phase.READY, "d": Phase.WAITING}
    assert standing.lists["d"].problem == "There is no list at this address (404)."
    a = standing.lists["a"]
    assert (a.octets, a.etag, a.source, a.failures) == (len(BAD), '"1"', sender.url("/a"), 0)
    assert not list((data / FOLDER / "sources").glob("*.part"))


def test_only_those_that_are_named(sender: Sender, data: Path) -> None:
    """The others are not asked for; what is off, and what there is not, is no fault."""
    sender.answers |= {"/a": send(BAD), "/b": send(WORSE)}
    told = house(one("a", sender.url("/a")), one("b", sender.url("/b")), one("c", sender.url("/c"), on=False))
    updated(data, told, "a", "c", "nobody")
    assert [path for path, _ in sender.asked] == ["/a"]
    updated(data, told, "b")
    assert names(data) == {"bad.example", "worse.example"}


def test_the_same_and_another(sender: Sender, data: Path) -> None:
    """A 304 keeps what is there, and a new text takes its place."""
    told = house(one("a", sender.url("/a")))
    sender.answers["/a"] = send(BAD, ETag='"1"')
    first = updated(data, told)
    sender.answers["/a"] = send(b"", 304)
    second = updated(data, told)
    assert (second.digest, second.built_at) == (first.digest, first.built_at)
    assert (second.lists["a"].changed_at, second.lists["a"].octets) == (first.lists["a"].changed_at, len(BAD))
    assert (second.lists["a"].fetched_at or 0) > (first.lists["a"].fetched_at or 0)
    sender.answers["/a"] = send(WORSE)
    assert updated(data, told).digest != first.digest
    assert names(data) == {"worse.example"}


@pytest.mark.parametrize(
    "bad", [send(PAGE), send(b"\0\1\2"), send(b"", 500), send(TOO_MANY), send(b"", 302, Location="http://x/")]
)
def test_what_was_good_last_stays(sender: Sender, data: Path, bad: Callable[[BaseHTTPRequestHandler], None]) -> None:
    """Text and file, with the reason; and it is asked for again as one that we know."""
    told = house(one("a", sender.url("/a")))
    sender.answers["/a"] = send(BAD, ETag='"1"')
    before = updated(data, told)
    text = source_file(data, "a").read_bytes()
    sender.answers["/a"] = bad
    after = updated(data, told)
    now = after.lists["a"]
    assert now.problem.endswith(".")
    assert (now.phase, now.failures, now.octets, now.etag) == (Phase.READY, 1, len(BAD), '"1"')
    assert now.next_at == pytest.approx((now.tried_at or 0) + AGAIN_S)
    assert (names(data), source_file(data, "a").read_bytes()) == ({"bad.example"}, text)
    sender.answers["/a"] = send(WORSE)
    assert updated(data, told).lists["a"].problem == ""
    assert names(data) == {"worse.example"}
    assert sender.asked[-1][1]["if-none-match"] == '"1"'
    assert before.digest != load_standing(data).digest


def test_the_disk_is_full(sender: Sender, data: Path) -> None:
    """What can't be put in its place leaves the last good one there, and is tried again."""
    told = house(one("a", sender.url("/a")))
    sender.answers["/a"] = send(BAD)
    updated(data, told)
    hindrance = set_file(data).with_name(".lists.set.new")
    hindrance.mkdir()
    sender.answers["/a"] = send(WORSE)
    now = updated(data, told).lists["a"]
    assert ("last good" in now.problem, now.failures, names(data)) == (True, 1, {"bad.example"})
    hindrance.rmdir()
    updated(data, told)
    assert names(data) == {"worse.example"}


def test_one_that_breaks_the_build(sender: Sender, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came beside it is taken all the same."""
    real = workshop.build

    def build(job: Job, halt: Halt) -> Done:
        if any("a~" in path for part in job.parts for path in part.paths):
            raise NotTaken(workshop.UNDONE)
        return real(job, halt)

    monkeypatch.setattr(workshop, "build", build)
    sender.answers |= {"/a": send(BAD), "/b": send(WORSE)}
    standing = updated(data, house(one("a", sender.url("/a")), one("b", sender.url("/b"))))
    assert (names(data), standing.problem) == ({"worse.example"}, "")
    assert (standing.lists["a"].problem, standing.lists["b"].problem) == (workshop.UNDONE, "")


def test_a_build_that_fails_is_tried_again(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why is told; not at once and over and over, but at once for another house."""
    tries: list[object] = []

    def fail(job: object, _: object) -> Done:
        tries.append(job)
        raise NotTaken(workshop.UNDONE)

    lay(tmp_path, "a.txt", BAD)
    told = house(one("a", "file:a.txt"))
    updated(data, told, config=tmp_path)
    set_file(data).unlink()
    monkeypatch.setattr(workshop, "build", fail)
    houses = Houses(told)
    with keeping(data, houses) as running:
        until(lambda: load_standing(data).problem == workshop.UNDONE)
        for _ in range(3):
            running.nudge()
            clock.pause(0.05)
        assert len(tries) == 1
        houses.now = replace(told, language="de")
        running.nudge()
        until(lambda: len(tries) == 2)


def test_a_house_that_changes(sender: Sender, data: Path) -> None:
    """A list that is there is fetched and built at once; one that goes is gone from everything that lies there."""
    sender.answers |= {"/a": send(BAD), "/b": send(WORSE)}
    a, b = one("a", sender.url("/a")), one("b", sender.url("/b"))
    houses = Houses(house())
    with keeping(data, houses) as running:
        houses.now = house(a)
        running.nudge()
        until(lambda: names(data) == {"bad.example"})
        houses.now = house(a, b)
        running.nudge()
        until(lambda: names(data) == {"bad.example", "worse.example"})
        houses.now = house(b)
        running.nudge()
        until(lambda: names(data) == {"worse.example"})
        until(lambda: load_standing(data).lists.keys() == {"b"})
        assert not source_file(data, "a").exists()
        houses.now = house(replace(b, on=False))
        running.nudge()
        until(lambda: not set_file(data).exists())
        assert source_file(data, "b").exists()
        houses.now = house(replace(b, url=sender.url("/a")))
        running.nudge()
        until(lambda: names(data) == {"bad.example"})


def test_a_house_without_lists(data: Path) -> None:
    """Nothing is made for it; and without a house nothing is done, nor removed."""
    with keeping(data, Houses(house())), keeping(data, Houses(None)) as running:
        running.want()
        clock.pause(0.1)
    assert list(data.iterdir()) == []
    shelf.take_in(data, "a", BAD)
    updated(data, house(one("a")))
    with keeping(data, Houses(None)):
        clock.pause(0.1)
    assert names(data) == {"bad.example"}


def test_how_far_it_is(sender: Sender, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it comes, that can be read; a list that is taken back meanwhile is gone, whatever comes of it."""
    monkeypatch.setattr(errand, "SAY_S", 0.0)
    slow, go = held(sender, BAD)
    sender.answers["/a"] = slow
    houses = Houses(house(one("a", sender.url("/a"))))
    with keeping(data, houses) as running:
        until(lambda: status(data).octets == 1)
        assert (status(data).phase, status(data).of_octets) == (Phase.FETCHING, len(BAD))
        houses.now = house()
        running.nudge()
        until(lambda: not load_standing(data).lists)
        go.set()
        until(lambda: not list((data / FOLDER / "sources").iterdir()))
    assert load_standing(data).lists == {}


def test_it_ends_in_the_middle(sender: Sender, data: Path) -> None:
    """Nothing is left but that it was at it; the next one begins anew."""
    slow, _ = held(sender, BAD)
    sender.answers["/a"] = slow
    told = house(one("a", sender.url("/a")))
    with keeping(data, Houses(told)):
        until(lambda: len(sender.asked) == 1)
    until(lambda: not list((data / FOLDER / "sources").glob("*.part")))
    assert status(data).phase is Phase.FETCHING
    sender.answers["/a"] = send(BAD)
    with keeping(data, Houses(None)), keeping(data, Houses(house(replace(told.lists[0], on=False)))):
        until(lambda: status(data).phase is Phase.WAITING)
    assert updated(data, told).lists["a"].phase is Phase.READY


def test_side_by_side(sender: Sender, data: Path) -> None:
    """A command waits for what the steward is fetching already, and asks nobody twice."""
    slow, go = held(sender, BAD)
    sender.answers["/a"] = slow
    told = house(one("a", sender.url("/a")))
    done: list[Standing] = []
    asking = threading.Thread(target=lambda: done.append(updated(data, told)), daemon=True)
    asking.start()
    until(lambda: status(data).phase is Phase.FETCHING)
    with keeping(data, Houses(told)):
        clock.pause(0.1)
        go.set()
        asking.join(WITHIN_S)
    assert done[0].lists["a"].phase is Phase.READY
    assert len(sender.asked) == 1


def test_nothing_of_a_list_is_logged(sender: Sender, data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """But its id, and that it didn't come."""
    caplog.set_level(logging.DEBUG)
    told = house(one("a", sender.url("/secret")), one("b", sender.url("/also-secret")))
    sender.answers["/also-secret"] = send(BAD)
    updated(data, told)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["list a: nothing newer came"]


def test_a_disk_that_takes_nothing(
    data: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and tried again; nothing ends by it."""
    monkeypatch.setattr(keeper, "TROUBLE_S", 0.02)
    (data / FOLDER).write_bytes(b"")
    told = house(one("a"))
    with pytest.raises(OSError, match="sources"):
        updated(data, told)
    with keeping(data, Houses(told)):
        until(lambda: len(caplog.records) > 1)
        (data / FOLDER).unlink()
        shelf.take_in(data, "a", BAD)
        until(lambda: names(data) == {"bad.example"})


def test_a_fault_of_ours(data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It is told of the list, and of nothing else; the log has its kind alone."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret.example")

    monkeypatch.setattr(keeper, "bring", fail)
    standing = updated(data, house(one("a", "file:a.txt")))
    assert standing.lists["a"].problem == keeper.FAULT
    assert "list a: ZeroDivisionError" in caplog.text
    monkeypatch.setattr(making, "is_made", fail)
    with keeping(data, Houses(house(one("a")))):
        until(lambda: "lists: ZeroDivisionError" in caplog.text)
    assert "secret" not in caplog.text


def test_the_limits_hold(sender: Sender, data: Path) -> None:
    """What is given as the manner is the manner."""
    sender.answers["/a"] = send(BAD)
    told = house(one("a", sender.url("/a")))
    assert "home network" in updated(data, told, manner=Manner()).lists["a"].problem
    small = with_(HERE, limits=Limits(unpacked_octets=3))
    assert "larger" in updated(data, told, manner=small).lists["a"].problem
