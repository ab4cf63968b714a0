"""The guide's snippets run, and it names the releases that are installed and tried."""

import ast
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.interop.required import require

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guides" / "interop.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def libraries(snippet: str) -> set[str]:
    """The packages that a snippet imports."""
    nodes = list(ast.walk(ast.parse(snippet)))
    plain = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    parts = {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    return {name.partition(".")[0] for name in plain | parts}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
@pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec.. is deprecated")
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: "-".join(sorted(libraries(s))))
def test_snippets_run(snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in libraries(snippet):
        require(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    exec(compile(snippet, PAGE.name, "exec"), {})


def test_the_page_names_the_releases_that_are_tried() -> None:
    locks = [ROOT / name for name in ("requirements.lock", "requirements-interop.lock")]
    pinned = dict(
        re.findall(r"^([\w.-]+)==(\S+)$", "".join(p.read_text() for p in locks), re.MULTILINE)
    )
    named = dict(re.findall(r"^\| (\w+) \| ([\d.]+) \|", PAGE.read_text(), re.MULTILINE))
    assert set(named) == {"torch", "lightning", "transformers", "accelerate", "timm"}
    assert named == {name: pinned[name] for name in named}


@pytest.mark.parametrize("name", ["lightning", "transformers", "accelerate", "timm"])
def test_the_pinned_releases_are_installed(name: str) -> None:
    require(name)
    lock = (ROOT / "requirements-interop.lock").read_text()
    assert f"\n{name}=={version(name)}\n" in f"\n{lock}"
