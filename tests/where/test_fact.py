"""A further fact of a trial is five files, and is seen wherever the others are."""

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
from tests.where.copied import Copy, Patch, copied

NAME = "best_epoch"
DOC = "the epoch after which the goal metric was best"
MIGRATION = '''"""Record the best epoch."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("trials", sa.Column("best_epoch", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("trials", "best_epoch")
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


def patch() -> Patch:
    """The five files: plan and progress of trainings, the list, the migration, the docs' row."""
    folder = Path(migrations.__file__).parent
    head = ScriptDirectory(str(folder)).get_current_head()
    wall = "    wall_s: float\n"
    row = "| `code_version` |"
    return {
        "gofau/packing/plan/plan.py": [(wall, f"{wall}    {NAME}: int | None\n")],
        "gofau/packing/stack/progress.py": [("        )\n\n    def _end(", MEASURED)],
        "studies/gofau_studies/protocol/trial_facts.py": [("    code_version: Annotated[", FACT)],
        "service/gofau_service/store/migrations/versions/9000_best_epoch.py": MIGRATION.format(
            head=head
        ),
        "docs/exports.md": [(row, f"| `{NAME}` | {DOC} | lower | epochs |\n{row}")],
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copied(tmp_path_factory.mktemp("fact"), patch())


@pytest.fixture(scope="module")
def seen(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Where the fact was seen, in a service on the store of a release without it."""
    folder = tmp_path_factory.mktemp("store")
    before = Service.start(Settings(data_dir=folder, reconcile=False), FakeRunner())
    worker = before.started()
    worker.finish()
    before.close()
    found: dict[str, Any] = json.loads(
        copy.module("tests.where.fact_seen", str(folder), NAME, worker.study)
    )
    return found


def test_a_fact_is_five_files() -> None:
    assert len(patch()) == 5


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


def test_the_migration_and_the_docs_of_a_fact_are_held_to_the_list(copy: Copy) -> None:
    paths = ("tests/service/store/test_migrations.py", "tests/docs/test_reference.py")
    assert " passed" in copy.test(*paths, "-k", "schema_of_the_code or words_of_the_list")
