"""A user's repository: a problem that reads files and variables, and modules that it imports."""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path

import torch

from gofau import catalog
from gofau.catalog import ProblemEntry
from gofau.fingerprint import Inputs, distributions, inputs_of
from gofau.problems import Problem

ENTRY = ProblemEntry("test-flowers", "Flowers.", cap=2.0, metrics=("val_loss", "train_loss"))

FILES = {
    "flowers/__init__.py": "",
    "flowers/problem.py": """
import csv, importlib, os
from pathlib import Path
import torch
from torch import nn
from gofau.problems import Classification, Dataset
from flowers.layers import Net

HERE = Path(__file__).parent

class Flowers(Classification):
    name = "test-flowers"

    def dataset(self):
        rows = csv.reader((HERE / "data.csv").read_text().split())
        table = torch.tensor([[float(value) for value in row] for row in rows])
        x, y = table[:, :2] * float(os.environ.get("FLOWERS_SCALE", 1)), table[:, 2].long()
        pixels = (HERE / "pixels.bin").read_bytes()
        x = x + torch.tensor(list(pixels))[:, None] / 255
        return Dataset(x[:8], y[:8], x[8:], y[8:])

    def module(self):
        return Net(float(os.environ.get("FLOWERS_GAIN", 1)))

    def loss(self, output, target):
        import scoring
        return scoring.score(super().loss(output, target), os.environ.get("FLOWERS_LOSS"))

    def measure(self, output, target):
        importlib.import_module("flowers.plugged")
        factor = float(os.environ.get("FLOWERS_MEASURE", 1))
        return {"val_loss": super().loss(output, target) * factor}
""",
    "flowers/layers.py": """
import torch
from torch import nn
from common import WIDTH
import petals

class Net(nn.Module):
    def __init__(self, gain):
        super().__init__()
        self.one = nn.Linear(2, WIDTH)
        self.two = nn.Linear(WIDTH, 2)
        self.register_buffer("fixed", petals.weights())
        with torch.no_grad():
            self.one.weight.mul_(gain)

    def forward(self, x):
        return self.two(torch.relu(self.one(x + self.fixed)))
""",
    "flowers/plugged.py": "LOADED_BY_NAME = True\n",
    "flowers/unused.py": "",
    "common.py": "from nested.deep import WIDTH\n",
    "nested/deep.py": "WIDTH = 4\n",
    "scoring.py": """
def score(loss, how):
    return loss * (0.5 if how else 1.0)
""",
    "unrelated.py": "",
    "petals/__init__.py": """
import torch

def weights():
    return torch.tensor([0.25, 0.5])
""",
    "petals-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: petals\nVersion: 1.0\n",
    "petals-1.0.dist-info/top_level.txt": "petals\n",
    "petals-1.0.dist-info/RECORD": "petals/__init__.py,sha256=abc,10\n",
}


def write(root: Path) -> None:
    """Put the repository into a folder."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    rows = (f"{i / 12},{(i * 7 % 12) / 12},{i % 2}" for i in range(12))
    (root / "flowers/data.csv").write_text("\n".join(rows))
    (root / "flowers/pixels.bin").write_bytes(bytes(range(0, 120, 10)))


@contextmanager
def fresh(root: Path) -> Iterator[Problem]:
    """The problem as a process that has just started would import it."""
    _forget(root)
    problem: Problem = import_module("flowers.problem").Flowers({})
    try:
        yield problem
    finally:
        _forget(root)


def look(root: Path, rule: str = "additive") -> Inputs:
    """The inputs that such a process sees."""
    with fresh(root) as problem:
        return inputs_of(problem, "sgd", rule, problem.dataset())


def _forget(root: Path) -> None:
    names = [n for n, m in sys.modules.items() if str(root) in str(getattr(m, "__file__", ""))]
    for name in (*names, "nested", "flowers"):
        sys.modules.pop(name, None)
    for cache in root.rglob("*.pyc"):
        cache.unlink()
    distributions.distributions_of.cache_clear()
    invalidate_caches()


def known_entries() -> dict[str, ProblemEntry]:
    """The catalog's own entries, to be changed for a test."""
    assert catalog.problems.entries
    return catalog.problems._entries


def torch_digest() -> str:
    """The state of torch's global generator."""
    return hashlib.sha256(torch.random.get_rng_state().numpy().tobytes()).hexdigest()
