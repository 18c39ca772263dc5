"""Every page of the dashboard in a browser, as those see it who may open it: phone and desk, light and dark."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from appliance.household.lists import Phase, Standing, Status, load_standing, save_standing
from appliance.web import code
from appliance.web.app import create_app
from appliance.web.box import Box
from appliance.web.gate import STATIC, who_may
from appliance.world import rules
from tests.browser import DESK, PHONE, WAIT_MS, chromium, visitor
from tests.scenarios.stops import STOPS, Stop
from tests.scenarios.tour import DANA, SECRET, Scene, cookies, served
from tests.web.conftest import logged_in, token_of

AXE = Axe().axe_script
MIN_TARGET_PX = 44
NO_PAGES = {*STATIC, "home.force_json", "check.came"}
"""What one GETs and doesn't look at."""

Guide = Callable[[Stop], Page]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for the whole tour."""
    with chromium(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="module")
def guide(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guide]:
    """Return what opens the page of a stop; boxes and visitors are made when they are first wanted, and stay."""
    scenes: dict[Scene, tuple[object, str]] = {}
    pages: dict[tuple[Scene, str | None], Page] = {}

    with ExitStack() as stack:

        def open_(stop: Stop) -> Page:
            if stop.scene not in scenes:
                folder = tmp_path_factory.mktemp(stop.scene.value)
                scenes[stop.scene] = stack.enter_context(served(folder, stop.scene))
            app, address = scenes[stop.scene]
            key = (stop.scene, stop.who)
            if key not in pages:
                pages[key] = stack.enter_context(visitor(browser, address, PHONE))
                if stop.who is not None:
                    client = _begun(app) if stop.who == "first" else logged_in(app, stop.who)  # type: ignore[arg-type]
                    pages[key].context.add_cookies(cookies(client, address))  # type: ignore[arg-type]
            page = pages[key]
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            page.emulate_media(color_scheme="light")
            return page

        yield open_


def _begun(app: object) -> object:
    """Return a client in the middle of the first run."""
    client = app.test_client()  # type: ignore[attr-defined]

    def send(step: str, **told: str) -> None:
        client.post(f"/start{step}", data={"csrf_token": token_of(client), **told})

    send("", code=code.code_of(SECRET))
    send("/place", country="DE", language="en")
    send("/time", zone="Europe/Berlin", other="")
    for name, band in (("Mia", "6-9"), ("Jonas", "13-15")):
        send("/children", name=name, band=band, do="add")
    send("/devices", unknown="closed")
    return client


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_a_page_is_for_everybody(guide: Guide, stop: Stop) -> None:
    """Nothing serious for axe in the light and the dark, opened and closed; it fits, can be hit, and has its names.

    What a page asks of another host, or does against the policy, fails the test too.
    """
    page = guide(stop)
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: refused.append(asked.url) if not asked.url.startswith(_host(page)) else None)
    assert _visit(page, stop) == (422 if stop.form else stop.status)
    expected: list[str] = []
    assert _named(page) == expected
    assert _wrong(page) == expected
    assert _sideways(page) == expected
    assert _focus(page) == expected
    page.evaluate(_OPEN)
    assert _small(page) == expected
    assert _sideways(page) == expected
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 21, 27)"
    assert _pale(page) == expected
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert _wrong(page) == expected
    assert _sideways(page) == expected
    # A page that is refused or not there is itself such a line.
    assert [text for text in refused if "Failed to load resource" not in text] == expected


def test_no_page_is_left_out(tmp_path: Path) -> None:
    """A page without a stop fails here."""
    book = rules.load_rulebook()
    with closing(Box(tmp_path, book, rules.bundled_set(book), rules.load_contract())) as box:
        app = create_app(box, SECRET)
    views = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    open_views = {view for view in views if who_may(app, view) is not None} - NO_PAGES
    assert sorted(open_views - {stop.view for stop in STOPS}) == []
    assert sorted({stop.view for stop in STOPS} - open_views) == ["wrong"]


@pytest.mark.parametrize("path", ["/", "/child/mia", "/child/mia/week", "/caregivers"])
def test_what_opens_over_a_page_is_for_everybody(guide: Guide, path: str) -> None:
    """Each sheet, in the light and the dark: it is on the screen, can be read and hit, and Escape closes it."""
    page = guide(Stop("", path))
    page.goto(path)
    sheets = page.locator("details.kg-sheet > summary")
    assert sheets.count() > 0
    for number in range(min(sheets.count(), 2)):
        sheets.nth(number).click()
        leaf = page.locator("details.kg-sheet[open] .kg-leaf")
        leaf.evaluate("leaf => Promise.all(leaf.getAnimations().map(one => one.finished))")
        box = leaf.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] + box["height"] <= PHONE["height"] + 1
        assert _pale(page, ".kg-leaf") == []
        page.emulate_media(color_scheme="dark")
        assert _pale(page, ".kg-leaf") == []
        page.emulate_media(color_scheme="light")
        page.keyboard.press("Escape")
        assert leaf.count() == 0


def test_apps_are_found_while_one_types(guide: Guide) -> None:
    """What has none of the words goes, groups open as needed, and all is as it was when nothing is typed."""
    page = _opened(guide, "/child/jonas/services")
    rows, groups = page.locator(".kg-app:visible"), page.locator("[data-group]:visible")
    number = groups.count()
    assert (rows.count(), number > 10) == (0, True)
    page.locator("#q").fill("youtube ki")
    assert rows.all_inner_texts()[0].startswith("YouTube Kids")
    assert (rows.count(), groups.count()) == (1, 1)
    page.locator("#q").fill("zzzz")
    assert (groups.count(), page.get_by_text("Nothing like that").count()) == (0, 1)
    page.locator("#q").fill("")
    assert (rows.count(), groups.count()) == (0, number)


def test_a_list_is_followed_until_it_is_here(browser: Browser, tmp_path: Path) -> None:
    """Its part of the page is drawn anew by itself, nothing else is, and then it is left alone; the focus stays."""
    with served(tmp_path, Scene.HOME) as (app, address), visitor(browser, address, PHONE) as page:
        page.context.add_cookies(cookies(logged_in(app, DANA), address))  # type: ignore[arg-type]
        data = app.extensions["kindgate.box"].data
        standing = load_standing(data)
        page.goto("/lists")
        part = page.locator("#list-fresh")
        part.get_by_role("link").focus()
        assert part.get_by_role("progressbar").get_attribute("aria-valuenow") == "37"
        save_standing(data, _coming(standing, Status(phase=Phase.FETCHING, octets=8, of_octets=10)))
        expect(part.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "80", timeout=WAIT_MS)
        assert page.evaluate("document.activeElement.textContent") == "New names of the week"
        save_standing(data, _coming(standing, Status(phase=Phase.READY, fetched_at=1.0)))
        expect(part).to_contain_text("In force", timeout=WAIT_MS)
        expect(page.locator("[data-busy]")).to_have_count(0, timeout=WAIT_MS)


def _coming(standing: Standing, status: Status) -> Standing:
    return replace(standing, lists=standing.lists | {"fresh": status})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_beats_that_of_the_device(browser: Browser, guide: Guide, theme: str) -> None:
    """All colours are those of the other theme where somebody chose it, links too."""
    address = _host(_opened(guide, "/why"))
    other = "light" if theme == "dark" else "dark"
    with visitor(browser, address, PHONE, other) as page:  # type: ignore[arg-type]
        page.context.add_cookies([{"name": "theme", "value": theme, "url": address}])
        page.goto("/me")
        ground, link = ("rgb(17, 21, 27)", "rgb(94, 205, 181)") if theme == "dark" else _LIGHT
        page.evaluate("document.body.innerHTML = '<a href=\"/me\">a link</a>'")
        told = "getComputedStyle(document.querySelector('a')).color"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        assert page.evaluate(told) == link
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--kg-paper')") == "#f7f5f0"


_LIGHT = ("rgb(247, 245, 240)", "rgb(13, 106, 90)")
_OPEN = "document.querySelectorAll('details:not(.kg-sheet)').forEach((one) => { one.open = true; })"


def _opened(guide: Guide, path: str) -> Page:
    page = guide(Stop("", path))
    page.goto(path)
    return page


def _host(page: Page) -> str:
    return "/".join(page.url.split("/")[:3]) if page.url.startswith("http") else "http://127.0.0.1:"


def _visit(page: Page, stop: Stop) -> int:
    """Open the page, send its form if it has one, and return the status."""
    path, _, link = stop.path.partition(" ")
    answer = page.goto(path)
    if link:
        answer = page.goto(str(page.locator(link).first.get_attribute("href")))
    if stop.form:
        with page.expect_navigation() as waited:
            page.evaluate(_SEND, [stop.form, dict(stop.sent)])
        answer = waited.value
    assert answer is not None
    return answer.status


_SEND = """([selector, sent]) => {
  const form = document.querySelector(selector);
  for (const [name, value] of Object.entries(sent)) {
    const there = form.querySelector(`input[name="${name}"]:not([type=hidden]), textarea[name="${name}"]`);
    if (there) there.value = value;
    else form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  form.noValidate = true;
  form.submit();
}"""


def _named(page: Page) -> list[str]:
    """Return what lacks of a page's names: language, title, one heading."""
    found = page.evaluate("[document.documentElement.lang, document.title, document.querySelectorAll('h1').length]")
    language, title, headings = found
    wanted = {"lang": language == "en", "title": len(title) > len(" · Kindgate"), "h1": headings == 1}
    return [name for name, is_there in wanted.items() if not is_there]


def _sideways(page: Page) -> list[str]:
    """Return what reaches over the right edge, if the page can be moved sideways."""
    found: list[str] = page.evaluate(_WIDE)
    return found


_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > width + 1)
    .map((one) => one.outerHTML.slice(0, 120)).slice(0, 5);
}"""


def _focus(page: Page) -> list[str]:
    """Return what the first two tabs lead to where one can't see it."""
    found: list[str] = []
    for _ in range(2):
        page.keyboard.press("Tab")
        hidden = page.evaluate(_FOCUS)
        found += [hidden] if hidden else []
    page.evaluate("document.activeElement.blur()")
    return found


_FOCUS = """() => {
  const one = document.activeElement;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one), after = getComputedStyle(one, "::after");
  const isOnScreen = box.width > 0 && box.left >= 0 && box.top >= 0
    && box.right <= innerWidth && box.bottom <= innerHeight;
  const has = (style) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
    || style.boxShadow !== "none";
  return one !== document.body && isOnScreen && (has(style) || has(after)) ? "" : one.outerHTML.slice(0, 160);
}"""


def _small(page: Page) -> list[str]:
    """Return what can be pressed and is too small for a thumb; a link inside of a sentence may be."""
    found: list[str] = page.evaluate(_SMALL, MIN_TARGET_PX)
    return found


_SMALL = """(least) => {
  const isInSentence = (one) => getComputedStyle(one).display === "inline"
    && [...one.parentElement.childNodes].some((near) => near.nodeType === 3 && near.textContent.trim().length > 2);
  const area = (one) => {
    const covers = getComputedStyle(one, "::after").position === "absolute" && one.matches("a");
    return (covers ? one.offsetParent || one : one.closest("label") || one).getBoundingClientRect();
  };
  return [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
    .filter((one) => one.checkVisibility() && one.getClientRects().length && !one.closest("[aria-hidden=true]"))
    .filter((one) => !one.matches(".kg-skip") && !isInSentence(one))
    .filter((one) => area(one).height < least - 0.5)
    .map((one) => `${area(one).height} ${one.outerHTML.slice(0, 140)}`);
}"""


def _wrong(page: Page) -> list[str]:
    """Return what axe finds serious or critical, with where."""
    return _axe(page, {"resultTypes": ["violations"]})


def _pale(page: Page, where: str = "body") -> list[str]:
    """Return what axe finds too pale to be read: all of its rules that look at colours."""
    return _axe(page, {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}, where)


def _axe(page: Page, options: Mapping[str, object], where: str = "html") -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("([where, options]) => axe.run(where, options)", [where, options])["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
