"""What the report over an adaptive search says first."""

import dataclasses

import numpy as np
import pytest

from gofau_studies.landscape.landscape import Landscape, OutcomeCode
from gofau_studies.report.notes import notes
from gofau_studies.spec import StudySpec
from tests.studies.conftest import bowl


def spec(search: dict[str, object] | None) -> StudySpec:
    points = {"points": 5} if search is None else {}
    return StudySpec.model_validate(
        {
            "name": "n",
            "problem": "digits-mlp",
            "epochs": 1,
            "directions": ["sgd"],
            "rules": ["additive", "multiplicative"],
            "axes": {
                "lr": {"log": [0.001, 1.0], **points},
                "init_scale": {"log": [0.1, 10.0], **points},
            },
            "seeds": 2,
            "goal": {"metric": "val_loss"},
            **({"search": search} if search else {}),
        }
    )


TPE = {"sampler": "tpe", "trials": 24}


def covered(rows: int) -> Landscape:
    """A landscape with results at its first ``rows`` learning rates only."""
    made = bowl(edge=99.0)
    gone = np.zeros(made.shape, dtype=bool)
    gone[rows:] = True
    outcome = np.where(gone, OutcomeCode.MISSING, made.outcome).astype(np.int8)
    return dataclasses.replace(made, loss=np.where(gone, np.nan, made.loss), outcome=outcome)


def test_an_adaptive_search_says_why_basins_are_withheld() -> None:
    (note,) = notes(spec(TPE), [covered(3), covered(6), covered(11)])
    assert note == (
        "The tpe search looked where it expected good values and left parts of the map empty: 25% "
        "to 55% of it has results for 2 of 3 rules. A basin, or any other number over the whole "
        "range, would be a guess below 90% and is not given. How soon each rule came near the best "
        "is told by its tuning curve; to measure basins, run a grid or a sobol search over the "
        "same ranges."
    )
    assert "empty: 25% of it has results for 1 of 1 rules" in notes(spec(TPE), [covered(3)])[0]


@pytest.mark.parametrize("search", [None, {"sampler": "sobol", "trials": 24}])
def test_other_studies_say_nothing(search: dict[str, object] | None) -> None:
    assert notes(spec(search), [covered(3)]) == ()


def test_a_search_that_covered_its_map_says_nothing() -> None:
    assert notes(spec(TPE), [covered(11)]) == ()
