"""What computed a report's results, in lines and sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gofau_studies.report.model import Environment, Provenance, SeenInputs

TOLD = {
    "processor": "{}",
    "machine": "{}",
    "isa": "{}",
    "device": "on {}",
    "blas": "{}",
    "blas_mode": "mode {}",
    "kernels": "kernels by {}",
    "threads": "threads {}",
    "torch": "torch {}",
    "numpy": "numpy {}",
    "python": "Python {}",
    "ray": "Ray {}",
}
"""Facts that a line about an environment names, in its order; all of them are in the data."""

BRIEF = ("processor", "isa", "torch", "python", "ray")
CAUSES = ("data", "sources", "packages", "rule", "module")
"""Parts of a record that others follow from, and so are told of first."""

MOST = 4
"""Differences that a sentence names."""

SHORT = 12
"""Digits of a digest in a line."""


def lines(provenance: Provenance) -> list[tuple[str, str]]:
    """Name and value of each environment and of each problem's inputs."""
    places = [("computed on", computed_on(one)) for one in provenance.environments]
    return places + [("inputs", depended_on(one)) for one in provenance.inputs]


def computed_on(one: Environment) -> str:
    """``40 trials: AMD EPYC, AVX2, ...``."""
    shown = _facts(one.record, TOLD) if one.digest else "not recorded"
    return f"{_trials(one.trials)}: {shown}{_named(one.digest)}"


def depended_on(one: SeenInputs) -> str:
    """``digits-mlp, 40 trials: scikit-learn 1.9.1, torch 2.14.1; 3 modules of its own (1a2b…)``."""
    packages = one.record.get("packages", {})
    shown = ", ".join(f"{name} {version}" for name, version in packages.items())
    own = one.record.get("sources", {})
    modules = f"; {len(own)} module{'' if len(own) == 1 else 's'} of no package" if own else ""
    said = f"{shown}{modules}" if one.digest else "not recorded"
    return f"{one.problem}, {_trials(one.trials)}: {said or 'data alone'}{_named(one.digest)}"


def brief(provenance: Provenance) -> str:
    """One line for a terminal; empty where nothing was recorded."""
    known = [one for one in provenance.environments if one.digest]
    if not known:
        return ""
    first = _facts(known[0].record, {name: TOLD[name] for name in BRIEF})
    others = len(known) - 1
    more = f" and {others} more" if others else ""
    more += ", partly not recorded" if len(known) < len(provenance.environments) else ""
    return f"computed on {first}{more}; gofau {provenance.code_version}"


def mixtures(provenance: Provenance) -> tuple[str, ...]:
    """What a reader must know of results that are not of one kind."""
    mixed = (*_mixed_environments(provenance.environments), *_mixed_inputs(provenance.inputs))
    return (*mixed, *_partly_recorded(provenance))


def _partly_recorded(provenance: Provenance) -> Iterator[str]:
    """That some trials may be of another kind than those that are known."""
    kinds: dict[str, Sequence[SeenInputs | Environment]]
    kinds = {"inputs": provenance.inputs, "environment": provenance.environments}
    without = {
        name: sum(one.trials for one in found if not one.digest)
        for name, found in kinds.items()
        if any(one.digest for one in found) and not all(one.digest for one in found)
    }
    if without:
        yield (
            f"No record of {' and '.join(without)}, as of an earlier release: "
            f"{_trials(max(without.values()))}. Whether they are of one kind with the others "
            "can't be told."
        )


def _mixed_environments(found: Sequence[Environment]) -> Iterator[str]:
    known = [one for one in found if one.digest]
    if len(known) < 2:
        return
    names = [name for name in known[0].record if len({str(e.record.get(name)) for e in known}) > 1]
    order = sorted(names, key=lambda name: list(TOLD).index(name) if name in TOLD else len(TOLD))
    differ = "; ".join(_counted(name, known) for name in order[:MOST])
    yield (
        f"Results of {len(known)} environments meet here, which differ in {differ}. One trial may "
        "differ between them in its last bits, and by more where training is nearly unstable."
    )


def _counted(name: str, known: Sequence[Environment]) -> str:
    """``isa (AVX2: 40 trials, AVX512: 32 trials)``."""
    counts: dict[str, int] = {}
    for one in known:
        value = str(one.record.get(name))
        counts[value] = counts.get(value, 0) + one.trials
    shown = ", ".join(f"{value}: {_trials(count)}" for value, count in counts.items())
    return f"{name} ({shown})"


def _mixed_inputs(found: Sequence[SeenInputs]) -> Iterator[str]:
    several: dict[tuple[str, str], list[SeenInputs]] = {}
    for one in found:
        for rule in one.rules if one.digest else ():
            several.setdefault((one.problem, rule), []).append(one)
    together: dict[tuple[str, ...], list[str]] = {}
    for (problem, rule), those in several.items():
        if len(those) > 1:
            together.setdefault((problem, *(str(one.digest) for one in those)), []).append(rule)
    for (problem, *_), rules in together.items():
        yield _changed(problem, rules, several[problem, rules[0]])


def _changed(problem: str, rules: Sequence[str], several: Sequence[SeenInputs]) -> str:
    differ = list(dict.fromkeys(d for one in several[1:] for d in _differences(several[0], one)))
    more = f" and {len(differ) - MOST} more" if len(differ) > MOST else ""
    counts = ", ".join(
        f"{one.digest[:SHORT]}: {_trials(one.trials)}" for one in several if one.digest
    )
    return (
        f"Trials of {problem} under {', '.join(rules)} depended on {len(several)} different inputs "
        f"({counts}), which differ in {', '.join(differ[:MOST])}{more}: data, code or environment "
        "changed between them, so they are not results of one thing."
    )


def _differences(one: SeenInputs, other: SeenInputs) -> Iterator[str]:
    """Parts of two records that differ, as ``data.train_y``."""
    names = sorted({*one.record, *other.record})
    for name in sorted(names, key=lambda n: CAUSES.index(n) if n in CAUSES else len(CAUSES)):
        a, b = one.record.get(name), other.record.get(name)
        if a == b:
            continue
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from (f"{name}.{k}" for k in sorted({*a, *b}) if a.get(k) != b.get(k))
        else:
            yield name


def _facts(record: Mapping[str, Any], told: Mapping[str, str]) -> str:
    return ", ".join(text.format(record[name]) for name, text in told.items() if name in record)


def _named(digest: str | None) -> str:
    return f" [{digest[:SHORT]}]" if digest else ""


def _trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"
