"""A tiny stand-in for the appliance: notes each DNS query in a file, with its EDNS options, and answers 192.0.2.99.

Run as `responder.py FILE PORT ADDRESS…`. A query is in the file before its answer leaves.
"""

import json
import selectors
import socket
import struct
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TextIO

READY = "responder ready"
ANSWER = "192.0.2.99"
ONE_QUESTION_ONE_ADDITIONAL = [1, 0, 0, 1]


def read_query(message: bytes) -> dict[str, Any]:
    """What a query says. `options` are only those of an ordinary query: one question, then one OPT record, no more."""
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    counts = list(struct.unpack_from("!4H", message, 4))
    is_ordinary = message[2] & 0x78 == 0 and counts == ONE_QUESTION_ONE_ADDITIONAL
    return {
        "id": struct.unpack_from("!H", message)[0],
        "qname": ".".join(labels),
        "qtype": struct.unpack_from("!H", message, at + 1)[0],
        "question_end": at + 5,
        "is_ordinary": is_ordinary,
        "options": read_options(message[at + 5 :]) if is_ordinary else [],
        "raw": message.hex(),
    }


def read_options(record: bytes) -> list[tuple[int, str]]:
    """The options of an OPT record that fills these bytes (RFC 6891 section 6.1.2)."""
    root, kind, size = struct.unpack_from("!BH", record) + struct.unpack_from("!H", record, 9)
    assert (root, kind, size) == (0, 41, len(record) - 11), record.hex()
    options, at = [], 11
    while at < len(record):
        code, length = struct.unpack_from("!HH", record, at)
        options.append((code, record[at + 4 : at + 4 + length].hex()))
        at += 4 + length
    return options


def answer(message: bytes, query: dict[str, Any]) -> bytes:
    """One A record for an A question, no data otherwise; never an OPT record. The opcode comes back as it was."""
    question = message[12 : query["question_end"]]
    record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + ip_address(ANSWER).packed if query["qtype"] == 1 else b""
    flags = struct.pack("!BB", 0x81 | message[2] & 0x78, 0x80)
    return message[:2] + flags + struct.pack("!4H", 1, 1 if record else 0, 0, 0) + question + record


def reply(message: bytes, peer: tuple[str, int], l4: str, sink: TextIO) -> bytes:
    """Note the query, and give the bytes to send back."""
    query = read_query(message)
    sink.write(json.dumps({"src": peer[0], "sport": peer[1], "l4": l4, **query}) + "\n")
    sink.flush()
    return answer(message, query)


def serve_udp(udp: socket.socket, sink: TextIO) -> None:
    """Answer one datagram."""
    message, peer = udp.recvfrom(65535)
    udp.sendto(reply(message, peer, "udp", sink), peer)


def serve_tcp(listener: socket.socket, sink: TextIO) -> None:
    """Answer one query on one connection, then close it."""
    connection, peer = listener.accept()
    with connection, connection.makefile("rb") as stream:
        connection.settimeout(5)
        out = reply(stream.read(struct.unpack("!H", stream.read(2))[0]), peer, "tcp", sink)
        connection.sendall(struct.pack("!H", len(out)) + out)


def main(path: str, port: str, *addresses: str) -> None:
    """Serve until killed."""
    selector = selectors.DefaultSelector()
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, int(port)))
        selector.register(udp, selectors.EVENT_READ, serve_udp)
        tcp = socket.create_server((address, int(port)), family=family)
        selector.register(tcp, selectors.EVENT_READ, serve_tcp)
    with Path(path).open("a") as sink:
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        while True:
            for key, _ in selector.select():
                key.data(key.fileobj, sink)


if __name__ == "__main__":
    main(*sys.argv[1:])
