"""The same question as a study file."""

from pathlib import Path

import gofau_studies
from gofau_studies.spec.parsing import parse_yaml


def test_the_toys_study_is_valid() -> None:
    text = (Path(gofau_studies.__file__).parent / "catalog" / "toys.yaml").read_text()
    spec = parse_yaml(text)
    assert [direction.name for direction in spec.directions] == [
        "sgd",
        "adagrad",
        "adam",
        "rmsprop",
    ]
    assert spec.cell_count == 3 * 4 * 3 * 11
    assert spec.trial_count == spec.cell_count * 10
    assert spec.epochs == 100
