"""A list is brought from where the house says; what is the same as before is not brought again."""

import gzip
from pathlib import Path

import pytest

from appliance.core.subscription import Subscription
from appliance.household.lists import FOLDER, Status, make_folders, source_file
from appliance.steward.lists import errand
from appliance.steward.lists.errand import Brought, bring
from appliance.steward.lists.fetch import Manner, Marks, Progress
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.limits import USUAL, NotTaken
from tests.steward.lists.houses import BAD, PAGE, WORSE, lay, one
from tests.steward.lists.sender import Sender, send


def brought(
    data: Path, told: Subscription, before: Status, config: Path | None = None, say: Progress = lambda *_: None
) -> Brought | None:
    """Bring a list from this machine."""
    return bring(data, config, told, before, Manner(USUAL, lambda _: True, say), Halt())


def left(data: Path) -> list[str]:
    """Return what is left of errands that brought nothing."""
    return [path.name for path in (data / FOLDER / "sources").glob("*.part")]


def test_from_a_sender(sender: Sender, tmp_path: Path) -> None:
    """The first time it is taken as it is; then only what is another text, whatever the sender's marks say."""
    sender.answers["/list"] = send(BAD, ETag='"1"')
    told = one("a", sender.url("/list"))
    first = brought(tmp_path, told, Status())
    assert first is not None
    assert gzip.decompress(first.path.read_bytes()) == BAD
    assert first.marks == Marks('"1"')
    first.path.replace(source_file(tmp_path, "a"))
    known = Status(source=told.url or "", etag='"1"', digest=first.taken.digest)
    sender.answers["/list"] = send(BAD, ETag='"2"')
    assert brought(tmp_path, told, known) is None
    sender.answers["/list"] = send(b"", 304)
    assert brought(tmp_path, told, known) is None
    sender.answers["/list"] = send(WORSE)
    assert brought(tmp_path, told, known) is not None
    assert ["if-none-match" in headers for _, headers in sender.asked] == [False, True, True, True]
    assert len(left(tmp_path)) == 1


def test_what_we_have_is_of_elsewhere(sender: Sender, tmp_path: Path) -> None:
    """With another address, or without the text itself, the marks mean nothing."""
    make_folders(tmp_path)
    sender.answers["/list"] = send(BAD, ETag='"1"')
    told = one("a", sender.url("/list"))
    for before, is_there in ((Status(source="https://other.example/", etag='"1"'), True),
                             (Status(source=told.url or "", etag='"1"'), False)):  # fmt: skip
        source_file(tmp_path, "a").unlink(missing_ok=True)
        if is_there:
            source_file(tmp_path, "a").write_bytes(gzip.compress(BAD))
        assert brought(tmp_path, told, before) is not None
    assert ["if-none-match" in headers for _, headers in sender.asked] == [False, False]


def test_from_the_box(tmp_path: Path) -> None:
    """Also a list of the configuration's folder is brought once."""
    lay(tmp_path, "a.txt", BAD)
    told = one("a", "file:a.txt")
    first = brought(tmp_path, told, Status(), tmp_path)
    assert first is not None
    first.path.replace(source_file(tmp_path, "a"))
    known = Status(source="file:a.txt", etag=first.marks.etag)
    assert brought(tmp_path, told, known, tmp_path) is None
    lay(tmp_path, "a.txt", BAD + WORSE)
    assert brought(tmp_path, told, known, tmp_path) is not None


def test_what_can_not_be_brought(tmp_path: Path) -> None:
    """Nothing is left of it."""
    lay(tmp_path, "a.txt", PAGE)
    with pytest.raises(NotTaken, match="web page"):
        brought(tmp_path, one("a", "file:a.txt"), Status(), tmp_path)
    with pytest.raises(NotTaken, match="copied in"):
        brought(tmp_path, one("a"), Status())
    assert left(tmp_path) == []


def test_it_tells_how_far_it_is(sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and then seldom: not with every piece."""
    monkeypatch.setattr(errand, "SAY_S", 3_600.0)
    sender.answers["/list"] = send(BAD * 50_000)
    told: list[tuple[int, int | None]] = []
    brought(tmp_path, one("a", sender.url("/list")), Status(), say=lambda *far: told.append(far))
    assert len(told) == 1
    monkeypatch.setattr(errand, "SAY_S", 0.0)
    brought(tmp_path, one("a", sender.url("/list")), Status(), say=lambda *far: told.append(far))
    assert len(told) > 1
    assert told[-1] == (len(BAD) * 50_000, len(BAD) * 50_000)
