"""Trials as the runs of an experiment tracker, read one at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import nan
from typing import Any, Self
from urllib.parse import quote

from gofau_studies.protocol.trial_facts import FACTS, kind

LABELS = ("problem", "direction", "rule")
ELSEWHERE = ("index", "seed", "ended_at", "revision")
"""Facts that are a run's name, parameters and times, or of no use to a tracker."""

PLACE = ("processor", "isa", "torch")
"""What a row of an export says of its environment; the digest leads to the rest."""

NUMBERS = tuple(n for n in FACTS if n not in ELSEWHERE and kind(n) in (int, float))
TEXTS = (*(n for n in FACTS if n not in (*LABELS, *ELSEWHERE) and issubclass(kind(n), str)), *PLACE)
ENDED = ("completed", "failed")


@dataclass(frozen=True)
class Run:
    """A trial that completed or failed.

    ``params`` is the cell and the seed; ``results`` has what there is one number of; ``curves``
    has per metric the value before training, then one an epoch, NaN where it was not finite.
    """

    index: int
    params: Mapping[str, float | int | str]
    results: Mapping[str, float]
    curves: Mapping[str, Sequence[float]]
    texts: Mapping[str, str]
    ended_at: datetime
    wall_s: float

    @classmethod
    def of(cls, row: Mapping[str, Any], axes: Sequence[str]) -> Self:
        """The run of a row of an export with metrics and curves."""
        curves = {
            metric: [nan if value is None else float(value) for value in curve]
            for metric, curve in row["curves"].items()
        }
        last = {m: nan if v is None else float(v) for m, v in row["metrics"].items()}
        known = {name: float(row[name]) for name in NUMBERS if row[name] is not None}
        return cls(
            index=row["index"],
            params={name: row[name] for name in (*LABELS, *axes, "seed")},
            results={**known, **{m: v for m, v in last.items() if m not in curves}},
            curves=curves,
            texts={name: row[name] for name in TEXTS if row.get(name)},
            ended_at=datetime.fromisoformat(row["ended_at"]),
            wall_s=row["wall_s"] or 0.0,
        )

    @property
    def failed(self) -> bool:
        """Whether it ended without a result."""
        return self.texts["state"] == "failed"

    @property
    def name(self) -> str:
        """The trial's index and labels, as one name that a folder can have."""
        labels = " ".join(str(self.params[label]) for label in LABELS)
        return quote(f"{self.index:07d} {labels}", safe=" ()[]=,+:")


class Runs:
    """The runs of an export's lines; ``left_out`` counts trials that have no end to show."""

    def __init__(self, chunks: Iterable[bytes], axes: Iterable[str]) -> None:
        self._chunks = chunks
        self._axes = tuple(axes)
        self.written = 0
        self.left_out = 0

    def __iter__(self) -> Iterator[Run]:
        """Read on; each row is a run or left out."""
        for line in _lines(self._chunks):
            row = json.loads(line)
            if row["state"] in ENDED:
                self.written += 1
                yield Run.of(row, self._axes)
            else:
                self.left_out += 1


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest
