"""One optimizer step of every direction and rule beside torch's own optimizers.

Each round times one whole ``step()`` of four optimizers that share parameters and gradients, one
after the other: torch's fused optimizer of the same direction, ours fused, torch's foreach one
and ours foreach, then one copy of as many elements. A ratio is the median over rounds of two
times of the same round, so that load from outside meets both. RMSprop has no fused CPU
implementation in torch: its foreach one stands in.

- fused: ours fused / torch fused
- foreach: ours fused / torch foreach
- own: ours fused / ours foreach
- copy: bytes that the step must move a second / the same of a plain copy

``--quick`` measures ResNet-18's parameters only and ends within 50 s on two free cores; otherwise
those of a transformer of 100 M parameters too. Where other processes want the cores, measure with
``--threads 1``: several threads that wait for a descheduled one time the load, not the step.
``--json`` prints one JSON object as the last line.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torchvision.models import resnet18

from gofau import Gofau, catalog

TINY = 1e-7  # step sizes that leave parameters where they are, round after round
BOUNDED = ("multiplicative", "hybrid")


@dataclass(frozen=True)
class Peer:
    """A direction with torch's optimizer of it, how many states an element has, and options."""

    direction: str
    torch: Callable[..., torch.optim.Optimizer]
    states: int
    has_fused: bool = True
    options: tuple[tuple[str, float], ...] = ()


PEERS = {
    "sgd": Peer("sgd", torch.optim.SGD, 0),
    "sgd_momentum": Peer("sgd", torch.optim.SGD, 1, options=(("momentum", 0.9),)),
    "adagrad": Peer("adagrad", torch.optim.Adagrad, 1),
    "rmsprop": Peer("rmsprop", torch.optim.RMSprop, 1, has_fused=False),
    "adam": Peer("adam", torch.optim.Adam, 2),
    "adamw": Peer("adamw", torch.optim.AdamW, 2, options=(("weight_decay", 0.01),)),
}


@dataclass(frozen=True)
class Row:
    """What one direction and rule take on one model; ratios as the module describes them."""

    model: str
    direction: str
    rule: str
    rounds: int
    milliseconds: float
    fused: float
    foreach: float
    own: float
    copy: float

    @property
    def place(self) -> str:
        return f"{self.model} {self.direction} {self.rule}"


def transformer_shapes(
    width: int = 768, layers: int = 12, tokens: int = 19_456
) -> list[tuple[int, ...]]:
    """Embeddings, ``layers`` blocks with biases and norms, and a final norm: 100.8 M parameters."""
    norm = [(width,), (width,)]
    attention = [(3 * width, width), (3 * width,), (width, width), (width,)]
    feedforward = [(4 * width, width), (4 * width,), (width, 4 * width), (width,)]
    block = [*norm, *attention, *norm, *feedforward]
    return [(tokens, width), (1024, width), *(block * layers), *norm]


def shapes_of(model: str) -> list[tuple[int, ...]]:
    if model == "resnet18":
        return [tuple(p.shape) for p in resnet18().parameters()]
    return transformer_shapes()


def parameters(shapes: list[tuple[int, ...]]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    params = [torch.nn.Parameter(torch.randn(s, generator=generator)) for s in shapes]
    for param in params:
        param.grad = torch.randn(param.shape, generator=generator) * 1e-3
    return params


def ours(params: list[Tensor], peer: Peer, rule: str, implementation: str) -> Gofau:
    names = {p.name for p in catalog.rules.get(rule, "rule").parameters}
    sizes = {name: TINY for name in ("lr", "lr_out") if name in names}
    options: dict[str, Any] = {**dict(peer.options), **sizes}
    return Gofau(params, peer.direction, rule, implementation=implementation, **options)


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def median_ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def measure(model: str, name: str, rule: str, params: list[Tensor], budget: float) -> Row:
    """Time rounds for ``budget`` seconds, at least one; our foreach joins every fourth round."""
    peer = PEERS[name]
    options = {"lr": TINY, **dict(peer.options)}
    foreach = peer.torch(params, foreach=True, **options)
    fused = peer.torch(params, fused=True, **options) if peer.has_fused else foreach
    elements = sum(p.numel() for p in params)
    source, target = torch.ones(elements), torch.empty(elements)
    steps: dict[str, Callable[[], object]] = {
        "torch fused": fused.step,
        "fused": ours(params, peer, rule, "fused").step,
        "torch foreach": foreach.step,
        "copy": lambda: target.copy_(source),
    }
    own_step = ours(params, peer, rule, "foreach").step
    end = time.perf_counter() + budget
    for step in (*steps.values(), own_step):
        step()
    times: dict[str, list[float]] = {key: [] for key in steps}
    own, beside = [], []
    while not times["fused"] or time.perf_counter() < end:
        for key, step in steps.items():
            times[key].append(seconds(step))
        if len(times["fused"]) % 4 == 1:
            own.append(seconds(own_step))
            beside.append(times["fused"][-1])
    moved = (
        3 + 2 * peer.states
    ) / 2  # in units of a copy's bytes, which are one read and one write
    return Row(
        model,
        name,
        rule,
        len(times["fused"]),
        1e3 * statistics.median(times["fused"]),
        median_ratio(times["fused"], times["torch fused"]),
        median_ratio(times["fused"], times["torch foreach"]),
        median_ratio(beside, own),
        moved * median_ratio(times["copy"], times["fused"]),
    )


def worst(rows: list[Row], ratio: Callable[[Row], float]) -> dict[str, Any]:
    row = max(rows, key=ratio)
    return {"ratio": ratio(row), "row": row.place}


def report(rows: list[Row], threads: int) -> dict[str, Any]:
    """The rows, each direction's and rule's largest ratio to torch's fused step, and maxima."""
    bounded = [row for row in rows if row.rule in BOUNDED]
    ratios: dict[str, dict[str, float]] = {}
    for row in rows:
        rules = ratios.setdefault(row.direction, {})
        rules[row.rule] = max(row.fused, rules.get(row.rule, 0.0))
    maxima = {
        "fused": worst(bounded, lambda row: row.fused),
        "foreach": worst(bounded, lambda row: row.foreach),
        "own_foreach": worst(rows, lambda row: row.own),
    }
    return {
        "ratios": ratios,
        **{f"max_ratio_vs_{name}": found["ratio"] for name, found in maxima.items()},
        **{f"max_row_vs_{name}": found["row"] for name, found in maxima.items()},
        "threads": threads,
        "torch": torch.__version__,
        "rows": [asdict(row) for row in rows],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="ResNet-18 only, fewer rounds")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    models = {"resnet18": 0.8} if given.quick else {"resnet18": 2.0, "transformer100m": 5.0}
    rows = []
    print(f"{'':16}{'':13}{'':24}{'ms':>9}{'fused':>7}{'foreach':>8}{'own':>6}{'copy':>6}")
    for model, budget in models.items():
        params = parameters(shapes_of(model))
        for name in PEERS:
            for rule in catalog.rules.entries:
                row = measure(model, name, rule, params, budget)
                rows.append(row)
                print(
                    f"{model:16}{name:13}{rule:24}{row.milliseconds:9.2f}{row.fused:7.2f}"
                    f"{row.foreach:8.2f}{row.own:6.2f}{row.copy:6.2f}",
                    flush=True,
                )
    result = report(rows, given.threads)
    for name in ("fused", "foreach", "own_foreach"):
        place = result[f"max_row_vs_{name}"]
        print(f"largest ratio to {name}: {result[f'max_ratio_vs_{name}']:.2f} ({place})")
    if given.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
