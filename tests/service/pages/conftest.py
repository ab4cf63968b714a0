"""A browser, a service with a fake runner, and a page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gofau_service.settings import Settings
from tests.service.fakes import FakeRunner, Service
from tests.service.pages.browser import launched, opened

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in a browser is slow: it waits for frames and scripts, a second or more."""
    for item in items:
        if item.path.parent == HERE and "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Its event loop runs in this thread, so it ends with its module."""
    with launched() as browser:
        yield browser


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services on a database of their own; each is stopped in the end."""
    started: list[Service] = []

    def make(**options: object) -> Service:
        url = f"sqlite:///{tmp_path / f'{len(started)}.db'}"
        settings = Settings(database_url=url, reconcile=False, events_every_s=0.05, **options)
        started.append(Service.start(settings, FakeRunner()))
        return started[-1]

    yield make
    for service in started:
        service.close()


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    """A service that asks for no token and names a Ray dashboard."""
    return make_service(ray_address="http://127.0.0.1:8265")


@pytest.fixture
def page(browser: Browser, make_service: Callable[..., Service]) -> Iterator[Page]:
    """A page at 1440 px. It closes before the services do, so that no event stream is left."""
    with opened(browser, viewport={"width": 1440, "height": 900}) as page:
        yield page
