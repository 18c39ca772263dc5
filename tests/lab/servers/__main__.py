"""Run all servers of the internet until the process is ended: `python -m tests.lab.servers FOLDER`, in its namespace.

The folder gets the authority's certificate (ca.pem).
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from scripts.lablib.net import INTERNET
from tests.lab.servers import echoes, proxy, quic, resolvers, sites
from tests.lab.servers.ca import Authority

READY = "the internet is open"
SITES = (80, 443, 8443)
VPNS = {"udp": (1194, 51_820), "tcp": (1194,)}

# An address of a site is one of thousands: a reply leaves from the one that was asked since conntrack turns it back.
NAT = f"""\
table inet internet
delete table inet internet
table inet internet {{
  chain incoming {{
    type nat hook prerouting priority dstnat
    iifname != "eth0" return
    ip daddr {INTERNET.v4} return
    ip6 daddr {INTERNET.v6} return
    meta l4proto {{ tcp, udp }} th dport 53 redirect to :{resolvers.PORT}
    udp dport {{ 443, {echoes.STUN_PORT}, {VPNS["udp"][0]}, {VPNS["udp"][1]} }} redirect
    meta l4proto udp redirect to :{echoes.PORT}
    tcp dport {{ 80, 443, 8443, {resolvers.TLS_PORT}, {proxy.PORT}, {VPNS["tcp"][0]} }} return
    meta l4proto tcp redirect to :{echoes.PORT}
  }}
}}
"""


async def serve(folder: Path) -> None:
    """Open everything, say so, and go on."""
    authority = Authority(folder)
    context = authority.server()
    await sites.serve({port: None if port == 80 else context for port in SITES})
    _ = await quic.listen(authority)
    await resolvers.serve(context)
    await proxy.serve()
    await echoes.serve()
    print(READY, flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    subprocess.run(["nft", "-f", "-"], input=NAT, text=True, check=True, timeout=10)
    asyncio.run(serve(Path(sys.argv[1])))
