"""How a client says where it goes: a name, or a name at an address of its own choice, over IPv4 or IPv6."""

import argparse
import socket
import ssl

FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6, "any": socket.AF_UNSPEC}


def parser(about: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every client is told."""
    made = argparse.ArgumentParser(description=about)
    made.add_argument("name")
    made.add_argument("--port", type=int, default=443)
    made.add_argument("--at", help="the address; otherwise the device's resolver is asked")
    made.add_argument("--family", choices=FAMILIES, default="any")
    made.add_argument("--path", default="/")
    return made


def address(told: argparse.Namespace) -> str:
    """Return the address to connect to. Raises socket.gaierror."""
    found = socket.getaddrinfo(told.at or told.name, told.port, FAMILIES[told.family], socket.SOCK_STREAM)
    return str(found[0][4][0])


def trusting() -> ssl.SSLContext:
    """Return a context that checks no certificate: who answers is what a test wants to see, not refuse."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
