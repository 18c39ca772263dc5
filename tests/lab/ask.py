"""Send one DNS message as it stands, whatever its form: `ask.py ADDRESS PORT HEX WAIT_S` prints the reply in hex.

Run with a path to it, so that it can run in another network namespace.
"""

import socket
import sys


def main(address: str, port: str, message: str, wait_s: str) -> None:
    """Ask once over UDP."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(float(wait_s))
        udp.sendto(bytes.fromhex(message), (address, int(port)))
        try:
            sys.stdout.write(udp.recv(65535).hex())
        except (TimeoutError, ConnectionRefusedError):
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
