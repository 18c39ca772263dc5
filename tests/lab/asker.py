"""Ask for names again and again, as a device does that is in use, and print each answer with its time as JSON.

`asker.py SOURCE PACE_S NAME[,NAME...] SERVER[#PORT]...` asks every server for each name, A and AAAA, until it is ended.
Run with a path to it, so that it can run in another network namespace.
"""

import json
import sys
import time

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

WAIT_S = 3.0


def main(source: str, pace_s: str, names: str, *servers: str) -> None:
    """Ask until somebody ends it."""
    due = time.monotonic()
    while True:
        for server in servers:
            for name in names.split(","):
                for qtype in ("A", "AAAA"):
                    sys.stdout.write(json.dumps(ask(source, server, name, qtype)) + "\n")
        sys.stdout.flush()
        due = max(due + float(pace_s), time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def ask(source: str, server: str, name: str, qtype: str) -> dict[str, object]:
    """Ask once; an answer that doesn't come has no addresses and no TTL."""
    address, _, port = server.partition("#")
    # A server of the device's own is asked from where it listens.
    source_of = None if address.startswith("127.") else source
    asked = dns.message.make_query(name, qtype)
    sent = time.time()
    try:
        reply = dns.query.udp(asked, address, WAIT_S, int(port or 53), source_of)
    except (dns.exception.DNSException, OSError) as error:
        return {"sent": sent, "got": time.time(), "server": server, "qtype": qtype, "problem": repr(error)}
    found = [rdata.to_text() for rrset in reply.answer for rdata in rrset if rrset.rdtype in (1, 28)]
    ttl_s = max((rrset.ttl for rrset in (*reply.answer, *reply.authority)), default=0)
    return {"sent": sent, "got": time.time(), "server": server, "qtype": qtype, "found": found, "ttl_s": ttl_s}


if __name__ == "__main__":
    main(*sys.argv[1:])
