"""A further fact of a trial, and a further outcome, are five files each.

They are seen wherever the others are: one service on a store of a release without them trains a
study in a pack.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from gofau_service.settings import Settings
from gofau_service.store import migrations
from tests.service.fakes import FakeRunner, Service
from tests.where.copied import Copy, Edits, copied

NAME, OUTCOME = "best_epoch", "uneven"
DOC = "the epoch after which the goal metric was best"
MIGRATION = '''"""Record {what}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for table in {tables}:
        op.add_column(table, sa.Column("{what}", sa.Integer(), {options}))


def downgrade() -> None:
    """Take back."""
    for table in {tables}:
        op.drop_column(table, "{what}")
'''
MEASURED = """\
            best_epoch=self._best_epoch(),
        )

    def _best_epoch(self) -> int | None:
        best = self._best()
        return self.curves[self.plan.goal_metric].index(best) if isfinite(best) else None

    def _end("""
FACT = f"""\
    {NAME}: Annotated[
        int | None,
        Fact(
            "result",
            "{DOC}",
            title="best epoch",
            better="lower",
            unit="epochs",
            posted=Count | None,
        ),
    ]
    code_version: Annotated["""
PLAN = "gofau/packing/plan/plan.py"
PROGRESS = "gofau/packing/stack/progress.py"
LIST = "studies/gofau_studies/protocol/trial_facts.py"
OUTCOMES = "studies/gofau_studies/protocol/trials.py"
DOCS = "docs/exports.md"
VERSIONS = "service/gofau_service/store/migrations/versions"


def head() -> str:
    """The newest revision of the schema."""
    found = ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()
    assert found
    return found


def inserted(before: str, text: str) -> tuple[str, str]:
    return before, f"{text}{before}"


OF_FACT: dict[str, str | Edits] = {
    PLAN: [("    wall_s: float\n", f"    wall_s: float\n    {NAME}: int | None\n")],
    PROGRESS: [("        )\n\n    def _end(", MEASURED)],
    LIST: [("    code_version: Annotated[", FACT)],
    DOCS: [inserted("| `code_version` |", f"| `{NAME}` | {DOC} | lower | epochs |\n")],
    f"{VERSIONS}/9000_fact.py": MIGRATION.format(
        what=NAME, revision="9000", before=head(), tables='("trials",)', options="nullable=True"
    ),
}
OF_OUTCOME: dict[str, str | Edits] = {
    PLAN: [inserted('    "reached_target", "budget', f'    "{OUTCOME}",\n')],
    PROGRESS: [
        inserted(
            '        return "budget_exhausted" if',
            f'        if self.trial.seed % 2:\n            return "{OUTCOME}"\n',
        )
    ],
    OUTCOMES: [
        inserted('    STOPPED_EARLY = "stopped_early"', f'    UNEVEN = "{OUTCOME}"\n'),
        inserted("    stopped_early: int = 0", f"    {OUTCOME}: int = 0\n"),
    ],
    DOCS: [inserted("| `stopped_early` |", f"| `{OUTCOME}` | its seed is | its value |\n")],
    f"{VERSIONS}/9001_outcome.py": MIGRATION.format(
        what=OUTCOME,
        revision="9001",
        before="9000",
        tables='("studies", "cells")',
        options='nullable=False, server_default=sa.text("0")',
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    both = {**OF_FACT, **OF_OUTCOME}
    for path in OF_FACT.keys() & OF_OUTCOME.keys():
        both[path] = [*OF_FACT[path], *OF_OUTCOME[path]]  # type: ignore[list-item]
    return copied(tmp_path_factory.mktemp("fact"), both)


@pytest.fixture(scope="module")
def seen(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Where they were seen, in a service on the store of a release without them."""
    folder = tmp_path_factory.mktemp("store")
    before = Service.start(Settings(data_dir=folder, reconcile=False), FakeRunner())
    worker = before.started()
    worker.finish()
    before.close()
    found: dict[str, Any] = json.loads(
        copy.module("tests.where.fact_seen", str(folder), NAME, OUTCOME, worker.study)
    )
    return found


def test_each_is_five_files() -> None:
    assert (len(OF_FACT), len(OF_OUTCOME)) == (5, 5)


def test_a_fact_is_seen_from_the_worker_to_the_command_line(seen: dict[str, Any]) -> None:
    posted = seen["posted"]
    assert len(set(posted)) > 1
    assert all(isinstance(epoch, int) for epoch in posted)
    for place in ("api", "client", "pandas", "parquet"):
        assert seen[place] == posted, place
    assert seen["csv"] == [str(epoch) for epoch in posted]
    assert seen["kind"] == "int64"
    assert seen["ordered"] == sorted(posted)
    pairs = zip(posted[::2], posted[1::2], strict=True)
    assert seen["cells"] == [(one + other) / 2 for one, other in pairs]
    assert seen["old"] == [None]
    assert "Best epoch" in seen["cli"]


def test_an_outcome_is_counted_and_reported(seen: dict[str, Any]) -> None:
    ends = seen["ends"]
    total = sum(ends)
    assert 0 < total <= len(ends) // 2
    assert seen["study"]["outcomes"][OUTCOME] == total
    assert seen["counts"] == [int(a or b) for a, b in zip(ends[::2], ends[1::2], strict=True)]
    assert OUTCOME in seen["catalog"]["ends"]
    assert f"{total} {OUTCOME}" in seen["shown"]
    assert seen["rules"] == ["additive"]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_fact_is_among_the_measures_of_the_page(copy: Copy, seen: dict[str, Any]) -> None:
    static = copy.root / "service/gofau_service/pages/static"
    code = f"""
        import {{ kinds }} from "{static}/measures.js";
        import {{ factsOf }} from "{static}/facts.js";
        const {{ study, catalog }} = {json.dumps(seen)};
        console.log(JSON.stringify(kinds(study.goal, factsOf(study.spec, catalog))));
    """
    ran = subprocess.run(
        ["node", "--input-type=module"], input=code, capture_output=True, text=True, check=True
    )
    [kind] = [one for one in json.loads(ran.stdout) if one["name"] == NAME]
    assert (kind["text"], kind["better"], kind["unit"]) == ("best epoch", "lower", "epochs")


def test_the_migrations_and_the_docs_are_held_to_the_lists(copy: Copy) -> None:
    paths = ("tests/service/store/test_migrations.py", "tests/docs/test_reference.py")
    names = "schema_of_the_code or words_of_the_list or every_outcome"
    assert " passed" in copy.test(*paths, "-k", names)
