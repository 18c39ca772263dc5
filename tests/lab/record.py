"""Records what an interface sees, both ways, until SIGTERM: `record.py INTERFACE FILE` writes a pcap file."""

import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

READY = "recording"
MAX_OCTETS = 16 * 1024 * 1024
_ETHERNET = 1
_ETH_P_ALL = 3
_FRAME_OCTETS = 1 << 16


def main(interface: str, path: str) -> None:
    """Record; what arrived before SIGTERM is in the file, each frame when it was seen."""
    wake, waker = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(waker, b"."))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire, Path(path).open("wb") as sink:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        wire.bind((interface, _ETH_P_ALL))
        sink.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _FRAME_OCTETS, _ETHERNET))
        sys.stderr.write(f"{READY}\n")
        while sink.tell() < MAX_OCTETS:
            if wire.fileno() not in select.select([wire.fileno(), wake], [], [])[0]:
                return
            frame = wire.recv(_FRAME_OCTETS)
            seconds, part = divmod(time.time_ns() // 1000, 1_000_000)
            sink.write(struct.pack("<IIII", seconds, part, len(frame), len(frame)) + frame)
            sink.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
