"""SQL counts trials as `gofau_studies.landscape.counting.counted` does."""

from itertools import product

import numpy as np
from sqlalchemy import insert, select, text

from gofau_service.store.engine import Store
from gofau_service.store.recount import counted_in_sql
from gofau_service.store.tables.trials import Trial
from gofau_studies.landscape.counting import counted
from gofau_studies.protocol.trials import Outcome, TrialState

VALUES = (None, -3.0, -2.0, 0.0, 1.0, 2.0, 3.0)
CAPS = (None, -2.0, 0.0, 2.0)


def test_sql_counts_every_kind_of_trial_as_the_function_does(store: Store) -> None:
    ends = [(TrialState.COMPLETED, outcome) for outcome in Outcome]
    ends += [(state, None) for state in TrialState if state is not TrialState.COMPLETED]
    kinds = [
        (value, state, outcome)
        for value, (state, outcome) in product(VALUES, ends)
        # A completed trial has its value, unless it diverged or was stopped.
        if value is not None or outcome not in (Outcome.REACHED_TARGET, Outcome.BUDGET_EXHAUSTED)
    ]
    rows = [
        {"study_id": 1, "index": i, "cell": 0, "seed": i, "value": v, "state": s, "outcome": o}
        for i, (v, s, o) in enumerate(kinds)
    ]
    ended = [s is TrialState.COMPLETED and o is not Outcome.STOPPED_EARLY for _, s, o in kinds]
    diverged = [o in (Outcome.DIVERGED, Outcome.NONFINITE) for *_, o in kinds]
    values = np.array([np.nan if v is None else v for v, *_ in kinds])
    with store.write() as session:
        loose = {"sqlite": "PRAGMA defer_foreign_keys = ON"}
        loose["postgresql"] = "ALTER TABLE trials DROP CONSTRAINT fk_trials_study_id_studies"
        session.execute(text(loose[session.get_bind().dialect.name]))
        session.execute(insert(Trial), rows)
        for bound, minimize in product(CAPS, (True, False)):
            column = counted_in_sql(bound, minimize)
            found = session.execute(select(column).order_by(Trial.index)).scalars().all()
            expected = counted(
                values,
                ended=np.array(ended),
                diverged=np.array(diverged),
                cap=np.nan if bound is None else bound,
                minimize=minimize,
            )
            got = np.array([np.nan if v is None else v for v in found])
            np.testing.assert_array_equal(got, expected)
        session.rollback()
