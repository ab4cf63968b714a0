"""The page on toys names all of them, and its example runs."""

import re
from pathlib import Path

import pytest

from gofau.problems.toys import largest_stable_lr, toy, toys

PAGE = Path(__file__).parents[4] / "docs" / "toy-problems.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_toy_is_documented() -> None:
    missing = [name for name in toys.entries if name.removeprefix("quadratic-cond") not in TEXT]
    assert missing == []


def test_the_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {})


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("branin", (0.18040, 0.08972, 0.17652)),
        ("linear-regression", (1.43376,)),
        ("sparse-regression", (0.69915,)),
        ("convex-2d", (0.04386,)),
        ("deep-linear", (0.15408,)),
    ],
)
def test_printed_steps(name: str, steps: tuple[float, ...]) -> None:
    found = [largest_stable_lr(toy(name).loss, minimum) for minimum in toy(name).minima]
    assert found == pytest.approx(steps, rel=2e-4)
    assert all(str(step) in TEXT or f"{step:.5f}" in TEXT for step in steps)
