"""The check of one's own device: what it tries, what it tells, and that no other page may ask anybody outside."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import dns.message
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Route

from appliance.web import check
from appliance.web.box import Box
from appliance.web.headers import POLICY
from tests.browser import PHONE, chromium
from tests.commands.cli import answering, fake_daemon
from tests.scenarios.tour import MIAS, Scene, served
from tests.web.asking import send, words

TOKEN = "0123456789abcdef"
TABLET = {"REMOTE_ADDR": "192.168.77.10"}


def came(client: FlaskClient, box: Box, sight: object, **where: str) -> object:
    """Return what the box tells of a question, of which the nameserver saw this."""
    with fake_daemon(box.data, answering({"sight": {"bus": 1, "sight": sight}})):
        reply = client.get(f"/me/check/{TOKEN}.json", environ_overrides={**TABLET, **where})
    return reply.get_json()["came"]


def test_the_page_says_what_it_will_do(anyone: FlaskClient) -> None:
    """Before it does anything: nothing begins without a tap."""
    reply = anyone.get("/me/check", environ_overrides=TABLET)
    page = words(reply)
    assert reply.status_code == 200
    assert "Mia's tablet" in page
    assert "it asks Cloudflare for example.com, by name and by address." in page
    assert "scripts are off in this browser" in page
    assert "data-check hidden" in reply.text
    assert "grown-up's device" not in page


def test_an_adults_device_is_told_so(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """And one that nobody named is called that."""
    send(caregiver, "/devices/new", kind="adult", person="dana", name="Dana's phone", known_by="192.168.77.50")
    pages = [
        words(anyone.get("/me/check", environ_overrides={"REMOTE_ADDR": f"192.168.77.{last}"})) for last in (50, 51)
    ]
    assert "This is a grown-up's device" in pages[0]
    assert "A device that nobody named" in pages[1]


def test_it_is_on_the_own_page(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """But not on that page as a caregiver looks at it: it would be the caregiver's device that is checked."""
    assert 'href="/me/check"' in anyone.get("/me", environ_overrides=TABLET).text
    assert 'href="/me/check"' not in caregiver.get("/child/mia/page").text


def test_this_page_alone_may_ask_outside(anyone: FlaskClient) -> None:
    """By its policy; nothing else of it is wider, and the next page has the usual one."""
    policy = anyone.get("/me/check").headers["Content-Security-Policy"]
    own, wide = (dict(one.split(" ", 1) for one in text.split("; ")) for text in (POLICY, policy))
    assert wide.pop("connect-src") == "'self' https: *.check.kindgate.home"
    own.pop("connect-src")
    assert wide == own
    for path in ("/me", f"/me/check/{TOKEN}.json"):
        assert anyone.get(path).headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    ("sight", "expected"),
    [
        ({"token": TOKEN, "device": "tablet", "via": None}, "you"),
        ({"token": TOKEN, "device": "tablet", "via": "router"}, "you"),
        ({"token": TOKEN, "device": None, "via": None}, "nobody"),
        ({"token": TOKEN, "device": "laptop", "via": None}, "nobody"),
        (None, "not"),
    ],
)
def test_whether_a_question_came_and_as_whose(anyone: FlaskClient, box: Box, sight: object, expected: str) -> None:
    """Whose else it came as is told to nobody."""
    assert came(anyone, box, sight) == expected


def test_a_stranger_is_never_known(anyone: FlaskClient, box: Box) -> None:
    """Two that nobody named are not the same one."""
    assert came(anyone, box, {"token": TOKEN, "device": None}, REMOTE_ADDR="192.168.77.60") == "nobody"


def test_without_a_nameserver_nothing_is_known(anyone: FlaskClient) -> None:
    """It isn't taken for a way round."""
    assert anyone.get(f"/me/check/{TOKEN}.json").get_json() == {"came": "untold"}


@pytest.mark.parametrize("word", ["short", "0123456789ABCDEF", "0123456789abcdef0", "%2e%2e"])
def test_a_token_is_one_of_ours(anyone: FlaskClient, word: str) -> None:
    """Anything else is not looked for."""
    assert anyone.get(f"/me/check/{word}.json").status_code == 404


def test_what_is_asked_is_a_question_of_dns() -> None:
    """As dnspython reads it: for an example, of nobody's."""
    for one in check.TRIES[1:]:
        asked = urlsplit(one.address)
        text = parse_qs(asked.query)["dns"][0]
        message = dns.message.from_wire(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        assert (asked.scheme, asked.path, str(message.question[0].name)) == ("https", "/dns-query", "example.com.")


def test_every_outcome_has_its_words() -> None:
    """Those that the script can find, and no others; what is not as it should be has something to do."""
    outcomes = {one.id: {outcome.when for outcome in one.outcomes} for one in check.TRIES}
    assert outcomes == {
        "names": {"you", "nobody", "not", "untold"},
        "named": {"shut", "open"},
        "address": {"shut", "open"},
        "ipv6": {"shut", "open"},
    }
    for outcome in (outcome for one in check.TRIES for outcome in one.outcomes):
        assert bool(outcome.mend) == (outcome.tone != "free")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all of them."""
    with chromium(tmp_path_factory.mktemp("browser")) as found:
        yield found


class Net:
    """The net as the browser of the check finds it: who answers, and whom it asked."""

    def __init__(self, open_: tuple[str, ...]) -> None:
        self._open = open_
        self.asked: list[str] = []

    def answer(self, route: Route) -> None:
        """Answer in the place of what is open; all else is refused."""
        host = urlsplit(route.request.url).hostname or ""
        self.asked.append(host)
        if host in self._open:
            route.fulfill(status=400, body="")
        else:
            route.abort("connectionrefused")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the dashboard of a house that is lived in is served."""
    with served(tmp_path_factory.mktemp("house"), Scene.HOME) as (_, found):
        yield found


def checked(browser: Browser, address: str, net: Net, came: str) -> dict[str, str]:
    """Return what the page shows after a tap, each try with its outcome."""
    context = browser.new_context(base_url=address, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    page.route(lambda url: not url.startswith(address), net.answer)
    page.route(f"{address}/me/check/*.json", lambda route: route.fulfill(json={"came": came}))
    page.goto(f"/me/check?from={MIAS}")
    assert net.asked == []
    page.get_by_role("button", name="Check this device").click()
    page.locator("[data-check-words]", has_text="Done").wait_for(state="attached")
    shown = page.locator("[data-try]").evaluate_all(
        "parts => parts.map(one => [one.dataset.try, one.querySelector('[data-when]:not([hidden])').dataset.when])"
    )
    assert faults == []
    context.close()
    return dict(shown)


RUNS = [
    ("you", (), ["you", "shut", "shut", "shut"]),
    ("nobody", ("cloudflare-dns.com", "2606:4700:4700::1111"), ["nobody", "open", "shut", "open"]),
    ("not", ("1.1.1.1",), ["not", "shut", "open", "shut"]),
    ("untold", (), ["untold", "shut", "shut", "shut"]),
]


@pytest.mark.parametrize(("came", "open_", "expected"), RUNS)
def test_the_browser_tries_and_tells(
    browser: Browser, address: str, came: str, open_: tuple[str, ...], expected: list[str]
) -> None:
    """Each try by itself; the policy lets all of them through and nothing begins before the tap."""
    net = Net(open_)
    shown = checked(browser, address, net, came)
    assert list(shown.values()) == expected
    (sighted,) = [host for host in net.asked if host.endswith(".check.kindgate.home")]
    assert check._TOKEN.match(sighted.partition(".")[0])
    others = {"cloudflare-dns.com", "1.1.1.1", "2606:4700:4700::1111"}
    assert set(net.asked) == others | {sighted}
