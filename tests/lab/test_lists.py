"""A list from the internet, added on the page: it comes, closes what it names on the children's devices, and goes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.lablib import net
from tests.browser import WAIT_MS
from tests.lab import evening as at
from tests.lab import lister
from tests.lab.evening import HELP_SITE, PHONES, Evening
from tests.lab.home import Home
from tests.steward.lists import sender

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

MAKER, MAKER_AT = "lists.example", "203.0.113.50"
"""Where the list is kept: a name that the lab's internet knows, and that `sender` makes its certificate for."""
LISTED, OTHER = "www.example.com", "www.wikipedia.org"
OWNER, PASSWORD = "Dana", "otter lamp gravel"
NAMES = 40_000


@pytest.fixture
def kept(lab: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have somebody keep a list out on the internet; return the folder of what is sent, with a list in it."""
    folder = tmp_path / "kept"
    folder.mkdir()
    key, chain = sender._certificate(folder, is_valid=True)
    # The house trusts that authority as it does those of the web.
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    lines = ["! Title: a test", "||example.com^", f"||{HELP_SITE}^", "example.com##.banner"]
    (folder / "list.txt").write_text("\n".join([*lines, *(f"||n{number}.example^" for number in range(NAMES)), ""]))
    words = [str(Path(lister.__file__)), MAKER_AT, str(key), str(chain), str(folder)]
    lab.popen("internet", [sys.executable, *words], lister.READY)
    return folder


@pytest.fixture
def home(lab: Home, kept: Path, tmp_path: Path) -> Iterator[Evening]:
    """A new box."""
    with at.evening(lab, tmp_path / "data") as box:
        yield box


def test_a_list_comes_and_goes(home: Evening, kept: Path, tmp_path: Path) -> None:
    """Added by its address, fetched before one's eyes, in force on real devices, kept when its maker fails, removed."""
    with (
        at.browser_in(home.lab, PHONES, tmp_path / "phone") as browser,
        at.phone(browser, tmp_path / "dana.png") as dana,
    ):
        dana.goto("/")
        at.set_up(dana, home.code, OWNER, PASSWORD, {"Kim": "6 to 9"})
        home.gets("tablet", opened=(LISTED, OTHER), closed=())
        at.claim(dana, net.TABLET.mac, "Kim's tablet", "Tablet", "Kim")
        at.in_force(dana)
        add(dana)
        at.sees(dana, "Fetching")
        expect(dana.get_by_role("progressbar", name="A test")).to_be_visible(timeout=WAIT_MS)
        at.sees(dana, "kB of")
        home.gets("tablet", opened=(LISTED,), closed=())
        (kept / "go").touch()
        in_force(dana)
        home.gets("tablet", opened=(OTHER,), closed=(LISTED,))
        what_it_holds(home, dana)
        its_maker_fails(home, dana, kept)
        remove(dana)
        home.gets("tablet", opened=(LISTED, OTHER), closed=())


def add(dana: Page) -> None:
    """Add the list, from the house."""
    at.go(dana, "House")
    dana.get_by_role("link", name="Lists").click()
    dana.get_by_role("link", name="Choose one").click()
    dana.get_by_role("link", name="By its address").click()
    at.type_in(dana, {"Its address": f"http://{MAKER}/list.txt", "What do you call it?": "A test"}, "Add it")
    at.sees(dana, "over https only")
    at.type_in(dana, {"Its address": f"https://{MAKER}/list.txt"}, "Add it")
    at.sees(dana, "A test is added")


def in_force(dana: Page) -> None:
    """Assert that the list's own mark says so, without anybody asking for the page again."""
    expect(dana.locator("#stand")).to_contain_text("In force", timeout=WAIT_MS)


def what_it_holds(home: Evening, dana: Page) -> None:
    """How much, what stays open all the same, which line closes a site; and the child is told of the list."""
    at.sees(dana, f"{NAMES + 2:,} names")
    dana.reload()
    dana.get_by_text("Help: 1").click()
    at.sees(dana, HELP_SITE)
    dana.get_by_label("Is a site on it?").fill(LISTED)
    dana.get_by_role("button", name="Look it up").click()
    at.sees(dana, "||example.com^")
    answer = at.why(dana, LISTED, "Kim")
    expect(answer).to_contain_text("On the list A test, line 2: ||example.com^", timeout=WAIT_MS)
    page = home.fetch("tablet", "/me").text
    assert ("A test" in page, "Its sites are closed here" in page) == (True, True)


def its_maker_fails(home: Evening, dana: Page, kept: Path) -> None:
    """A page in place of the list is refused with a word, and the last good one stays in force."""
    (kept / "page").write_text("<!doctype html><title>Moved</title>")
    dana.goto("/lists")
    dana.get_by_role("link", name="A test").click()
    at.press(dana, "Fetch now")
    expect(dana.locator("#stand")).to_contain_text("Not renewed", timeout=WAIT_MS)
    at.sees(dana, "stays.")
    home.gets("tablet", opened=(OTHER,), closed=(LISTED,))


def remove(dana: Page) -> None:
    """Take the list away, and wait until that holds."""
    dana.get_by_role("link", name="Remove").click()
    at.press(dana, "Remove")
    at.sees(dana, "A test is gone")
    at.in_force(dana)
