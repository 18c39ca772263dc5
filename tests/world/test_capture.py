"""Captures are read as far as they can be, whoever wrote them."""

import gzip
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.world.capture import CaptureError, Frame, open_capture

FIRST, SECOND = b"the first frame", b"second"
ORDERS = ("<", ">")


def classic(*frames: bytes, order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1, rest: bytes = b"") -> bytes:
    """Return a pcap file; each frame at 1000.25 s where parts are millionths, and `rest` behind each record's head."""
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    part = 250_000_000 if magic == 0xA1B23C4D else 250_000
    return head + b"".join(
        struct.pack(order + "IIII", 1000, part, len(frame), len(frame)) + rest + frame for frame in frames
    )


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Return a block of pcapng."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    """Return the header of a section."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(order: str = "<", link: int = 1, snap: int = 0, options: bytes = b"") -> bytes:
    """Return the description of an interface."""
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """Return an option."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(octets: bytes, order: str = "<", number: int = 0, ticks: int = 1_000_250_000, whole: int = 0) -> bytes:
    """Return a packet's block."""
    numbers = (number, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), whole or len(octets))
    return block(6, struct.pack(order + "IIIII", *numbers) + octets, order)


def read(folder: Path, octets: bytes) -> tuple[list[Frame], str | None]:
    """Return the frames of a file of these octets, and what it said about their end."""
    path = folder / "capture"
    path.write_bytes(octets)
    with open_capture(path) as capture:
        return list(capture), capture.problem


def frame(octets: bytes, at: float = 1000.25, link: int = 1, *, is_cut: bool = False) -> Frame:
    """Return what is expected."""
    return Frame(link, at, octets, is_cut)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("magic", "rest"),
    [(0xA1B2C3D4, b""), (0xA1B23C4D, b""), (0xA1B2CD34, bytes(8))],
    ids=["micro", "nano", "Kuznetzov"],
)
def test_pcap_is_read(tmp_path: Path, order: str, magic: int, rest: bytes) -> None:
    """In both orders of octets, whatever counts its time."""
    octets = classic(FIRST, SECOND, order=order, magic=magic, link=113, rest=rest)
    assert read(tmp_path, octets) == ([frame(FIRST, link=113), frame(SECOND, link=113)], None)


def test_what_stands_above_a_link_is_left_out(tmp_path: Path) -> None:
    """Lengths of checksums that the recorder kept."""
    assert read(tmp_path, classic(FIRST, link=0x54000001)) == ([frame(FIRST)], None)


@pytest.mark.parametrize("order", ORDERS)
def test_pcapng_is_read(tmp_path: Path, order: str) -> None:
    """Each frame has its own interface's link and clock."""
    nano = option(2, b"eth1", order) + option(9, b"\x09", order) + option(0, b"", order)
    binary = option(9, b"\x8a", order) + option(14, struct.pack(order + "q", 900), order)
    octets = b"".join(
        [
            section(order),
            interface(order),
            interface(order, 113, options=nano),
            interface(order, 101, options=binary),
            block(4711, b"unknown", order),
            enhanced(FIRST, order),
            enhanced(SECOND, order, 1, 1_000_250_000_000),
            enhanced(SECOND, order, 2, 100 << 10 | 256),
        ]
    )
    expected = [frame(FIRST), frame(SECOND, link=113), frame(SECOND, link=101)]
    assert read(tmp_path, octets) == (expected, None)


def test_simple_and_old_packets_are_read(tmp_path: Path) -> None:
    """A simple one has no time of its own, and is cut where its interface says."""
    old = block(2, struct.pack("<HHIIII", 0, 0, 0, 7_500_000, 4, 6) + SECOND[:4])
    simple = block(3, struct.pack("<I", len(FIRST)) + FIRST[:8])
    octets = section() + interface(snap=8) + simple + old + simple
    expected = [frame(FIRST[:8], 0.0, is_cut=True), frame(SECOND[:4], 7.5, is_cut=True)]
    assert read(tmp_path, octets) == ([*expected, frame(FIRST[:8], 7.5, is_cut=True)], None)


def test_a_simple_packet_leaves_its_padding_out(tmp_path: Path) -> None:
    """Where its interface sets no limit."""
    octets = section() + interface() + block(3, struct.pack("<I", len(SECOND)) + SECOND)
    assert read(tmp_path, octets) == ([frame(SECOND, 0.0)], None)


def test_sections_follow_one_another(tmp_path: Path) -> None:
    """Each in its own order, with interfaces of its own."""
    octets = section() + interface() + enhanced(FIRST) + section(">") + interface(">", 101) + enhanced(SECOND, ">")
    assert read(tmp_path, octets) == ([frame(FIRST), frame(SECOND, link=101)], None)


def test_a_frame_that_was_recorded_in_part_says_so(tmp_path: Path) -> None:
    """In both kinds of file."""
    octets = bytearray(classic(FIRST))
    octets[36:40] = struct.pack("<I", 1500)
    assert read(tmp_path, bytes(octets)) == ([frame(FIRST, is_cut=True)], None)
    octets = bytearray(section() + interface() + enhanced(FIRST, whole=1500))
    assert read(tmp_path, bytes(octets)) == ([frame(FIRST, is_cut=True)], None)


WHOLE = {"pcap": classic(FIRST, SECOND), "pcapng": section() + interface() + enhanced(FIRST) + enhanced(SECOND)}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_packed_file_is_read(tmp_path: Path, kind: str) -> None:
    """By its content, not its name."""
    assert read(tmp_path, gzip.compress(WHOLE[kind])) == ([frame(FIRST), frame(SECOND)], None)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_anywhere_gives_what_is_before(tmp_path: Path, kind: str) -> None:
    """And says that it was cut, but where a record ended."""
    octets = WHOLE[kind]
    head = 4 if kind == "pcap" else 12
    problems = set()
    for end in range(head, len(octets)):
        frames, problem = read(tmp_path, octets[:end])
        assert frames == [frame(FIRST), frame(SECOND)][: len(frames)]
        problems.add(problem)
    assert problems == {None, "it ends in the middle of a record"}


def test_a_packed_file_that_is_damaged_gives_what_is_before(tmp_path: Path) -> None:
    """And says so."""
    packed = gzip.compress(WHOLE["pcap"])
    assert read(tmp_path, packed[:-4]) == (
        [frame(FIRST), frame(SECOND)],
        "what is packed in it is damaged or cut short",
    )


PREFIX = section() + interface() + enhanced(FIRST)
BROKEN = {
    "huge packet": (classic(FIRST) + struct.pack("<IIII", 1, 0, 1 << 31, 9), "2147483648 octets cannot be"),
    "huge block": (PREFIX + struct.pack("<II", 6, 0xFFFFFFFC), "4294967292 octets cannot be"),
    "odd block": (PREFIX + struct.pack("<II", 6, 33) + bytes(40), "33 octets cannot be"),
    "small block": (PREFIX + struct.pack("<II", 6, 8), "8 octets cannot be"),
    "two lengths": (PREFIX + struct.pack("<II", 6, 12) + bytes(4), "lengths differ"),
    "no such interface": (PREFIX + enhanced(SECOND, number=1), "not there"),
    "short packet": (PREFIX + block(6, bytes(16)), "too short"),
    "short interface": (PREFIX + block(1, bytes(4)), "too short"),
    "long packet": (PREFIX + block(6, struct.pack("<IIIII", 0, 0, 0, 77, 77)), "77 octets cannot be"),
    "strange section": (PREFIX + block(0x0A0D0D0A, bytes(16)), "no known order"),
}


@pytest.mark.parametrize(("octets", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_record_ends_the_reading(tmp_path: Path, octets: bytes, words: str) -> None:
    """After the frames before it."""
    frames, problem = read(tmp_path, octets)
    assert frames == [frame(FIRST)]
    assert problem is not None
    assert words in problem


def test_interfaces_without_end_are_not_kept(tmp_path: Path) -> None:
    """A file names a few."""
    octets = section() + interface() * 5000 + enhanced(FIRST, number=4095) + enhanced(FIRST, number=4096)
    assert read(tmp_path, octets) == ([frame(FIRST)], "a packet of an interface that is not there")


@pytest.mark.parametrize(
    "octets",
    [b"", b"abc", b"no capture at all", b"\x0a\x0d\x0d\x0a" + bytes(24), b"\x0a\x0d\x0d\x0a" + bytes(7), b"\x1f\x8bno"],
    ids=["empty", "short", "text", "a section of no order", "not even that", "not packed"],
)
def test_what_is_no_capture_is_told(tmp_path: Path, octets: bytes) -> None:
    """With a word for a person; nothing stays open."""
    with pytest.raises(CaptureError, match="this file is"):
        read(tmp_path, octets)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_pipe_is_read(tmp_path: Path, kind: str) -> None:
    """Which can be read once only."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as threads:
        threads.submit(pipe.write_bytes, WHOLE[kind])
        with open_capture(pipe) as capture:
            assert list(capture) == [frame(FIRST), frame(SECOND)]


def test_a_file_that_is_not_there_is_the_systems_error(tmp_path: Path) -> None:
    """As everywhere."""
    with pytest.raises(FileNotFoundError):
        open_capture(tmp_path / "none")


@given(
    kind=st.sampled_from(sorted(WHOLE)),
    changes=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=6),
    tail=st.binary(max_size=40),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_octets_give_frames_or_capture_error(
    tmp_path: Path, kind: str, changes: list[tuple[int, int]], tail: bytes
) -> None:
    """However they were changed."""
    octets = bytearray(WHOLE[kind] + tail)
    for place, value in changes:
        octets[place % len(octets)] = value
    try:
        frames, _ = read(tmp_path, bytes(octets))
    except CaptureError:
        return
    assert sum(len(one.octets) for one in frames) <= len(octets)
