"""Cells of a spec as rows: an arm keeps what its cells share, a cell what it changes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gofau_studies.spec import StudySpec
from gofau_studies.spec.cells import Cell, cells

Row = dict[str, Any]


def changes(definition: Mapping[str, Any], shared: Mapping[str, Any]) -> Row:
    """What ``definition`` has beyond the arm's: its init scale and whatever differs."""
    base = shared["hyper"]
    hyper = {k: v for k, v in definition["hyper"].items() if k not in base or base[k] != v}
    other = {k: v for k, v in definition.items() if k != "hyper" and shared[k] != v}
    return {**other, "init_scale": definition["init_scale"], "hyper": hyper}


def whole(shared: Mapping[str, Any], changed: Mapping[str, Any]) -> Row:
    """The inverse of `changes`: a cell's full definition."""
    return {**shared, **changed, "hyper": {**shared["hyper"], **changed["hyper"]}}


class Enumeration:
    """Numbers a spec's cells and their arms, going on from those that a study has already.

    Args:
        spec: what to enumerate.
        arms: (problem, direction, rule) to the ordinal of arms stored before.
        shared: their definitions by ordinal.
        known: keys of cells stored before, which are left out.
        added: the cells; by default those that the spec has at submission.
    """

    def __init__(
        self,
        spec: StudySpec,
        arms: Mapping[tuple[str, str, str], int] | None = None,
        shared: Mapping[int, Mapping[str, Any]] | None = None,
        known: frozenset[str] = frozenset(),
        added: Iterable[Cell] | None = None,
    ) -> None:
        self._cells = cells(spec) if added is None else added
        self._arms = dict(arms or {})
        self._shared = dict(shared or {})
        self._known = known
        self._problems = {problem.label: problem.name for problem in spec.problems}
        self.new_arms: list[Row] = []

    def rows(self, study_id: int, first: int, trials: int) -> Iterator[Row]:
        """Rows of the cells, numbered from ``first``; `new_arms` fills up on the way."""
        fresh = (cell for cell in self._cells if cell.key not in self._known)
        for ordinal, cell in enumerate(fresh, start=first):
            arm = self._arm(study_id, cell)
            yield {
                "study_id": study_id,
                "ordinal": ordinal,
                "arm": arm,
                "key": cell.key,
                "point": dict(cell.point),
                "changes": changes(cell.definition, self._shared[arm]),
                "trials": trials,
            }

    def _arm(self, study_id: int, cell: Cell) -> int:
        labels = (cell.problem, cell.direction, cell.rule)
        if labels not in self._arms:
            ordinal = self._arms[labels] = len(self._arms)
            self._shared[ordinal] = dict(cell.definition)
            self.new_arms.append(self._arm_row(study_id, ordinal, cell))
        return self._arms[labels]

    def _arm_row(self, study_id: int, ordinal: int, cell: Cell) -> Row:
        return {
            "study_id": study_id,
            "ordinal": ordinal,
            "problem": cell.problem,
            "direction": cell.direction,
            "rule": cell.rule,
            "problem_name": self._problems[cell.problem],
            "definition": dict(cell.definition),
        }
