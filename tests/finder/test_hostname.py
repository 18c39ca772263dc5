"""Host names from the network are harmless once they are cleaned."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.finder import hostname


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Kims-iPad", "Kims-iPad"),
        ("tablet.local", "tablet"),
        ("tablet.local.", "tablet"),
        ("nas.lan", "nas.lan"),
        (b"Fernseher K\xc3\xbcche", "Fernseher Küche"),
        ("Ku\u0308che", "Küche"),
        (b"lat\xe9n", "latn"),
        ("a\tb\r\nc", "abc"),
        ("x\u202eexe.gnp", "xexe.gnp"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\x1b[31mred", "[31mred"),
        ("<script>", "<script>"),
        ("a" * 70 + ".b", "a" * 63 + ".b"),
        ("label." * 40, ("label." * 40)[:80]),
        ("..a..b..", "a.b"),
        ("two   words\u2003here", "two words here"),
        ("*", None),
        ("", None),
        ("localhost", None),
        ("---", None),
        ("\u3164\u3164", None),
        ("\u202e\u2066", None),
        (b"\xff\xfe", None),
    ],
)
def test_clean(raw: str | bytes, clean: str | None) -> None:
    """What is shown is printable, of bounded length, and nothing that only looks like a name."""
    assert hostname.clean(raw) == clean


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_whatever_is_said(raw: str | bytes) -> None:
    """A cleaned name is None or short, printable, without format characters, and stays what it is."""
    name = hostname.clean(raw)
    if name is not None:
        assert 0 < len(name) <= hostname.MAX_NAME
        assert all(len(label) <= hostname.MAX_LABEL for label in name.split("."))
        assert not [character for character in name if category(character)[0] in "CZ" and character != " "]
        assert hostname.clean(name) == name
