"""The first evening of a new box: what caregivers tap is what the children's devices get, at once and every way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.lablib import net
from tests.browser import WAIT_MS
from tests.lab import evening as at
from tests.lab.evening import ADDRESS, BYPASS, HELP_LINE, HOME, INSTALLED, PHONES, Evening
from tests.lab.home import Home

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

OWNER, PASSWORD = "Dana", "otter lamp gravel"
SECOND, OTHER_PASSWORD = "Robin", "window seven moss"
CHILDREN = {"Kim": "6 to 9", "Sam": "13 to 15"}
SITE, TIKTOK, MESSENGER, LEXICON, ADULT = (
    "www.example.com",
    "www.tiktok.com",
    "web.whatsapp.com",
    "www.wikipedia.org",
    "www.pornhub.com",
)


@pytest.fixture
def home(lab: Home, tmp_path: Path) -> Iterator[Evening]:
    """A box that nobody set up, with a router that an installer listed."""
    with at.evening(lab, tmp_path / "data") as box:
        yield box


def test_the_first_evening(home: Evening, tmp_path: Path) -> None:
    """First run, devices, rules, a pause, a question, a second caregiver: the page and the wire say the same."""
    before_anybody(home)
    with (
        at.browser_in(home.lab, PHONES, tmp_path / "phone") as browser,
        at.phone(browser, tmp_path / "dana.png") as dana,
    ):
        dana.goto("/")
        at.set_up(dana, home.code, OWNER, PASSWORD, CHILDREN)
        at.in_force(dana)
        whose_is_it(home, dana)
        a_site_is_blocked(home, dana)
        a_site_is_opened_for_ten_minutes(home, dana)
        a_child_is_paused(home, dana)
        link = invited(dana)
        with at.phone(browser, tmp_path / "robin.png") as robin:
            a_second_caregiver_joins(home, robin, link)
        at.go(dana, "Home")
        expect(at.card(dana, "Sam")).to_contain_text(f"paused by {SECOND}", timeout=WAIT_MS)
        log_out_and_in(dana)
    only_what_is_for_anyone_is_plain(home)


def test_without_a_script(home: Evening, tmp_path: Path) -> None:
    """First run, log-in, pause, block, allow and the child's own page are HTML: a browser without scripts does all."""
    home.appliance.apply(INSTALLED)
    with (
        at.browser_in(home.lab, PHONES, tmp_path / "phone") as browser,
        at.phone(browser, tmp_path / "phone.png", has_script=False) as page,
    ):
        page.goto("/")
        at.set_up(page, home.code, OWNER, PASSWORD, CHILDREN)
        home.gets("tablet", opened=(SITE,), closed=(ADULT,))
        at.claim(page, net.TABLET.mac, "Kim's tablet", "Tablet", "Kim")
        log_out_and_in(page)
        at.rule(page, "Kim", SITE, "Always", "Block")
        at.in_force(page, has_script=False)
        at.rule(page, "Kim", MESSENGER, "10 min", "Allow")
        at.in_force(page, has_script=False)
        home.gets("tablet", opened=(MESSENGER,), closed=(SITE, TIKTOK))
        at.pause(page, "Kim")
        at.in_force(page, has_script=False)
        home.gets("tablet", opened=(), closed=(LEXICON, MESSENGER))
    with (
        at.browser_in(home.lab, "tablet", tmp_path / "tablet") as browser,
        at.phone(browser, tmp_path / "tablet.png", f"http://{HOME}", has_script=False) as kim,
    ):
        kim.goto("/me")
        at.sees(kim, "The Internet is paused until")
        at.sees(kim, HELP_LINE)
        at.sees(kim, "Who sees what?")


def before_anybody(home: Evening) -> None:
    """A box that nobody owns answers names and the children's page, and leads to the first run over TLS alone."""
    for host in ("tablet", "laptop"):
        home.gets(host, opened=(SITE,), closed=(ADULT,))
    assert "This box is new here." in home.fetch("tablet", "/me").text
    home.appliance.apply(INSTALLED)
    home.gets("tablet", opened=(SITE,), closed=(ADULT,))
    page = home.fetch("tablet", "/me").text
    assert "isn't known here yet" in page
    assert HELP_LINE not in page, "nobody has said in which country it is"
    only_what_is_for_anyone_is_plain(home)


def only_what_is_for_anyone_is_plain(home: Evening) -> None:
    """Over plain HTTP there is the children's page, and no page with a log-in: it leads to TLS, and takes no form."""
    for where in (HOME, net.APPLIANCE.v4, net.APPLIANCE.v6):
        page = home.fetch("tablet", "/me", where=where)
        assert (page.status, 'type="password"' in page.text) == (200, False)
        assert f'href="{ADDRESS}/log-in"' in page.text, "the caregivers' door"
    leads = {"/": "/me"} | {path: f"{ADDRESS}{path}" for path in ("/log-in", "/start", "/join", "/account")}
    for path, to in leads.items():
        assert (302, to) == home.fetch("tablet", path)[:2]
    for path in ("/log-in", "/start", "/start/owner", "/join"):
        assert home.fetch("tablet", path, "POST").status == 403


def whose_is_it(home: Evening, dana: Page) -> None:
    """Two devices that were found are given to the children, and get what fits the age from then on."""
    home.gets("tablet", opened=(SITE, TIKTOK), closed=(ADULT,))
    at.claim(dana, net.TABLET.mac, "Kim's tablet", "Tablet", "Kim")
    at.in_force(dana)
    home.gets("tablet", opened=(SITE, LEXICON), closed=(TIKTOK, MESSENGER, ADULT))
    home.gets("laptop", opened=(SITE, TIKTOK, MESSENGER, BYPASS), closed=(ADULT,))
    assert "isn't known here yet" in home.fetch("laptop", "/me").text
    at.claim(dana, net.LAPTOP.mac, "Sam's laptop", "Computer", "Sam")
    at.in_force(dana)
    home.gets("laptop", opened=(SITE, TIKTOK, MESSENGER), closed=(ADULT, BYPASS))
    assert "Hi Kim!" in home.fetch("tablet", "/me").text
    assert "Hi Sam!" in home.fetch("laptop", "/me").text


def a_site_is_blocked(home: Evening, dana: Page) -> None:
    """A site that is blocked for Sam closes for Sam alone, and "why?" says who wanted it."""
    at.rule(dana, "Sam", f"https://{SITE}/a/page?of=it", "Always", "Block")
    at.sees(dana, "example.com is blocked for Sam, on all devices.")
    at.in_force(dana)
    home.gets("laptop", opened=(TIKTOK,), closed=(SITE,))
    home.gets("tablet", opened=(SITE,), closed=(TIKTOK,))
    answer = at.why(dana, SITE, "Sam")
    expect(answer).to_contain_text(f"{SITE} is closed for Sam.", timeout=WAIT_MS)
    expect(answer).to_contain_text(f"Set by {OWNER}", timeout=WAIT_MS)
    expect(answer.get_by_role("button", name="Remove the rule")).to_be_visible(timeout=WAIT_MS)
    expect(at.why(dana, SITE, "Kim")).to_contain_text(f"{SITE} is open for Kim.", timeout=WAIT_MS)


def a_site_is_opened_for_ten_minutes(home: Evening, dana: Page) -> None:
    """What is closed at Kim's age opens for ten minutes, and what else is closed stays so."""
    at.rule(dana, "Kim", MESSENGER, "10 min", "Allow")
    at.sees(dana, f"{MESSENGER} is open for Kim until")
    at.in_force(dana)
    home.gets("tablet", opened=(SITE, MESSENGER), closed=(TIKTOK,))
    home.gets("laptop", opened=(MESSENGER, TIKTOK), closed=(SITE,))
    answer = at.why(dana, MESSENGER, "Kim")
    expect(answer).to_contain_text(f"{MESSENGER} is open for Kim until", timeout=WAIT_MS)
    expect(answer).to_contain_text("Changes by itself", timeout=WAIT_MS)
    page = home.fetch("tablet", "/me").text
    assert MESSENGER in page


def a_child_is_paused(home: Evening, dana: Page) -> None:
    """A pause closes everything for Kim but help and the box, says so everywhere, and ends when it is ended."""
    at.pause(dana, "Kim")
    at.in_force(dana)
    home.gets("tablet", opened=(), closed=(SITE, LEXICON, MESSENGER, TIKTOK))
    home.gets("laptop", opened=(LEXICON, TIKTOK), closed=(SITE,))
    for where in (HOME, net.APPLIANCE.v4, net.APPLIANCE.v6):
        page = home.fetch("tablet", "/me", where=where).text
        assert ("The Internet is paused" in page, HELP_LINE in page) == (True, True)
    answer = at.why(dana, LEXICON, "Kim")
    expect(answer).to_contain_text("The Internet is paused.", timeout=WAIT_MS)
    expect(answer.get_by_role("button", name="Resume now")).to_be_visible(timeout=WAIT_MS)
    at.resume(dana, "Kim")
    at.in_force(dana)
    home.gets("tablet", opened=(SITE, LEXICON, MESSENGER), closed=(TIKTOK,))
    assert "The Internet is paused" not in home.fetch("tablet", "/me").text


def invited(dana: Page) -> str:
    """Make an invitation, by way of the house; return the link that stands there once."""
    at.go(dana, "House")
    dana.get_by_role("link", name="Caregivers").click()
    at.press(dana, "Make an invitation")
    link = dana.get_by_role("link", name=f"{ADDRESS}/join/")
    found = link.text_content(timeout=WAIT_MS) or ""
    dana.reload()
    expect(link).to_have_count(0, timeout=WAIT_MS)
    return found


def a_second_caregiver_joins(home: Evening, robin: Page, link: str) -> None:
    """Whoever has the link becomes a caregiver, once, and what they tap holds."""
    robin.goto(link)
    fields = {"Your name": SECOND, "Password": OTHER_PASSWORD, "The same once more": OTHER_PASSWORD}
    at.type_in(robin, fields, "Join")
    at.sees(robin, f"Welcome, {SECOND}.")
    at.pause(robin, "Sam")
    at.in_force(robin)
    home.gets("laptop", opened=(), closed=(TIKTOK, LEXICON))
    home.gets("tablet", opened=(LEXICON,), closed=(TIKTOK,))
    robin.goto(link)
    expect(robin.get_by_label("Password", exact=True)).to_have_count(0, timeout=WAIT_MS)
    at.sees(robin, "This code is not known, was used already, or has expired.")


def log_out_and_in(page: Page) -> None:
    """A session that was ended is ended; a wrong password opens nothing, the right one does."""
    page.get_by_role("link", name=OWNER).click()
    at.press(page, "Log out here")
    at.sees(page, "You are logged out.")
    page.goto("/")
    expect(page).to_have_url(f"{ADDRESS}/log-in", timeout=WAIT_MS)
    at.log_in(page, OWNER, "otter lamp grave")
    at.sees(page, "That name and that password don't go together.")
    at.log_in(page, OWNER, PASSWORD)
    expect(at.card(page, "Kim")).to_be_visible(timeout=WAIT_MS)
