"""Debian's Chromium, driven by Playwright: a phone or a desk, light or dark, in a host of the lab if one is named."""

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.needs import need

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
WAIT_MS = 15_000

Theme = Literal["light", "dark"]


def need_browser() -> str:
    """Return where Chromium is; skip (or fail, where it must run) without it."""
    found = shutil.which("chromium")
    need(found is not None, "this needs Debian's chromium")
    return str(found)


@contextmanager
def chromium(folder: Path, inside: list[str] | None = None, *flags: str) -> Iterator[Browser]:
    """Give a browser; `inside` is the command that runs another one in a network of its own."""
    program = folder / "chromium"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([*(inside or []), need_browser()])} "$@"\n')
    program.chmod(0o755)
    # Nothing that a browser does by itself may look like a page that reaches out.
    arguments = ["--disable-component-update", "--disable-background-networking", *flags]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(
    browser: Browser, address: str, size: dict[str, int] | None = None, theme: Theme = "light", **options: Any
) -> Iterator[Page]:
    """Give a page of a browser without any past; relative addresses begin at `address`.

    What the page asks of any other host fails the test that used it, and so does a script that ends in an error.
    """
    context: BrowserContext = browser.new_context(
        base_url=address,
        viewport=size or PHONE,  # type: ignore[arg-type]
        color_scheme=theme,
        ignore_https_errors=True,
        reduced_motion="reduce",
        **options,
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    foreign: list[str] = []
    faults: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else foreign.append(asked.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    try:
        yield page
    finally:
        context.close()
    assert (foreign, faults) == ([], [])


def violations(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical on a page, with where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'][:160] for node in one['nodes']]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
