"""New TLS connections as fast as they come: a server of some processes, and a client of one or several.

`_handshakes.py serve FOLDER` · `_handshakes.py ask ADDRESS SECONDS CLIENTS`, which prints JSON: how many a second, the
median time (ms) from the first packet to the end of the handshake, and how many failed. Each process makes blocking
calls into OpenSSL, one connection after another.
"""

import json
import multiprocessing
import socket
import ssl
import statistics
import struct
import sys
import time
from multiprocessing.pool import Pool
from pathlib import Path
from typing import NamedTuple

from appliance.web import certificate
from appliance.world.life import die_with_parent

PORT = 443
NAME = "www.example.com"
LIMIT_S = 5.0
SERVERS = 8
READY = "answering"
# A reset at the end: no connection waits for a minute in any table, and no port is used up.
_RESET = struct.pack("ii", 1, 0)


class Rate(NamedTuple):
    """What clients got."""

    each_s: float
    setup_ms: float
    failed: int


def serve(folder: Path) -> None:
    """Shake hands with whoever comes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.ensure(folder, [NAME], [], time.time()).path)
    context.num_tickets = 0
    with socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024) as listening:
        multiprocessing.set_start_method("fork")
        for _ in range(SERVERS - 1):
            multiprocessing.Process(target=_help, args=(listening, context), daemon=True).start()
        print(READY, flush=True)
        _answer(listening, context)


def _help(listening: socket.socket, context: ssl.SSLContext) -> None:
    die_with_parent()
    _answer(listening, context)


def _answer(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        accepted, _ = listening.accept()
        accepted.settimeout(LIMIT_S)
        try:
            with context.wrap_socket(accepted, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            accepted.close()


def ask(address: str, seconds: float, clients: int) -> Rate:
    """Open and close connections, each client one after another."""
    with Pool(clients) as pool:
        # All have started before the first begins.
        pool.map(time.sleep, [0.1] * clients, chunksize=1)
        found = pool.starmap(_ask, [(address, seconds)] * clients, chunksize=1)
    taken = [one for setups, _ in found for one in setups]
    return Rate(len(taken) / seconds, statistics.median(taken) * 1000 if taken else 0.0, sum(lost for _, lost in found))


def _ask(address: str, seconds: float) -> tuple[list[float], int]:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    taken: list[float] = []
    failed = 0
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        with socket.socket(family, socket.SOCK_STREAM) as made:
            made.settimeout(LIMIT_S)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            try:
                made.connect((address, PORT))
                with context.wrap_socket(made, server_hostname=NAME):
                    taken.append(time.perf_counter() - began)
            except OSError:
                failed += 1
    return taken, failed


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        print(json.dumps(ask(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))))
