"""The week as a parent with a phone does it: how many taps, and what opens over the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from appliance.core.schedule import Routine, Window
from appliance.web import edits
from appliance.web.box import Box
from tests.browser import PHONE, chromium, visitor
from tests.scenarios.tour import ROBIN, Scene, cookies, served
from tests.web.conftest import logged_in

MOST_TAPS = 6


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all of them."""
    with chromium(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[tuple[Page, Box]]:
    """Give a caregiver's phone in a house that is lived in."""
    with served(tmp_path, Scene.HOME) as (app, address), visitor(browser, address, PHONE) as page:
        page.context.add_cookies(cookies(logged_in(app, ROBIN), address))  # type: ignore[arg-type]
        yield page, app.extensions["kindgate.box"]


@pytest.fixture
def still(browser: Browser, tmp_path: Path) -> Iterator[tuple[Page, Box]]:
    """Give the same with a phone that runs no script."""
    with (
        served(tmp_path, Scene.HOME) as (app, address),
        visitor(browser, address, PHONE, java_script_enabled=False) as page,
    ):
        page.context.add_cookies(cookies(logged_in(app, ROBIN), address))  # type: ignore[arg-type]
        yield page, app.extensions["kindgate.box"]


class Thumb:
    """Taps, and counts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    def tap(self, selector: str) -> None:
        """Tap the first thing that is there."""
        self.page.locator(selector).first.click()
        self.taps += 1


def windows(box: Box, person: str) -> tuple[Window, ...]:
    """Return the routines of a child."""
    return edits.person_of(box.house(), person).windows


@pytest.mark.parametrize("kind", ["visit", "still"])
def test_a_child_without_times_has_a_bedtime_after_six_taps(kind: str, request: pytest.FixtureRequest) -> None:
    """From home by the child's card to its week, with a script and without."""
    page, box = request.getfixturevalue(kind)
    page.goto("/")
    thumb = Thumb(page)
    thumb.tap("a[href='/child/ben']")
    if page.locator("a[href='/child/ben/week']").count():
        thumb.tap("a[href='/child/ben/week']")
    thumb.tap("a[href='/child/ben/routines/new/bedtime']")
    thumb.tap("form[action*='routines/new'] button:has-text('Save')")
    page.wait_for_url("**/child/ben/week")
    assert thumb.taps <= MOST_TAPS
    (bed,) = windows(box, "ben")
    assert (bed.name, bed.routine, bed.start, len(bed.days)) == ("Bedtime", Routine.BEDTIME, "22:30", 7)
    assert page.locator(".kg-weekgrid a[aria-label*='Bedtime']").count() == 14


def test_a_new_child_has_a_bedtime_after_six_taps(visit: tuple[Page, Box]) -> None:
    """From home: add a child, into the name, an age, add; then bedtime, save."""
    page, box = visit
    page.goto("/")
    thumb = Thumb(page)
    thumb.tap("a[href='/child/new']")
    thumb.tap("#name")
    page.keyboard.type("Noah")
    thumb.tap(".kg-option:has(input[value='6-9'])")
    thumb.tap("form.kg-form button")
    page.wait_for_url("**/child/noah")
    thumb.tap("a[href='/child/noah/routines/new/bedtime']")
    thumb.tap("form[action*='routines/new'] button:has-text('Save')")
    page.wait_for_url("**/child/noah/week")
    assert thumb.taps <= MOST_TAPS
    assert [one.name for one in windows(box, "noah")] == ["Bedtime"]


def test_a_tap_on_a_block_opens_its_editor_over_the_week(visit: tuple[Page, Box]) -> None:
    """Another time is saved from there; Escape and the cross leave all as it was."""
    page, box = visit
    page.goto("/child/mia/week")
    dialog = page.locator("dialog[open]")
    for close in ("Escape", "cross"):
        page.locator(".kg-weekgrid a[aria-label*='School']").first.click(position={"x": 12, "y": 22})
        dialog.wait_for()
        assert page.locator("#over-title").inner_text() == "When is School?"
        page.keyboard.press("Escape") if close == "Escape" else dialog.locator("[aria-label=Close]").click()
        dialog.wait_for(state="detached")
    page.locator(".kg-weekgrid a[aria-label*='School']").first.click(position={"x": 12, "y": 22})
    dialog.locator("#end").fill("14:00")
    dialog.locator("button:has-text('Save')").click()
    page.locator("text=School: off Monday to Friday, 08:00 to 14:00.").wait_for()
    assert windows(box, "mia")[0].end == "14:00"


def test_a_word_finds_what_may_be_closed(visit: tuple[Page, Box]) -> None:
    """What doesn't fit is hidden, and what was ticked stays ticked; what closes hides where all is off."""
    page, box = visit
    page.goto("/child/mia/routines/new/homework")
    closes = page.locator(".kg-closes")
    closes.locator("> summary").click()
    closes.locator("[data-filter] input").fill("forums")
    assert closes.locator("label:visible", has_text="Forums").count() >= 1
    assert closes.locator("label:visible", has_text="Gambling").count() == 0
    closes.locator("label:visible:has(input[value='category:forum'])").click()
    closes.locator("[data-filter] input").fill("zzzzzz")
    assert closes.locator("[data-nothing]").is_visible()
    page.locator(".kg-option:has(input[value=off])").click()
    assert not closes.is_visible()
    page.locator(".kg-option:has(input[value=on])").click()
    page.locator("button:has-text('Save')").click()
    page.wait_for_url("**/child/mia/week")
    assert "forum" in windows(box, "mia")[-1].block.categories


@pytest.mark.parametrize("place", ["/child/mia/week", "/child/mia"])
def test_tonight_is_later_by_one_tap(visit: tuple[Page, Box], place: str) -> None:
    """On the page of the week and on the child's, to which one comes back."""
    page, box = visit
    page.goto(place)
    page.locator("button:has-text('30 min later')").click()
    page.wait_for_url(f"**{place}")
    page.locator("text=Tonight Bedtime of Mia begins at 21:00.").wait_for()
    assert edits.person_of(box.house(), "mia").exceptions[-1].name == "Tonight"
