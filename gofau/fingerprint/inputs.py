"""Inputs: the record of what a training depends on beside gofau, and its digest."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from json import dumps
from typing import Any

from torch import Tensor

from gofau import catalog
from gofau.directions import Direction, direction
from gofau.errors import GofauError, IncurableError
from gofau.fingerprint.behaviour import built, directs_of, moves_of, scores_of, start_of
from gofau.fingerprint.code import OURS, code_of
from gofau.fingerprint.tensors import SHORT, digest
from gofau.problems import Dataset, Problem
from gofau.rules import UpdateRule, rule

FORMAT = 1
"""Grows when the record covers something else, so that digests of another kind never agree."""

MOST_NAMES = 200
"""Parts that are listed by name; of more, only how many there are and their joint hash."""


class UnsettledDataError(GofauError, IncurableError):
    """A problem whose examples are others on every call: no two trials would see the same."""


class NotTensorsError(GofauError, IncurableError, TypeError):
    """Examples that are no tensors."""


@dataclass(frozen=True)
class Inputs:
    """What a training depends on beside gofau's own code and the settings of its cell.

    Args:
        record: in plain JSON: ``data`` (shape, dtype and hash of each tensor), ``module`` (its
            structure and what it starts from), ``computed`` (what loss and metrics give for the
            first examples, in rounded numbers), ``rule`` (likewise, of a plug-in), ``sources`` and
            ``packages`` (code that is not gofau's); ``direction`` as ``rule``, of a plug-in alone,
            so that records made before there were any keep their digests.
    """

    record: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """A hash of the record, the same on every machine, as 32 hex digits."""
        return _hash(self.record)

    @property
    def code(self) -> str:
        """A hash of the code alone."""
        return _hash({name: self.record[name] for name in ("module", "sources", "packages")})


def inputs_of(problem: Problem, direction_name: str, rule_name: str, data: Dataset) -> Inputs:
    """Look at all that training ``problem`` on ``data`` by a direction and a rule depends on.

    It takes about a second for a gigabyte of data, and builds the module twice.
    """
    way, one = direction(direction_name), rule(rule_name)
    module = built(problem)
    code = code_of(problem, way, one, module)
    return Inputs(
        {
            "format": FORMAT,
            "problem": problem.name,
            "cap": str(problem.cap),
            "full_batch": problem.full_batch,
            "data": _data(data),
            "module": start_of(problem, module),
            "computed": _listed(scores_of(problem, module, data)),
            "rule": _moves(one),
            **_directs(way),
            "sources": _listed(code.sources),
            "packages": _listed(code.packages),
            "unfollowed": sorted(code.unfollowed),
        }
    )


def settled(problem: Problem) -> Dataset:
    """The examples of a problem, having seen that it gives the same ones twice.

    Raises:
        UnsettledDataError: it gives others on every call.
    """
    # One after the other, since two of them may be more than the memory holds.
    first = _data(problem.dataset())
    data = problem.dataset()
    second = _data(data)
    others = [name for name in first if first[name] != second[name]]
    if others:
        raise UnsettledDataError(
            f"problem {problem.name!r}: got other examples ({', '.join(others)}) when dataset() "
            "was called again, expected the same split on every call; draw it from a generator "
            "with a fixed seed, and let its files be whole before the study runs"
        )
    return data


def _data(data: Dataset) -> dict[str, Any]:
    return {f.name: _tensor(f.name, getattr(data, f.name)) for f in fields(Dataset)}


def _tensor(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Tensor):
        kind = type(value).__name__
        raise NotTensorsError(f"dataset(): got a {kind} as {name}, expected a torch tensor")
    return {"shape": list(value.shape), "dtype": str(value.dtype), "digest": digest(value)}


def _moves(one: UpdateRule) -> dict[str, str]:
    """What a rule of somebody else's does; ours are the code version's affair."""
    return {} if _is_ours(one) else moves_of(one, catalog.rules.get(one.name, "rule"))


def _directs(one: Direction) -> dict[str, dict[str, str]]:
    """As `_moves`, of a direction."""
    if _is_ours(one):
        return {}
    return {"direction": directs_of(one, catalog.directions.get(one.name, "direction"))}


def _is_ours(one: object) -> bool:
    return type(one).__module__.partition(".")[0] == OURS


def _listed(parts: Mapping[str, str]) -> dict[str, str]:
    if len(parts) <= MOST_NAMES:
        return dict(sorted(parts.items()))
    return {f"{len(parts)} names": _hash(parts)}


def _hash(record: Mapping[str, Any]) -> str:
    text = dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()[:SHORT]
