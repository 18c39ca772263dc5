"""What the lab's internet knows: its names, and the configuration of the unbound that answers for them."""

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from scripts.lablib.errors import LabError
from scripts.lablib.net import INTERNET

# Documentation addresses throughout (RFC 5737, RFC 3849); all of them end in the internet namespace.
RECORDS = """
example.com                          A     203.0.113.10
example.com                          AAAA  2001:db8::10
example.com                          MX    10 mail.example.com.
example.com                          TXT   "v=spf1 -all"
www.example.com                      CNAME example.com.
mail.example.com                     A     203.0.113.11
ech.example.com                      A     203.0.113.12
ech.example.com                      AAAA  2001:db8::12
ech.example.com                      HTTPS 1 . alpn="h2,h3" ipv4hint=203.0.113.12 ech="AEX+DQBBpQAgACA="
alias.example.com                    HTTPS 0 ech.example.com.
v4only.example.com                   A     203.0.113.13
many.example.com                     A     203.0.113.14
many.example.com                     A     203.0.113.15
many.example.com                     A     203.0.113.16
one.chain.example                    CNAME two.chain.example.
two.chain.example                    CNAME three.chain.example.
three.chain.example                  A     203.0.113.17
dangling.example.org                 CNAME nowhere.example.org.
metrics.friendly-site.example        CNAME tracker.example.
tracker.example                      A     203.0.113.18
rebind.example                       A     192.168.77.1
rebind.example                       AAAA  fd77::1
malware.example                      A     203.0.113.19
adult.example                        A     203.0.113.20
www.google.com                       A     203.0.113.30
www.google.com                       AAAA  2001:db8::30
forcesafesearch.google.com           A     203.0.113.31
forcesafesearch.google.com           AAAA  2001:db8::31
www.youtube.com                      A     203.0.113.32
www.youtube.com                      AAAA  2001:db8::32
www.youtube.com                      HTTPS 1 . alpn="h2,h3"
restrict.youtube.com                 A     203.0.113.33
restrictmoderate.youtube.com         A     203.0.113.34
www.bing.com                         A     203.0.113.35
strict.bing.com                      A     203.0.113.36
duckduckgo.com                       A     203.0.113.37
safe.duckduckgo.com                  A     203.0.113.38
www.tiktok.com                       A     203.0.113.40
www.roblox.com                       A     203.0.113.41
www.minecraft.net                    A     203.0.113.42
discord.com                          A     203.0.113.43
www.instagram.com                    A     203.0.113.44
www.netflix.com                      A     203.0.113.45
web.whatsapp.com                     A     203.0.113.46
www.wikipedia.org                    A     203.0.113.47
www.pornhub.com                      A     203.0.113.48
lists.example                        A     203.0.113.50
www.nummergegenkummer.de             A     203.0.113.60
www.childline.org.uk                 A     203.0.113.61
kidshelpphone.ca                     A     203.0.113.62
connectivitycheck.gstatic.com        A     203.0.113.70
captive.apple.com                    A     203.0.113.71
detectportal.firefox.com             A     203.0.113.72
www.msftconnecttest.com              A     203.0.113.73
pool.ntp.org                         A     203.0.113.74
time.apple.com                       A     203.0.113.75
dns.google                           A     203.0.113.80
cloudflare-dns.com                   A     203.0.113.81
mask.icloud.com                      A     203.0.113.82
use-application-dns.net              A     203.0.113.83
"""

TTL_S = 300
# A long answer: over 1,232 bytes, so it comes truncated over UDP and whole over TCP (RFC 9715 section 3.1).
_BIG = [f'big.example.com TXT "{number:02d} {"x" * 180}"' for number in range(10)]


def zone_text(extra: Iterable[str], wildcards: Iterable[str]) -> str:
    """The root zone of the lab: the records above, `extra` ones ("name TYPE data"), and what any other name answers."""
    rows = [_row(line) for line in [*RECORDS.strip().splitlines(), *_BIG, *extra]]
    head = [
        f"$TTL {TTL_S}",
        ". IN SOA ns.lab. hostmaster.lab. 1 3600 600 86400 60",
        ". IN NS ns.lab.",
        f"ns.lab. IN A {INTERNET.v4}",
        f"ns.lab. IN AAAA {INTERNET.v6}",
    ]
    body = [f"{owner} IN {kind} {data}" for owner, kind, data in rows]
    return "\n".join([*head, *body, *_wildcard_rows({owner for owner, _, _ in rows}, list(wildcards))]) + "\n"


def in_v6_too() -> list[str]:
    """AAAA records for the sites that have none above: the same last part, 203.0.113.40 and 2001:db8::40."""
    rows = [_row(line) for line in RECORDS.strip().splitlines()]
    has_v6 = {owner for owner, kind, _ in rows if kind == "AAAA"}
    return [
        f"{owner} AAAA {data.replace('203.0.113.', '2001:db8::')}"
        for owner, kind, data in rows
        if kind == "A" and owner not in has_v6 and data.startswith("203.0.113.") and owner != "v4only.example.com."
    ]


def _row(line: str) -> tuple[str, str, str]:
    parts = line.split(None, 2)
    if len(parts) != 3:
        raise LabError(f"a record is 'name TYPE data', not {line!r}")
    return parts[0].rstrip(".").lower() + ".", parts[1].upper(), parts[2]


def _wildcard_rows(owners: set[str], addresses: list[str]) -> list[str]:
    """One wildcard below every name that exists: a wildcard doesn't reach below an existing one (RFC 4592, 3.3.1)."""
    if not addresses:
        return []
    parents = {"."} | {owner.split(".", depth)[depth] or "." for owner in owners for depth in range(owner.count("."))}
    return [
        f"{'*.' if parent == '.' else '*.' + parent} IN {_kind(address)} {address}"
        for parent in sorted(parents)
        for address in addresses
    ]


def _kind(address: str) -> str:
    try:
        return "A" if ip_address(address).version == 4 else "AAAA"
    except ValueError:
        raise LabError(f"a wildcard is an address, not {address!r}") from None


def unbound_conf(zone_file: Path) -> str:
    """A resolver that finds everything in the lab's own root zone and asks nobody.

    Its caches are off, so that each answer has the record's full TTL, whoever asked before.
    """
    return f"""\
server:
  interface: {INTERNET.v4}
  interface: {INTERNET.v6}
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  username: ""
  chroot: ""
  pidfile: ""
  do-daemonize: no
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  msg-cache-size: 0
  rrset-cache-size: 0
  local-zone: "test." nodefault
  unblock-lan-zones: yes
  verbosity: 1
remote-control:
  control-enable: no
auth-zone:
  name: "."
  zonefile: "{zone_file}"
  for-downstream: yes
  for-upstream: yes
  fallback-enabled: no
"""
