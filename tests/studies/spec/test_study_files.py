"""Ready-made studies: valid, documented, and with the trials that their pages name."""

import re
from pathlib import Path

import pytest
import yaml

from gofau import catalog
from gofau.catalog.plugins import RulePlugin
from gofau.data import sources
from gofau_studies.spec import StudySpec, parse_yaml
from gofau_studies.spec.canonical import content_hash
from gofau_studies.spec.meaning import HASHED_IF_USED, UNHASHED

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs" / "problems"
STUDIES = sorted(p for p in (ROOT / "studies" / "catalog").glob("*.yaml") if p.stem != "toys")
PROMISED = {
    "cifar10-resnet18",
    "cifar10-vgg11",
    "cifar100-resnet18",
    "digits-cnn",
    "digits-mlp",
    "mnist1d-cnn",
    "mnist1d-mlp",
    "tiny-imagenet-resnet34",
}


def test_the_promised_studies_exist() -> None:
    assert {path.stem for path in STUDIES} >= PROMISED


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_a_study_is_valid_and_fair(path: Path) -> None:
    spec = parse_yaml(path.read_text())
    assert spec.name == path.stem
    assert {rule.name for rule in spec.rules} >= {"additive", "multiplicative", "hybrid"}
    assert set(spec.axes) == {"lr", "init_scale"}
    cap = min(catalog.problems.get(p.name, "problem").cap for p in spec.problems)
    assert spec.goal.target is not None
    assert 0 < spec.goal.target < cap


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_a_study_has_a_page_with_its_numbers(path: Path) -> None:
    spec = parse_yaml(path.read_text())
    page = (DOCS / f"{path.stem}.md").read_text()
    assert page.startswith(f"# {path.stem}\n")
    assert f"{spec.trial_count:,} trials of {spec.epochs} epochs" in page
    assert f"gofau run studies/catalog/{path.stem}.yaml" in page
    row = re.search(rf"\| \[{path.stem}\].*", (DOCS / "README.md").read_text())
    assert row is not None
    assert f"| {spec.trial_count:,} |" in row[0]
    for name in sources.entries:
        needed = any(p.name.startswith(f"{name}-") for p in spec.problems)
        assert (f"gofau.data fetch {name}\n" in page) is needed


def test_every_problem_is_documented() -> None:
    text = (DOCS / "README.md").read_text() + (ROOT / "docs" / "toy-problems.md").read_text()
    known = [name for name in catalog.problems.entries if not name.startswith("test-")]
    missing = [n for n in known if f"`{n}`" not in text and f"`{n[-4:]}`" not in text]
    assert missing == []
    for name in known:
        for parameter in catalog.problems.get(name, "problem").parameters:
            assert f"`{parameter.name}`" in text


def test_the_page_on_plugins_shows_the_template() -> None:
    page = (ROOT / "docs" / "plugins.md").read_text()
    rule, direction, problem, toml, test = re.findall(
        r"```(?:python|toml)\n(.*?)```", page, re.DOTALL
    )
    made: dict[str, object] = {}
    exec(rule, made)
    exec(problem, made)
    assert isinstance(made["soft_sign"], RulePlugin)
    assert direction in (ROOT / "examples/plugin/gofau_moons/lion.py").read_text()
    entry = made["entry"]
    assert isinstance(entry, catalog.ProblemEntry)
    assert entry.metric_names == ("val_loss", "train_loss", "val_f1", "val_brier")
    template = ROOT / "examples" / "plugin"
    assert toml in (template / "pyproject.toml").read_text()
    assert test.splitlines()[0] in (template / "tests" / "test_contract.py").read_text()
    study = yaml.safe_load((template / "study.yaml").read_text())
    assert study["rules"][1]["name"] in page


@pytest.mark.parametrize("name", ["digits", "mnist1d"])
def test_a_published_report_is_that_of_the_spec_beside_it(name: str) -> None:
    folder = ROOT / "docs" / "results" / "paper"
    spec = parse_yaml((folder / f"{name}.yaml").read_text())
    assert spec.trial_count == 18_480
    report = (folder / f"{name}-report.md").read_text()
    assert spec.hash in report or hash_as_written(spec) in report


def hash_as_written(spec: StudySpec) -> str:
    """The hash that a spec without schedules had while hashes were of its text, not its meaning."""
    data = spec.model_dump(mode="json", exclude={*UNHASHED, *HASHED_IF_USED, "schedule"})
    for rule in data["rules"]:
        del rule["schedule"], rule["gamma_schedule"]
    return content_hash(data)
