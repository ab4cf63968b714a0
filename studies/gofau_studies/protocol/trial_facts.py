"""The list of a trial's facts: what is known of a trial, each written once.

A fact is a field of `TrialFacts`. From its type and its `Fact` derive the field of a worker's
result (`gofau_studies.protocol.wire.TrialResult`), the store's column, the API's answer and the
client's model, columns of exports and runs of trackers, what trials are sorted, filtered and mapped
by, the tables of the command line and the page, and the row that its documentation is held to.

To add one: measure it where trials are trained (`gofau.packing`), add a line here, the column in a
migration, and its row in ``docs/exports.md``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from gofau.catalog import SHARE
from gofau_studies.protocol.trials import Outcome, TrialState

Better = Literal["lower", "higher", "neither"]
Way = Better | Literal["goal"]
GOAL: Final = "goal"
"""As direction or unit: the goal metric's own."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=2**31)]
Name = Annotated[str, Field(max_length=40)]
Reason = Annotated[str, Field(max_length=500)]

Source = Literal["arm", "cell", "trial", "result", "goal", "lease"]
"""Who knows a fact: the study's arm or cell, the trial as the service keeps account of it, a
worker's result (as it is, or its goal metric), or the lease under which it was trained."""

ENDED: Final = ("result", "goal", "lease")
"""Sources of what a trial has once it has completed, and takes over with another's result."""


@dataclass(frozen=True)
class Fact:
    """What is said of a fact beside its name and type.

    Args:
        source: who knows it.
        doc: what it is, in a few words; the API's description.
        title: what people are shown above it.
        better: which way it is better, of a number that trials are compared by: they are sorted,
            filtered and mapped by it. ``None``: none is.
        unit: of such a number; empty for none.
        posted: its type in a worker's result, if that is the source; it is demanded there unless
            there is a ``default``.
        default: what it is in a result that leaves it out.
        wide: whether its column is for whole numbers beyond 32 bits or texts beyond 200 characters.
    """

    source: Source
    doc: str
    _: KW_ONLY
    title: str = ""
    better: Way | None = None
    unit: str = ""
    posted: Any = None
    default: Any = ...
    wide: bool = False

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The field's schema, with what it is."""
        return {**handler(schema), "description": self.doc}


class TrialFacts(BaseModel):
    """One trial: where it stands in the grid and what it gave; ``None`` for what it has not."""

    index: Annotated[int, Fact("trial", "place in the grid")]
    problem: Annotated[str, Fact("arm", "label of the problem")]
    direction: Annotated[str, Fact("arm", "label of the direction")]
    rule: Annotated[str, Fact("arm", "label of the rule")]
    point: Annotated[Mapping[str, float], Fact("cell", "axis values")]
    seed: Annotated[int, Fact("trial", "names its random streams")]
    state: Annotated[TrialState, Fact("trial", "where it stands")]
    outcome: Annotated[Outcome | None, Fact("result", "how it ended", posted=Outcome)]
    attempts: Annotated[
        int, Fact("trial", "how often it was begun", title="attempts", better="lower")
    ]
    value: Annotated[
        float | None,
        Fact("goal", "the goal metric after the last epoch", better="goal", unit=GOAL),
    ]
    best: Annotated[
        float | None,
        Fact(
            "result",
            "the goal metric's best over the epochs",
            title="best",
            better="goal",
            unit=GOAL,
            posted=Number | None,
        ),
    ]
    steps_to_target: Annotated[
        int | None,
        Fact(
            "result",
            "update steps up to the end of the first epoch at the target",
            title="steps to target",
            better="lower",
            unit="steps",
            posted=Count | None,
            wide=True,
        ),
    ]
    steps: Annotated[
        int | None,
        Fact(
            "result",
            "update steps of all epochs run",
            title="steps run",
            better="neither",
            unit="steps",
            posted=Count,
            wide=True,
        ),
    ]
    epochs_run: Annotated[
        int | None,
        Fact(
            "result",
            "epochs trained, the one in which it ended included",
            title="epochs run",
            better="neither",
            unit="epochs",
            posted=Count,
        ),
    ]
    frozen_fraction: Annotated[
        float | None,
        Fact(
            "result",
            "share of parameters that the rule can never move",
            title="frozen fraction",
            better="lower",
            unit=SHARE,
            posted=Annotated[float, Field(ge=0, le=1)],
        ),
    ]
    executor: Annotated[str | None, Fact("result", "what computed it", posted=Name)]
    executor_reason: Annotated[
        str | None,
        Fact(
            "result",
            "why that executor, where another was asked for or would be faster",
            posted=Reason,
            default="",
            wide=True,
        ),
    ]
    pack_size: Annotated[
        int | None,
        Fact(
            "result",
            "how many trials were trained as one stack",
            posted=Annotated[int, Field(ge=1, lt=2**31)],
        ),
    ]
    wall_s: Annotated[
        float | None,
        Fact(
            "result",
            "its pack's wall time divided by the pack's trials",
            title="seconds a trial",
            better="lower",
            unit="s",
            posted=Annotated[float, Field(ge=0, allow_inf_nan=False)],
        ),
    ]
    code_version: Annotated[str | None, Fact("lease", "the gofau that trained it")]
    inputs: Annotated[
        str | None,
        Fact("lease", "digest of the data and the other code that the result depended on"),
    ]
    environment: Annotated[str | None, Fact("lease", "digest of where it was computed")]
    error: Annotated[str | None, Fact("trial", "what raised in its last attempt", wide=True)]
    revision: Annotated[int | None, Fact("trial", "the study's revision at which it ended")]
    ended_at: Annotated[datetime | None, Fact("trial", "when it ended")]


def facts() -> Iterator[tuple[str, Fact]]:
    """Every fact by its name, in order."""
    for name, field in TrialFacts.model_fields.items():
        [fact] = [said for said in field.metadata if isinstance(said, Fact)]
        yield name, fact


FACTS: Final[Mapping[str, Fact]] = dict(facts())
NUMBERS: Final = tuple(name for name, fact in FACTS.items() if fact.better is not None)
"""What trials are compared by beside their axes and metrics."""

POSTED: Final = tuple(name for name, fact in FACTS.items() if fact.source == "result")
"""What a worker's result says beside its index, metrics and curves."""

LEASED: Final = tuple(name for name, fact in FACTS.items() if fact.source == "lease")
RESULTS: Final = tuple(name for name, fact in FACTS.items() if fact.source in ENDED)
"""What a trial has once it has completed, and takes over with the result of another one."""


def kind(name: str) -> type:
    """The type of a fact, where there is one."""
    annotation: Any = TrialFacts.model_fields[name].annotation
    parts = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    found: type = next(part for part in parts if part is not type(None))
    return get_origin(found) or found


def posted() -> dict[str, Any]:
    """The fields of a worker's result, as `pydantic.create_model` takes them."""
    return {name: (FACTS[name].posted, FACTS[name].default) for name in POSTED}
