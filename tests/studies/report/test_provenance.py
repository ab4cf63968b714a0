"""What a report says of where its results come from, and where they are not of one kind."""

from datetime import UTC, datetime
from typing import Any

from gofau_studies.report.model import Environment, Provenance, SeenInputs
from gofau_studies.report.provenance import brief, lines, mixtures

AMD = {"processor": "AMD EPYC", "isa": "AVX2", "torch": "2.14.1", "threads": 1}
INTEL = {**AMD, "processor": "Intel Xeon", "isa": "AVX512"}
DATA = {"data": {"train_x": "1", "train_y": "2"}, "packages": {"torch": "2.14.1"}}
CHANGED = {**DATA, "data": {"train_x": "1", "train_y": "3"}}


def provenance(**changes: Any) -> Provenance:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Provenance(code_version="1", machine="laptop", analysed_at=when, **changes)


def place(digest: str | None, trials: int, record: dict[str, Any]) -> Environment:
    return Environment(digest=digest, trials=trials, record=record)


def seen(digest: str | None, trials: int, record: dict[str, Any], *rules: str) -> SeenInputs:
    return SeenInputs(problem="moons", rules=rules, digest=digest, trials=trials, record=record)


def test_results_of_one_kind_need_no_sentence() -> None:
    one = provenance(
        environments=(place("a", 3, AMD),),
        inputs=(seen("c", 3, DATA, "additive"), seen("d", 3, CHANGED, "hybrid")),
    )
    assert mixtures(one) == ()
    assert mixtures(provenance(environments=(place(None, 2, {}),))) == ()


def test_results_with_a_record_are_not_taken_for_all() -> None:
    """As where a study of an earlier release is extended."""
    one = provenance(
        environments=(place("a", 3, AMD), place(None, 2, {})),
        inputs=(seen("c", 3, DATA, "additive"), seen(None, 2, {}, "additive")),
    )
    assert mixtures(one) == (
        "No record of inputs and environment, as of an earlier release: 2 trials. Whether they are "
        "of one kind with the others can't be told.",
    )


def test_environments_that_meet_are_told_apart() -> None:
    [said] = mixtures(provenance(environments=(place("a", 3, AMD), place("b", 1, INTEL))))
    assert said.startswith(
        "Results of 2 environments meet here, which differ in processor (AMD EPYC: 3 trials, "
        "Intel Xeon: 1 trial); isa (AVX2: 3 trials, AVX512: 1 trial)."
    )


def test_inputs_that_changed_are_named_by_what_differs() -> None:
    found = (seen("c" * 32, 3, DATA, "additive", "hybrid"), seen("d" * 32, 2, CHANGED, "additive"))
    [said] = mixtures(provenance(inputs=found))
    assert said.startswith(
        "Trials of moons under additive depended on 2 different inputs (cccccccccccc: 3 trials, "
        "dddddddddddd: 2 trials), which differ in data.train_y: "
    )


def test_lines_name_environments_and_inputs() -> None:
    one = provenance(
        environments=(place("a" * 32, 3, AMD), place(None, 2, {})),
        inputs=(seen("c" * 32, 3, {**DATA, "sources": {"mine": "1"}}, "additive"),),
    )
    assert lines(one) == [
        ("computed on", "3 trials: AMD EPYC, AVX2, threads 1, torch 2.14.1 [aaaaaaaaaaaa]"),
        ("computed on", "2 trials: not recorded"),
        (
            "inputs",
            "moons, 3 trials: torch 2.14.1; 1 module of no package [cccccccccccc]",
        ),
    ]
    assert brief(one) == "computed on AMD EPYC, AVX2, torch 2.14.1, partly not recorded; gofau 1"
    assert brief(provenance()) == ""
