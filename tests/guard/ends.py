"""Programs for the two ends of connections; each says "ready", then what became of it."""

SERVE = """
import socket, sys, threading, time
is_pouring = sys.argv[1] == "pour"
listening = [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)
             for port in (443, 444)]
echo = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
echo.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
echo.bind(("::", 443))

def answer():
    while True:
        data, asker = echo.recvfrom(2048)
        echo.sendto(data, asker)

def keep(listener):
    while True:
        threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

def talk(accepted):
    try:
        while is_pouring:
            accepted.sendall(bytes(16384))
            time.sleep(0.001)
        while data := accepted.recv(100):
            accepted.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        sys.stdout.write("reset\\n")

threading.Thread(target=answer, daemon=True).start()
for listener in listening:
    threading.Thread(target=keep, args=(listener,), daemon=True).start()
print("ready")
sys.stdin.readline()
"""
"""Echoes, or with ``pour`` sends without end; says ``reset`` for each connection that is reset; ends with its input."""

TALK = """
import socket, sys
talking = [socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20) for _ in range(int(sys.argv[3]))]
for one in talking:
    one.sendall(b"hello")
    one.recv(5)
print("ready")
for one in talking:
    try:
        while one.recv(65536):
            pass
        print("closed")
    except ConnectionResetError:
        print("reset")
"""
"""Keeps connections to an address and a port open without a word; says how each ended."""

ASK = """
import socket, sys
print("ready")
family, kind = socket.getaddrinfo(sys.argv[1], 443)[0][0], getattr(socket, sys.argv[2])
asking = socket.socket(family, kind)
asking.settimeout(10)
asking.connect((sys.argv[1], int(sys.argv[3])))
for word in sys.stdin:
    try:
        asking.send(word.encode())
        print(asking.recv(2048).decode().strip())
    except OSError as error:
        print(type(error).__name__, error.errno)
"""
"""Says each word of its input to an address over UDP or TCP, and then the answer, or the error in its place."""
