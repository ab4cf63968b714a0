"""How finely the map of a search that is no grid is drawn."""

from math import floor

from gofau_studies.landscape.columns import AXES
from gofau_studies.spec import StudySpec

POINTS_A_BIN = 3
"""Points that a bin should hold on average, so that few bins stay empty: e^-3 = 5 %."""


def bins(spec: StudySpec) -> tuple[int, int]:
    """Bins along learning rate and init scale: an axis's ``points``, else by the budget.

    Without ``points`` the map has as many bins as hold three points each on average, as many along
    either axis.
    """
    swept = [name for name in AXES if name in spec.axes]
    each = floor((spec.search.budget / POINTS_A_BIN) ** (1 / max(len(swept), 1)))
    counts = {name: spec.axes[name].points or max(each, 1) for name in swept}
    return counts.get("lr", 1), counts.get("init_scale", 1)
