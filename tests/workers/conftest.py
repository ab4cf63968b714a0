from pathlib import Path

import pytest

from gofau_studies.protocol import wire
from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_yaml
from tests.workers.fake_service import FakeService

SPEC = """
name: small
problem: {name: digits-mlp, width: 8, depth: 1}
epochs: 2
directions: [sgd]
rules: [additive, {name: hybrid, gamma: 0.5}]
axes:
  lr: {log: [0.01, 1], points: 3}
  init_scale: {values: [0.5, 1.0]}
seeds: 2
goal: {metric: val_loss}
"""


@pytest.fixture
def service() -> FakeService:
    spec = parse_yaml(SPEC)
    definitions = {}
    waiting = {}
    for cell in cells(spec):
        definitions[cell.key] = dict(cell.definition)
        for seed in spec.seeds:
            index = len(waiting)
            waiting[index] = wire.WorkTrial(index=index, cell=cell.key, seed=seed, attempts=0)
    return FakeService(definitions, waiting)


@pytest.fixture
def catalog_dir() -> Path:
    return Path(__file__).parents[2] / "studies" / "catalog"
