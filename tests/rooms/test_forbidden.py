"""Words that no committed file may hold: other machines' paths, package hosts, things left undone, secrets."""

import re

from tests.rooms import tree
from tests.rooms.tree import ROOT

# Put together here, so that this file does not hold what it looks for.
UNDONE = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")
HOSTS = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "arti" + "factory",
    "nex" + "us3",
    "index" + "-url",
)
FOLDERS = ("ho" + "me", "ro" + "ot", "wo" + "rk", "Us" + "ers", "m" + "nt", "works" + "pace")

PATTERNS = {
    "something left undone": rf"\b(?:{'|'.join(UNDONE)})\b",
    "a package host": rf"(?i){'|'.join(map(re.escape, HOSTS))}",
    "somebody's own path": rf"(?<![\w.~$}}/:-])/(?:{'|'.join(FOLDERS)})/\w",
    "a private key": "BEGIN [A-Z ]*PRIVATE" + " KEY",
    "a conflict marker": r"(?m)^(?:<{7}|>{7}) ",
    "a carriage return": "\r",
}
SHEBANG = re.compile(r"\A#!.*\n")
DATA = ("rules/lists/", "tests/data/", "models/classifier.onnx")
"""Names of other people's sites, octets off the wire and of a model: they may hold any word."""


def found_in(text: str) -> list[str]:
    """Return what a text holds of what it may not."""
    return [what for what, pattern in PATTERNS.items() if re.search(pattern, text)]


def test_no_file_holds_a_forbidden_word() -> None:
    """Every committed file is free of all of these."""
    wrong = {}
    for path in tree.files():
        if path.as_posix().startswith(DATA):
            continue
        text = SHEBANG.sub("", (ROOT / path).read_bytes().decode("utf-8"))
        if found := found_in(text):
            wrong[path.as_posix()] = found
    assert wrong == {}


def test_each_forbidden_word_would_be_found() -> None:
    """The patterns match what they are meant for."""
    path = f"/{FOLDERS[0]}/kim/kindgate"
    samples = {
        "something left undone": f"# {UNDONE[0]}: later",
        "a package host": f"https://{HOSTS[0]}/simple",
        "somebody's own path": f"see {path} there",
        "a private key": "-----BEGIN RSA PRIVATE" + " KEY-----",
        "a conflict marker": "a\n" + "<" * 7 + " ours\n",
        "a carriage return": "a\r\n",
    }
    assert {what: found_in(text) for what, text in samples.items()} == {what: [what] for what in samples}


def test_a_path_of_the_box_is_no_ones_own() -> None:
    """/var/lib, /etc, /proc and a user's ~ are where they are on every machine."""
    fine = "/var/lib/kindgate /etc/kindgate ~/.local/share /proc/self /opt/kindgate tests/rooms /run/netns"
    assert found_in(fine) == []
