"""Whatever a problem is made of belongs to its inputs; what it does not touch does not."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gofau import directions
from gofau.catalog import Parameter, RuleEntry
from gofau.directions.sgd import SGD
from gofau.errors import IncurableError
from gofau.fingerprint import inputs_of, settled
from gofau.fingerprint.behaviour import directs_of, moves_of
from gofau.problems import Dataset, examples, holding, problem
from gofau.rules.additive import Additive
from tests.gofau.fingerprint.repository import (
    ENTRY,
    fresh,
    known_entries,
    look,
    torch_digest,
    write,
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setitem(known_entries(), ENTRY.name, ENTRY)
    return tmp_path


def changed(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return change


def permuted_labels(root: Path) -> None:
    rows = [row.split(",") for row in (root / "flowers/data.csv").read_text().split("\n")]
    labels = [row[2] for row in rows]
    random.Random(1).shuffle(labels)
    lines = (",".join((*row[:2], label)) for row, label in zip(rows, labels, strict=True))
    (root / "flowers/data.csv").write_text("\n".join(lines))


def one_pixel(root: Path) -> None:
    pixels = bytearray((root / "flowers/pixels.bin").read_bytes())
    pixels[-1] ^= 1
    (root / "flowers/pixels.bin").write_bytes(pixels)


def variable(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        os.environ[name] = "1.5"

    return change


def upgraded(root: Path) -> None:
    (root / "petals-1.0.dist-info").rename(root / "petals-1.1.dist-info")
    changed("petals-1.1.dist-info/METADATA", "Version: 1.0", "Version: 1.1")(root)


def installed_from_a_folder(root: Path) -> None:
    """Another installation of one version."""
    (root / "petals-1.0.dist-info/direct_url.json").write_text(
        '{"url": "file:///x", "dir_info": {}}'
    )


CHANGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "labels of a CSV": ("data", permuted_labels),
    "one bit of an image": ("data", one_pixel),
    "variable in dataset()": ("data", variable("FLOWERS_SCALE")),
    "variable in module()": ("module", variable("FLOWERS_GAIN")),
    "variable in loss()": ("computed", variable("FLOWERS_LOSS")),
    "variable in measure()": ("computed", variable("FLOWERS_MEASURE")),
    "the problem's module": ("sources", changed("flowers/problem.py", "HERE =", "THERE = HERE =")),
    "two imports away": ("sources", changed("nested/deep.py", "WIDTH = 4", "WIDTH = 2 + 2")),
    "imported in a function": ("sources", changed("scoring.py", "0.5", "0.50")),
    "imported by its text": ("sources", changed("flowers/plugged.py", "True", "False")),
    "pretrained weights": ("module", changed("petals/__init__.py", "0.25", "0.250001")),
    "a distribution's version": ("packages", upgraded),
    "a distribution from a folder": ("packages", installed_from_a_folder),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_another_input(root: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    part, change = CHANGES[what]
    monkeypatch.setattr(os, "environ", dict(os.environ))
    before = look(root)
    assert look(root) == before
    change(root)
    after = look(root)
    assert after.record[part] != before.record[part]
    assert after.digest != before.digest


def test_what_it_does_not_touch_changes_nothing(root: Path) -> None:
    before = look(root)
    for name in ("unrelated.py", "flowers/unused.py"):
        (root / name).write_text("CHANGED = True\n")
    assert look(root).digest == before.digest
    assert set(before.record["sources"]) == {
        "flowers",
        "flowers.layers",
        "flowers.plugged",
        "flowers.problem",
        "common",
        "nested.deep",
        "scoring",
    }
    assert before.record["packages"].keys() == {"petals", "torch"}


def test_computed_imports_count_the_whole_package(root: Path) -> None:
    changed("flowers/layers.py", "import petals", "import petals, os; __import__('o' + 's')")(root)
    before = look(root)
    assert "flowers.unused" in before.record["sources"]
    (root / "flowers/unused.py").write_text("CHANGED = True\n")
    assert look(root).digest != before.digest


def test_a_single_file_with_computed_imports_is_named(root: Path) -> None:
    changed(
        "common.py", "from", "import importlib\nimportlib.import_module('nested.' + 'deep')\nfrom"
    )(root)
    assert look(root).record["unfollowed"] == ["common"]


def test_the_digest_is_the_same_in_another_process(root: Path) -> None:
    code = (
        "from tests.gofau.fingerprint.repository import *; from gofau.catalog import problems\n"
        f"problems.add(ENTRY); print(look(Path({str(root)!r})).digest)"
    )
    path = os.pathsep.join((str(root), str(Path(__file__).parents[3])))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2"}
    ended = subprocess.run(
        [sys.executable, "-B", "-c", code], env=environment, capture_output=True, text=True
    )
    assert ended.stdout.strip() == look(root).digest, ended.stderr


def test_a_process_goes_on_with_the_code_that_it_imported(root: Path) -> None:
    with fresh(root) as one:
        before = inputs_of(one, "sgd", "additive", one.dataset())
        changed("nested/deep.py", "WIDTH = 4", "WIDTH = 8")(root)
        assert inputs_of(one, "sgd", "additive", one.dataset()).digest == before.digest
        permuted_labels(root)
        assert inputs_of(one, "sgd", "additive", one.dataset()).digest != before.digest


def test_looking_changes_nothing(root: Path) -> None:
    with fresh(root) as one:
        before = torch_digest()
        data = one.dataset()
        first = inputs_of(one, "sgd", "additive", data)
        assert torch_digest() == before
        assert inputs_of(one, "sgd", "additive", data) == first


def test_examples_that_differ_at_each_call_are_refused_in_words(root: Path) -> None:
    with fresh(root) as one:
        assert len(settled(one).train_x) == 8
    changed("flowers/problem.py", "x = x + ", "x = x + torch.rand(()) + ")(root)
    said = r"'test-flowers': got other examples \(train_x, val_x\) when dataset\(\) was called"
    with fresh(root) as one, pytest.raises(IncurableError, match=said):
        settled(one)


def test_examples_that_are_no_tensors_are_refused_in_words(root: Path) -> None:
    changed("flowers/problem.py", "Dataset(x[:8],", "Dataset(x[:8].numpy(),")(root)
    said = "got a ndarray as train_x, expected a torch tensor"
    with fresh(root) as one, pytest.raises(IncurableError, match=said):
        settled(one)


def test_a_lazy_module_is_left_for_training_to_refuse(root: Path) -> None:
    changed("flowers/layers.py", "nn.Linear(2, WIDTH)", "nn.LazyLinear(WIDTH)")(root)
    changed("flowers/layers.py", "self.one.weight.mul_(gain)", "pass")(root)
    assert look(root).record["module"]["start"].startswith("raises ")


def test_a_module_that_cannot_run_is_left_for_training_to_refuse(root: Path) -> None:
    changed("flowers/layers.py", "x + self.fixed", "x.flatten()")(root)
    computed = look(root).record["computed"]
    assert computed == {"step": "raises RuntimeError", "validation": "raises RuntimeError"}


def test_held_examples_are_those_of_the_problem_alone() -> None:
    one, other = (problem("digits-mlp", {"width": width}) for width in (8, 16))
    few = one.dataset().first(3)
    with holding(one, few):
        assert examples(problem("digits-mlp", {"width": 8})) is few
        assert len(examples(other).train_x) > 3
    assert len(examples(one).train_x) > 3


def test_our_own_problems_depend_on_what_they_import() -> None:
    one = problem("digits-mlp")
    found = inputs_of(one, "sgd", "hybrid", one.dataset()).record
    assert found["sources"] == found["rule"] == {}
    assert found["packages"].keys() >= {"torch", "scikit-learn"}
    assert found["data"]["train_x"]["shape"] == [1437, 64]


class Halved(Additive):
    """Another rule of the same name."""

    def update(self, param, u, state, hyper):  # type: ignore[no-untyped-def]
        return param - hyper["lr"] * u / 2


class Reversed(SGD):  # type: ignore[misc] # final, to be somebody else's here
    """Another direction of the same name."""

    def direct(self, grad, state, step, hyper):  # type: ignore[no-untyped-def]
        return -super().direct(grad, state, step, hyper)


def test_what_a_direction_does_is_seen_of_plugins_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert directs_of(SGD(), SGD.entry) != directs_of(Reversed(), SGD.entry)
    one = problem("digits-mlp")
    before = inputs_of(one, "sgd", "additive", one.dataset()).record
    assert "direction" not in before
    monkeypatch.setitem(directions.registry._entries, "sgd", Reversed())  # type: ignore[arg-type]
    after = inputs_of(one, "sgd", "additive", one.dataset()).record
    assert after["direction"] == directs_of(Reversed(), SGD.entry)
    assert __name__ in after["sources"]


def test_what_a_rule_does_is_seen() -> None:
    entry = RuleEntry("additive", "Ours.", (Parameter("lr", float, None, "Step size."),))
    assert moves_of(Additive(), entry) != moves_of(Halved(), entry)
    assert moves_of(Halved(), entry) == moves_of(Halved(), entry)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_any_tensor_can_be_data(dtype: torch.dtype) -> None:
    one = problem("digits-mlp")
    data = one.dataset()
    labels = data.train_y.to(dtype)
    changed_data = Dataset(data.train_x, labels, data.val_x, data.val_y)
    turned = Dataset(data.train_x, labels.flip(0), data.val_x, data.val_y)
    found = [
        inputs_of(one, "sgd", "additive", one_of).record["data"]
        for one_of in (changed_data, turned)
    ]
    assert found[0]["train_y"]["digest"] != found[1]["train_y"]["digest"]
