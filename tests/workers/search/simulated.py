"""A search without service or training: histories made by formula."""

from collections.abc import Callable
from math import log10

from gofau_studies.protocol.wire import SearchArm, SearchCell, SearchHistory
from gofau_studies.spec import StudySpec
from gofau_studies.spec.cells import arms, cells
from gofau_studies.spec.parsing import parse_yaml
from gofau_studies.spec.space import Point
from gofau_workers.search.planner import next_round

SPEC = """
name: search
problem: digits-mlp
epochs: 2
directions: [sgd]
rules: [additive, {name: hybrid, gamma: 0.5}]
axes:
  lr: {log: [1.0e-3, 10]}
  init_scale: {log: [0.1, 10]}
seeds: 2
"""
CAP = 2.3
Loss = Callable[[Point, str], float]


def spec_of(search: str) -> StudySpec:
    return parse_yaml(f"{SPEC}{search}")


def bowl(point: Point, rule: str) -> float:
    shift = 1.0 if rule == "additive" else 0.5
    away = log10(point["lr"]) + shift
    return min(away**2 + 0.5 * (log10(point["init_scale"]) - 0.3) ** 2, CAP)


class Simulation:
    """Asks the planner round after round and answers with a formula."""

    def __init__(self, spec: StudySpec, loss: Loss = bowl) -> None:
        self.spec = spec
        self.loss = loss
        self.arms = [arm.labels for arm in arms(spec)]
        self.cells: list[SearchCell] = []
        self.rounds = 0
        for cell in cells(spec):
            self._train((cell.problem, cell.direction, cell.rule), dict(cell.point))

    def _train(self, labels: tuple[str, str, str], point: Point) -> None:
        value = self.loss(point, labels[2])
        dead = value >= CAP
        self.cells.append(
            SearchCell(
                arm=self.arms.index(labels),
                round=self.rounds,
                point=point,
                values=[value, value],
                diverged=2 if dead else 0,
                failed=0,
            )
        )

    @property
    def history(self) -> SearchHistory:
        labelled = [SearchArm(problem=p, direction=d, rule=r, cap=CAP) for p, d, r in self.arms]
        return SearchHistory(
            spec=self.spec.model_dump(mode="json"),
            next_round=self.rounds + 1,
            finished=len(self.cells) == self.spec.cell_count,
            arms=labelled,
            cells=self.cells,
        )

    def step(self) -> bool:
        """One round; what the planner says travels as JSON, as it does to another process."""
        sent = SearchHistory.model_validate_json(self.history.model_dump_json())
        wanted = next_round(sent)
        if wanted is None:
            return False
        self.rounds += 1
        assert wanted.number == self.rounds
        for arm in wanted.arms:
            for point in arm.points:
                self._train((arm.problem, arm.direction, arm.rule), dict(point))
        return True

    def run(self) -> "Simulation":
        while self.step():
            pass
        return self

    def points(self, arm: int) -> list[Point]:
        return [cell.point for cell in self.cells if cell.arm == arm]

    def best(self, arm: int, rounds: int) -> float:
        return min(c.values[0] for c in self.cells if c.arm == arm and c.round <= rounds)
