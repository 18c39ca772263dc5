"""What lies in the folder of lists can be read by all, and a line of megabytes is never held as one."""

import gzip
import io
import stat
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.subscription import Subscription
from appliance.household import lists
from appliance.household.lists import (
    MAX_LINE,
    MAX_SHOWN,
    Phase,
    Standing,
    Status,
    line_of,
    lines_of,
    load_standing,
    make_folders,
    read_lines,
    save_standing,
    source_file,
)

A = Subscription(id="a", name="A", url="https://lists.example/a")


def test_a_standing_is_kept(tmp_path: Path) -> None:
    """As it was saved; nothing is known where there is no file, a broken one, or another version's."""
    make_folders(tmp_path)
    assert load_standing(tmp_path) == Standing()
    standing = Standing(digest="0123", lists={"a": Status(phase=Phase.READY, octets=9)})
    save_standing(tmp_path, standing)
    assert load_standing(tmp_path) == standing
    path = tmp_path / lists.FOLDER / lists.STATUS
    for text in (b"{", b'{"format": 2}', b"\xff"):
        path.write_bytes(text)
        assert load_standing(tmp_path) == Standing()


def test_how_a_list_stands() -> None:
    """As the steward says; before that it is waiting, and one that is off is off."""
    ready = Status(phase=Phase.READY, octets=9)
    standing = Standing(lists={"a": ready})
    assert standing.of(A) == ready
    assert standing.of(Subscription(id="b", name="B")) == Status()
    assert standing.of(Subscription(id="a", name="A", on=False)) == Status(phase=Phase.OFF, octets=9)


@pytest.mark.parametrize(("mode", "expected"), [(0o750, "drwxr-x---"), (0o2770, "drwxrws---")])
def test_the_folders_are_for_whom_the_data_is(tmp_path: Path, mode: int, expected: str) -> None:
    """A group that shares the data folder shares these; they are made once."""
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(mode)
    for _ in range(2):
        make_folders(data)
    made = (data / lists.FOLDER, data / lists.FOLDER / "sources")
    assert {stat.filemode(path.stat().st_mode) for path in made} == {expected}


def test_no_folders_where_there_is_no_data(tmp_path: Path) -> None:
    """A disk that was pulled out gets none on the one beneath."""
    with pytest.raises(FileNotFoundError):
        make_folders(tmp_path / "gone")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=200), st.integers(1, 9))
def test_lines_are_those_of_an_editor(text: str, size: int) -> None:
    """However the text is cut into pieces; only a line feed ends a line."""
    lists_piece, lists._PIECE_OCTETS = lists._PIECE_OCTETS, size
    try:
        found = list(read_lines(io.BytesIO(text.encode())))
    finally:
        lists._PIECE_OCTETS = lists_piece
    expected = text.removeprefix("\ufeff").split("\n") if size >= 3 else text.split("\n")
    assert found == (expected if expected[-1] else expected[:-1])


def test_what_is_no_utf_8() -> None:
    """It is read as what stands for that; a mark of byte order and carriage returns are no part of a line."""
    assert list(read_lines(io.BytesIO(b"\xef\xbb\xbfa\r\nb\xff\xe2\n\r\nc"))) == ["a", "b\ufffd\ufffd", "", "c"]


def test_a_line_of_megabytes() -> None:
    """It is cut to what shows that it is too long, and never in memory; the lines after it keep their numbers."""
    text = b"a\n" + b"b" * 10_000_000 + b"\nc\n" + b"d" * MAX_LINE + b"\n" + b"\xc3\xa4" * 9_000_000
    tracemalloc.start()
    try:
        found = list(read_lines(io.BytesIO(text)))
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert found == ["a", "b" * (MAX_LINE + 1), "c", "d" * MAX_LINE, "\xe4" * (MAX_LINE + 1)]


def test_a_line_of_a_list(tmp_path: Path) -> None:
    """By its number, from 1, as far as it can be shown; none where there is none."""
    make_folders(tmp_path)
    path = source_file(tmp_path, "a")
    path.write_bytes(gzip.compress(b"one\n\n" + b"3" * 2_000 + b"\nfour"))
    lines = [line_of(tmp_path, "a", number) for number in (0, 1, 2, 3, 4, 5)]
    assert lines == [None, "one", "", "3" * MAX_SHOWN, "four", None]
    assert line_of(tmp_path, "b", 1) is None
    assert lines_of(tmp_path, "a", {4, 1, 9, -1}) == {1: "one", 4: "four"}
    assert lines_of(tmp_path, "a", ()) == {}
    path.write_bytes(path.read_bytes()[:-9])
    assert line_of(tmp_path, "a", 9) is None
    path.write_bytes(gzip.compress(b"a")[:10] + b"\xff" * 20)
    assert line_of(tmp_path, "a", 1) is None
    path.write_bytes(b"no gzip")
    assert line_of(tmp_path, "a", 1) is None
