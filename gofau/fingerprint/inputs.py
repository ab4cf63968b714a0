"""Inputs: the record of what a training depends on beside gofau, and its digest."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from json import dumps
from typing import Any

from gofau import catalog
from gofau.errors import GofauError, IncurableError
from gofau.fingerprint.behaviour import built, moves_of, scores_of, start_of
from gofau.fingerprint.code import OURS, code_of
from gofau.fingerprint.tensors import SHORT, digest
from gofau.problems import Dataset, Problem
from gofau.rules import UpdateRule, rule

FORMAT = 1
"""Grows when the record covers something else, so that digests of another kind never agree."""

MOST_NAMES = 200
"""Sources that are listed by name; of more, only how many there are and their joint hash."""


class UnsettledDataError(GofauError, IncurableError):
    """A problem whose examples are others on every call: no two trials would see the same."""


@dataclass(frozen=True)
class Inputs:
    """What a training depends on beside gofau's own code and the settings of its cell.

    Args:
        record: in plain JSON: ``data`` (shape, dtype and hash of each tensor), ``module`` (its
            structure and what it starts from), ``computed`` (what loss and metrics give for the
            first examples, in rounded numbers), ``rule`` (likewise, of a plug-in), ``sources`` and
            ``packages`` (code that is not gofau's).
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


def inputs_of(problem: Problem, rule_name: str, data: Dataset) -> Inputs:
    """Look at everything that training ``problem`` on ``data`` by a rule depends on.

    It takes about a second for a gigabyte of data, and builds the module twice.
    """
    one = rule(rule_name)
    module = built(problem)
    code = code_of(problem, one, module)
    return Inputs(
        {
            "format": FORMAT,
            "problem": problem.name,
            "cap": str(problem.cap),
            "full_batch": problem.full_batch,
            "data": _data(data),
            "module": start_of(problem, module),
            "computed": scores_of(problem, module, data),
            "rule": _foreign(one),
            "sources": _listed(code.sources),
            "packages": dict(sorted(code.packages.items())),
            "unfollowed": sorted(code.unfollowed),
        }
    )


def unsettled(problem: Problem, data: Dataset) -> UnsettledDataError | None:
    """The fault of a problem whose next call of ``dataset`` gives other examples than ``data``."""
    again = problem.dataset()
    parts = [f.name for f in fields(Dataset)]
    pairs = ((name, getattr(data, name), getattr(again, name)) for name in parts)
    others = [name for name, a, b in pairs if a is not b and digest(a) != digest(b)]
    if not others:
        return None
    return UnsettledDataError(
        f"problem {problem.name!r}: got other examples ({', '.join(others)}) when dataset() was "
        "called again, expected the same split on every call; draw it from a generator with a "
        "fixed seed, and let its files be whole before the study runs"
    )


def _data(data: Dataset) -> dict[str, Any]:
    tensors = {f.name: getattr(data, f.name) for f in fields(Dataset)}
    return {
        name: {"shape": list(t.shape), "dtype": str(t.dtype), "digest": digest(t)}
        for name, t in tensors.items()
    }


def _foreign(one: UpdateRule) -> dict[str, str]:
    """What a rule of somebody else's does; ours are the code version's affair."""
    if type(one).__module__.partition(".")[0] == OURS:
        return {}
    return moves_of(one, catalog.rules.get(one.name, "rule"))


def _listed(sources: Mapping[str, str]) -> dict[str, Any]:
    if len(sources) <= MOST_NAMES:
        return dict(sorted(sources.items()))
    return {f"{len(sources)} modules": _hash(sources)}


def _hash(record: Mapping[str, Any]) -> str:
    text = dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()[:SHORT]
