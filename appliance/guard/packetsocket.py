"""Packet sockets (packet(7)): frames of one interface as they come, behind a filter that runs in the kernel."""

import ctypes
import socket
import struct

Step = tuple[int, int, int, int]
"""A step of a filter: code, if true, if false, value (linux/bpf_common.h)."""

SO_ATTACH_FILTER = 26
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_ALLMULTI = 263, 1, 2
MAX_OCTETS = 1_514
"""Of a frame without a VLAN's tag, which the kernel takes off."""


def open_packets(interface: str, kind: int, steps: tuple[Step, ...], *, all_groups: bool = False) -> socket.socket:
    """Return a socket for frames of an EtherType; `all_groups`: of groups too that the box has not joined.

    Raises OSError: there is no such interface, or CAP_NET_RAW is missing.
    """
    # Protocol 0: nothing comes before the filter stands.
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 0)
    try:
        program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
        told = struct.pack("HL", len(steps), ctypes.addressof(program))
        opened.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, told)
        opened.bind((interface, kind))
        if all_groups:
            wanted = struct.pack("=iHH8x", socket.if_nametoindex(interface), PACKET_MR_ALLMULTI, 0)
            opened.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, wanted)
    except OSError:
        opened.close()
        raise
    return opened
