"""The report as data: immutable, validated, JSON."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from gofau_studies.metrics.scalar import Number, Scalar
from gofau_studies.protocol.trial_facts import Better
from gofau_studies.report.chart import Chart
from gofau_studies.report.part import ReportPart
from gofau_studies.report.wording import setting


class SpecSummary(ReportPart):
    """What was asked: the study's name, its spec's hash and the settings worth printing."""

    name: str
    spec_hash: str
    settings: dict[str, str] = Field(default_factory=dict)


class Environment(ReportPart):
    """Where some trials were computed: processor, libraries, kernels, threads, versions.

    ``digest`` names it in lists of trials; ``None``: that was not recorded.
    """

    digest: str | None
    trials: int
    record: dict[str, Any] = Field(default_factory=dict)


class SeenInputs(ReportPart):
    """What some trials of a problem depended on: data, module, loss, packages, other sources."""

    problem: str
    rules: tuple[str, ...]
    digest: str | None
    trials: int
    record: dict[str, Any] = Field(default_factory=dict)


class Provenance(ReportPart):
    """What ran it: code and package versions, machine, time of the analysis.

    ``packages`` and ``machine`` are those of the analysis; ``environments`` and ``inputs`` those of
    the trials.
    """

    code_version: str
    packages: dict[str, str] = Field(default_factory=dict)
    machine: str
    analysed_at: datetime
    environments: tuple[Environment, ...] = ()
    inputs: tuple[SeenInputs, ...] = ()


class AnalysisSettings(ReportPart):
    """Choices of the analysis, fixed before looking at the result and printed with it.

    ``tolerance`` is how much worse than the best still counts as good, in the goal's unit;
    without one it is the goal's own, or else ``tolerance_share`` of the way from the best of all
    rules to the cap.
    """

    tolerance: float | None = Field(default=None, gt=0)
    tolerance_share: float = Field(default=0.1, gt=0, lt=1)
    resamples: int = Field(default=10_000, ge=100)
    level: float = Field(default=0.95, gt=0, lt=1)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    baseline: str = "additive"


class CurveKind(StrEnum):
    """What a curve shows."""

    GOAL = "goal_by_lr"
    TUNING = "tuning"
    STEPS = "steps_by_lr"
    PROFILE = "profile"
    LEARNING = "learning"


class CellRole(StrEnum):
    """Why the learning curve of a cell is shown."""

    BEST = "best"
    EDGE = "edge of the basin"
    DIVERGED = "diverged"


class CurveCell(ReportPart):
    """The cell that a learning curve belongs to."""

    role: CellRole
    lr: Number
    init_scale: Number

    @property
    def name(self) -> str:
        """``best: lr 0.1, init 1``."""
        return f"{self.role}: lr {setting(self.lr)}, init {setting(self.init_scale)}"


class Curve(ReportPart):
    """A rule's curve with its band; ``None`` where there is no value.

    ``unit`` and ``better`` are those of its values. ``cell`` is there in learning curves only,
    whose values are infinite (in the worse direction) from where the drawn share of seeds has
    diverged.
    """

    kind: CurveKind
    rule: str
    x: tuple[Number, ...]
    value: tuple[Number | None, ...]
    low: tuple[Number | None, ...] = ()
    high: tuple[Number | None, ...] = ()
    cell: CurveCell | None = None
    unit: str = ""
    better: Better = "neither"

    @property
    def name(self) -> str:
        """What stands in a legend."""
        return self.rule if self.cell is None else self.cell.name


class Strength(StrEnum):
    """How well a claim is supported."""

    SHOWN = "shown"
    SUGGESTED = "suggested"
    NOT_SHOWN = "no difference shown"
    WITHHELD = "not enough results"
    STATED = "stated"


class Clause(ReportPart):
    """One claim in words, the id of the number behind it, and its support."""

    text: str
    number: str
    strength: Strength


class Verdict(ReportPart):
    """What a group says about one rule, in plain words."""

    subject: str
    clauses: tuple[Clause, ...]

    @property
    def text(self) -> str:
        """The sentence."""
        return f"{self.subject}: " + "; ".join(c.text for c in self.clauses) + "."


class RuleReport(ReportPart):
    """The scalars of one rule and the trials behind them.

    ``repeats`` are seeds whose results are those of another one, bit by bit: no number counts them.
    """

    rule: str
    seeds: tuple[int, ...]
    repeats: tuple[int, ...] = ()
    trials: int
    results: int
    diverged: int
    scalars: dict[str, Scalar]

    @property
    def distinct(self) -> int:
        """How many seeds are replicates."""
        return len(self.seeds) - len(self.repeats)


class Comparison(ReportPart):
    """Rule minus baseline on paired seeds."""

    rule: str
    baseline: str
    metric: str
    difference: Scalar
    p_value: Number | None = None
    p_holm: Number | None = None
    strength: Strength


class Importance(ReportPart):
    """How much one axis matters to one rule: two estimates, each a share of all axes'."""

    rule: str
    axis: str
    ped_anova: Number
    fanova: Number


class Supplement(ReportPart):
    """What a group shows beside its landscapes: curves of cells, estimates from single points."""

    curves: tuple[Curve, ...] = ()
    importances: tuple[Importance, ...] = ()


class GroupReport(ReportPart):
    """All rules of one problem and direction.

    ``target``, ``cap`` and ``tolerance`` are in the goal metric's unit, ``goal_unit``.
    """

    problem: str
    direction: str
    goal_metric: str
    minimize: bool
    goal_unit: str = ""
    target: Number | None
    cap: Number
    tolerance: Number | None
    standard_init: Number
    lr_range: tuple[Number, Number]
    init_range: tuple[Number, Number]
    rules: tuple[RuleReport, ...]
    comparisons: tuple[Comparison, ...] = ()
    curves: tuple[Curve, ...] = ()
    importances: tuple[Importance, ...] = ()
    charts: tuple[Chart, ...] = ()

    @property
    def name(self) -> str:
        """``problem, direction``."""
        return f"{self.problem}, {self.direction}"

    def curves_of(self, kind: CurveKind) -> tuple[Curve, ...]:
        """Those of one kind."""
        return tuple(c for c in self.curves if c.kind is kind)

    def style(self, rule: str) -> int:
        """Which colour and dashes a rule has in every chart: by its place among the rules."""
        return [r.rule for r in self.rules].index(rule)

    @property
    def shown_unit(self) -> str:
        """The unit of the goal metric's numbers, its name where it has none."""
        return self.goal_unit or self.goal_metric


ALL_PROBLEMS = "all problems"
"""Stands for the problem in the ids of numbers over several problems."""


class AcrossRule(ReportPart):
    """Aggregates of one rule over problems."""

    rule: str
    scalars: dict[str, Scalar]


class AcrossReport(ReportPart):
    """One direction over several problems."""

    direction: str
    problems: tuple[str, ...]
    baseline: str
    rules: tuple[AcrossRule, ...]
    profiles: tuple[Curve, ...] = ()
    charts: tuple[Chart, ...] = ()

    @property
    def name(self) -> str:
        """``all problems, direction``."""
        return f"{ALL_PROBLEMS}, {self.direction}"


def number_id(*parts: str) -> str:
    """The id of a number: problem, direction, rule (or ``rule vs baseline``), metric."""
    return "/".join(parts)


class RobustnessReport(ReportPart):
    """An immutable analysis of a set of trials. Verdicts come first; numbers stand behind them."""

    version: int = 1
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    study: SpecSummary
    provenance: Provenance
    settings: AnalysisSettings
    groups: tuple[GroupReport, ...]
    across: tuple[AcrossReport, ...] = ()

    @property
    def numbers(self) -> dict[str, Scalar]:
        """Every reported number by id."""
        found = {
            number_id(ALL_PROBLEMS, a.direction, rule.rule, metric): scalar
            for a in self.across
            for rule in a.rules
            for metric, scalar in rule.scalars.items()
        }
        for group in self.groups:
            here = (group.problem, group.direction)
            for rule in group.rules:
                for metric, scalar in rule.scalars.items():
                    found[number_id(*here, rule.rule, metric)] = scalar
            for c in group.comparisons:
                pair = f"{c.rule} vs {c.baseline}"
                found[number_id(*here, pair, c.metric)] = c.difference
        return found

    def to_json(self) -> str:
        """The report as indented JSON."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote."""
        return cls.model_validate_json(text)
