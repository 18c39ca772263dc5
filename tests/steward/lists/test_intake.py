"""A list as it comes in is unpacked, held to its limits and looked at; what isn't a list is told in a sentence."""

import contextlib
import errno
import gzip
import io
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.steward.lists.intake import HEAD_OCTETS, Intake, Taken
from appliance.steward.lists.limits import A_PAGE, EMPTY, NO_TEXT, USUAL, Limits, NotTaken

TEXT = b"# a list\n0.0.0.0 bad.example\n"


def taken(*parts: bytes, coding: str = "", limits: Limits = USUAL) -> tuple[bytes, Taken]:
    """Return what is kept of a list that comes in parts, and what is said of it."""
    file = io.BytesIO()
    intake = Intake(file, limits, coding)
    for part in parts:
        intake.feed(part)
    said = intake.end()
    return gzip.decompress(file.getvalue()), said


def refusal(*parts: bytes, coding: str = "", limits: Limits = USUAL) -> str:
    """Return why a list isn't taken."""
    with pytest.raises(NotTaken) as caught:
        taken(*parts, coding=coding, limits=limits)
    return str(caught.value)


@pytest.mark.parametrize(("coding", "body"), [
    ("", TEXT), ("identity", TEXT), ("gzip", gzip.compress(TEXT)), ("X-GZip", gzip.compress(TEXT)),
    ("deflate", zlib.compress(TEXT)), ("", gzip.compress(TEXT)), ("gzip", gzip.compress(gzip.compress(TEXT))),
])  # fmt: skip
def test_it_is_kept_as_the_text_it_is(coding: str, body: bytes) -> None:
    """However it was packed on the way, and if it is itself a gzip file; the digest is the text's."""
    kept, said = taken(body, coding=coding)
    assert (kept, said) == (TEXT, taken(TEXT)[1])
    assert said.octets == len(TEXT)
    assert taken(*(body[at : at + 1] for at in range(len(body))), coding=coding) == (kept, said)


def test_another_text_has_another_digest() -> None:
    """By it a list that didn't change is known."""
    assert taken(TEXT)[1].digest != taken(TEXT + b"\n")[1].digest


@pytest.mark.parametrize("body", [
    b"<!DOCTYPE html><html>", b"\xef\xbb\xbf\n  <HTML lang=en>", b"\r\n\t<head>", b"<?xml version='1.0'?>",
    b"\n" * (HEAD_OCTETS - 100) + b"<html>" + b"x" * 200,
])  # fmt: skip
def test_a_page_is_no_list(body: bytes) -> None:
    """Whatever comes before it; also in parts."""
    assert refusal(body) == A_PAGE
    assert refusal(*(body[at : at + 1] for at in range(len(body)))) == A_PAGE


@pytest.mark.parametrize("body", [
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", TEXT.decode().encode("utf-16"), TEXT * 9_000 + b"\0", b"PK\x03\x04\x14" * 9,
    b"\x01\x02\x03" * 50, gzip.compress(gzip.compress(TEXT)),
])  # fmt: skip
def test_what_is_no_text(body: bytes) -> None:
    """A picture, UTF-16, an octet that no text has, packed twice."""
    assert refusal(body) == NO_TEXT


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_whatever_comes(parts: list[bytes]) -> None:
    """It is kept as it came, or refused in a sentence."""
    with contextlib.suppress(NotTaken):
        kept, said = taken(*parts)
        assert said.octets == len(kept)
        assert kept == b"".join(parts) or b"".join(parts).startswith(b"\x1f\x8b")


def test_nothing_is_no_list() -> None:
    """An empty body, also a packed one, would open what was closed."""
    assert refusal() == refusal(b"") == refusal(gzip.compress(b""), coding="gzip") == EMPTY


def test_a_packing_that_is_not_known() -> None:
    """It is told before anything is read."""
    for coding in ("br", "zstd", "gzip, gzip"):
        with pytest.raises(NotTaken, match="isn't known"):
            Intake(io.BytesIO(), USUAL, coding)


def test_a_bomb_does_not_go_off() -> None:
    """A gigabyte, of zeros or of text, packed into a megabyte: refused early, and never in memory."""
    limits = Limits(unpacked_octets=2_000_000)
    for octet, why in ((b"\0", NO_TEXT), (b"a", limits.too_large)):
        bomb = gzip.compress(octet * 1_000_000) * 1_000
        tracemalloc.start()
        try:
            assert refusal(bomb, coding="gzip", limits=limits) == why
            assert refusal(bomb, limits=limits) == why
            assert tracemalloc.get_traced_memory()[1] < 6 * len(bomb) + 2_000_000
        finally:
            tracemalloc.stop()


def test_too_much_text() -> None:
    """It is counted as it comes: no more is kept."""
    limits = Limits(unpacked_octets=100)
    assert taken(b"a" * 100, limits=limits)[1].octets == 100
    assert refusal(b"a" * 60, b"a" * 41, limits=limits) == limits.too_large


class Disk(io.BytesIO):
    """A file on a disk that may be full."""

    is_full = False

    def write(self, octets: Any) -> int:
        """Take what there is room for."""
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(octets)


@pytest.mark.parametrize("is_over", [False, True])
def test_a_full_disk(is_over: bool) -> None:
    """It is told as what it is, in the middle and at the end."""
    disk = Disk()
    intake = Intake(disk, USUAL)
    intake.feed(TEXT)
    disk.is_full = True
    with pytest.raises(NotTaken, match="disk is full"):
        intake.end() if is_over else intake.feed(b"".join(b"%d.example\n" % number for number in range(100_000)))
