"""Chromium, as tests of pages drive it; without one they are skipped."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

WAIT = 120_000  # milliseconds, of a machine that has other work
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser of Playwright: that of the system, or the one that it has installed."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install playwright"
    )
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with playwright.sync_playwright() as driver:
        path = path or driver.chromium.executable_path
        if not os.path.exists(path):
            pytest.skip("no Chromium is found: python -m playwright install chromium")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page in a window of its own, with what it complained of and asked the network for.

    Attributes
    ----------
    page : playwright.sync_api.Page
    complaints : list of str
        Errors, and messages of the console.
    requests : list of str
        Addresses that are neither the page's own file nor within it.
    """

    def __init__(self, browser: Any, file: Path, **window: Any) -> None:
        self._file = file
        self._tools: Any = None
        self.page = browser.new_context(**window).new_page()
        self.page.set_default_timeout(WAIT)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith(("data:", "blob:", self._file.as_uri())):
            self.requests.append(url)

    def open(self, address: str = "") -> None:
        """Open the page anew at an address within it, such as "#conv3_3/12,20"."""
        self.page.goto("about:blank")
        self.page.goto(f"{self._file.as_uri()}{address}")
        self.arrive(address or "#")

    def go(self, address: str) -> None:
        """Follow a link to an address within the page that is open."""
        self.page.evaluate("address => { location.hash = address }", address)
        self.arrive(address)

    def arrive(self, address: str) -> None:
        """Wait until what an address asks for is shown."""
        self.page.wait_for_selector(f'body[data-shown="{address}"]', timeout=WAIT)

    def click(self, selector: str) -> None:
        """Click something that leads elsewhere, and wait until it is shown."""
        shown = self.shown
        self.page.click(selector)
        self.page.wait_for_selector(f'body:not([data-shown="{shown}"])', timeout=WAIT)

    @property
    def shown(self) -> str:
        """Return the address of what is shown."""
        return str(self.page.get_attribute("body", "data-shown"))

    def number(self, selector: str) -> float:
        """Return the exact number that an element shows."""
        return float(self.page.locator(selector).first.get_attribute("value"))

    def numbers(self, selector: str) -> list[float]:
        """Return the exact numbers that elements show."""
        return [float(one.get_attribute("value")) for one in self.page.locator(selector).all()]

    def work(self) -> float:
        """Return how many seconds of a processor the page has taken in all."""
        if self._tools is None:
            self._tools = self.page.context.new_cdp_session(self.page)
            self._tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        found = self._tools.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in found if one["name"] == "TaskDuration")

    def texts(self, selector: str) -> list[str]:
        """Return the texts of elements."""
        return list(self.page.locator(selector).all_inner_texts())
