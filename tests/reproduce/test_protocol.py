"""The choices: distances, windows, variants."""

from math import log10

import pytest

from gofau.problems.toys import toy
from reproduce.protocol import Case, Protocol, convex, rosenbrock
from reproduce.published import DIRECTIONS, RULES
from reproduce.sensitivity import variants
from tests import each

MAIN = Protocol()
ALL = [MAIN, *variants(MAIN)]


def test_every_variant_starts_at_the_published_distances() -> None:
    for protocol in ALL:
        with each.case(protocol.label):
            assert protocol.convex.distance == pytest.approx(69.26, abs=1e-9)
            assert protocol.rosenbrock.distance == pytest.approx(4.25**0.5, abs=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_windows_of_step_sizes_are_equally_wide(direction: str) -> None:
    for protocol in ALL:
        for case in (protocol.convex, protocol.rosenbrock):
            windows = protocol.windows(case, direction)
            with each.case(protocol.label, case):
                assert windows.pop("gamma") == (0.0, 1.0)
                widths = [log10(high / low) for low, high in windows.values()]
                assert widths == pytest.approx([protocol.decades] * 3)
                assert windows["lr_out"][1] == 1.0


def test_the_top_of_the_lr_window() -> None:
    assert MAIN.windows(MAIN.rosenbrock, "sgd")["lr"][1] == pytest.approx(0.0019968, rel=1e-5)
    assert MAIN.windows(MAIN.convex, "sgd")["lr"][1] == pytest.approx(2 / 45.6)
    assert MAIN.windows(MAIN.convex, "adam")["lr"][1] == pytest.approx(692.6)


def test_variants_have_labels_of_their_own() -> None:
    labels = [protocol.label for protocol in ALL]
    assert len(set(labels)) == len(labels)


def test_the_default_convex_case_is_the_catalogs() -> None:
    assert convex().start == pytest.approx(toy("convex-2d").start)
    assert convex().minimum == toy("convex-2d").minima[0]


@pytest.mark.parametrize(("per_axis", "draws"), [(0, [300] * 3), (8, [8, 64, 4096])])
def test_budgets(per_axis: int, draws: list[int]) -> None:
    protocol = Protocol(per_axis=per_axis)
    assert [protocol.draws_of(rule) for rule in RULES] == draws


@pytest.mark.parametrize("case", [convex(), rosenbrock()], ids=["convex", "rosenbrock"])
def test_the_main_starts_lie_in_the_orthant_of_the_minimum(case: Case) -> None:
    assert all(s * m > 0 for s, m in zip(case.start, case.minimum, strict=True))
