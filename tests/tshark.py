"""Wireshark's opinion of a recording, by its command line; and recordings made of frames, for both to read."""

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from appliance.world.capture import Frame
from tests.needs import need

LIMIT_S = 60.0
SNI = "tls.handshake.extensions_server_name"
OPTIONS = ("-o", "tcp.reassemble_out_of_order:TRUE")

Row = dict[str, list[str]]
"""Field of Wireshark → what it says in one frame, each time that it occurs."""


def need_tshark() -> None:
    """Skip (or fail, where it must run) without it."""
    need(shutil.which("tshark") is not None, "this needs Debian's tshark")


def told(capture: Path, choice: str, *fields: str) -> list[Row]:
    """Return what tshark reads in those frames of a capture that a display filter chooses."""
    wanted = [word for field in ("frame.number", *fields) for word in ("-e", field)]
    argv = ["tshark", "-n", *OPTIONS, "-r", str(capture), "-Y", choice, "-T", "ek", *wanted]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    rows = (json.loads(line).get("layers") for line in done.stdout.splitlines())
    return [{field: row.get(field.replace(".", "_"), []) for field in ("frame.number", *fields)} for row in rows if row]


def crypto(capture: Path, choice: str) -> list[tuple[int, bytes]]:
    """Return the CRYPTO frames (offset, octets) that tshark opened in those frames of a capture, in their order.

    What it makes of them is not asked: before its version 4.2 it puts none in order that came out of order.
    """
    argv = ["tshark", "-n", "-r", str(capture), "-Y", choice, "-T", "jsonraw", "--no-duplicate-keys"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    # A variable-length integer says its own length in its first two bits (RFC 9000 section 16).
    offsets = [int(raw, 16) & (1 << 4 * len(raw) - 2) - 1 for raw in _values(read, "quic.crypto.offset_raw")]
    octets = [bytes.fromhex(raw) for raw in _values(read, "quic.crypto.crypto_data_raw")]
    return list(zip(offsets, octets, strict=True))


def _values(read: Any, key: str) -> Iterator[str]:
    """Yield what a field is, each time that it occurs: the first item, in hexadecimal, of a list somewhere within."""
    if isinstance(read, list):
        for item in read:
            yield from _values(item, key)
    elif isinstance(read, dict):
        for name, value in read.items():
            if name == key:
                yield from (one[0] for one in ([value] if isinstance(value[0], str) else value))
            else:
                yield from _values(value, key)


def count_frames(captures: Sequence[Path]) -> tuple[dict[Path, int], dict[Path, int]]:
    """Return how many frames capinfos reads of each file, those that are damaged apart."""
    argv = ["capinfos", "-T", "-r", "-M", "-c", *map(str, captures)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    whole = (line.rsplit("\t", 1) for line in done.stdout.splitlines())
    damaged = re.findall(r'after reading (\d+) packets? from "(.*)"', done.stderr)
    return {Path(path): int(number) for path, number in whole}, {Path(path): int(number) for number, path in damaged}


def write_capture(path: Path, frames: Iterable[Frame]) -> None:
    """Write frames, of whatever links, into a pcapng file (draft-ietf-opsawg-pcapng)."""
    links: dict[int, int] = {}
    with path.open("wb") as sink:
        sink.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        for frame in frames:
            if frame.link not in links:
                links[frame.link] = len(links)
                sink.write(_block(1, struct.pack("<HHI", frame.link, 0, 0)))
            ticks = int(frame.at * 1e6) % (1 << 64)
            size = len(frame.octets)
            numbers = (links[frame.link], ticks >> 32, ticks & 0xFFFFFFFF, size, size + frame.is_cut)
            sink.write(_block(6, struct.pack("<IIIII", *numbers) + frame.octets))


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size
