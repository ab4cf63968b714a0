"""What is started again, and when that is given up."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from gofau_service.cli.local import processes
from gofau_service.cli.local.errors import LocalError
from gofau_service.cli.local.keeper import SHORT_LIVES, STEADY_S, Keeper, Part

Launch = Callable[[], processes.Started]


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def mark() -> Iterator[str]:
    chosen = uuid4().hex
    yield chosen
    processes.sweep(chosen, 0.0)


def launching(code: str, mark: str, log: Path) -> Launch:
    return lambda: processes.start([sys.executable, "-c", code], mark, {}, log)


def ended(part: Part) -> None:
    part.process.end(0.0)


def test_a_running_part_is_left_alone(mark: str, tmp_path: Path) -> None:
    part = Part("it", launching("import time; time.sleep(600)", mark, tmp_path / "log"))
    before = part.process
    part.tend()
    assert part.process is before
    ended(part)


def test_a_part_that_keeps_ending_is_given_up_with_its_log(
    mark: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = Part("it", launching("print('no port')", mark, tmp_path / "log"), Clock())
    for _ in range(SHORT_LIVES):
        ended(part)
        part.tend()
    assert caplog.messages == ["it ended by itself and is started again"] * SHORT_LIVES
    ended(part)
    with pytest.raises(LocalError, match=r"^it ended by itself 4 times within 20 s of its start; "):
        part.tend()


def test_a_part_that_lived_for_a_while_has_all_its_lives_again(mark: str, tmp_path: Path) -> None:
    clock = Clock()
    part = Part("it", launching("pass", mark, tmp_path / "log"), clock)
    for _ in range(5 * SHORT_LIVES):
        clock.at += STEADY_S
        ended(part)
        part.tend()
    ended(part)


def test_a_keeper_says_what_it_gave_up(mark: str, tmp_path: Path) -> None:
    part = Part("it", launching("print('no port')", mark, tmp_path / "log"), Clock())
    with Keeper([part], every_s=0.01) as keeper:
        assert keeper.gave_up.wait(240)
    assert "no port" in keeper.failure
    assert processes.marked(mark) == []
