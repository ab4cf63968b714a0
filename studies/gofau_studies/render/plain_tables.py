"""Small tables of a group as plain text, for every format of the report."""

from math import isinf

import numpy as np

from gofau.catalog import SHARE
from gofau_studies.report.model import Curve, CurveKind, GroupReport, Importance
from gofau_studies.report.wording import interval, number, value

Table = tuple[list[str], list[list[str]]]
"""Heading and lines."""

VARIANCES = {"lr": "variance_lr", "init_scale": "variance_init_scale"}
"""The row of the rules table that holds an axis's main effect."""

EPOCHS = 6
"""So many epochs of a learning curve stand in its table."""


def importances(group: GroupReport) -> Table | None:
    """The exact main effect of every axis (M9) beside the two estimates of its importance."""
    if not group.importances:
        return None
    names = ["rule", "axis", "variance split (M9)", "PED-ANOVA", "fANOVA"]
    return names, [_importance(group, one) for one in group.importances]


def _importance(group: GroupReport, one: Importance) -> list[str]:
    scalars = {r.rule: r.scalars for r in group.rules}.get(one.rule, {})
    exact = scalars.get(VARIANCES.get(one.axis, ""))
    said = "–" if exact is None or exact.value is None else f"{value(exact)} ({interval(exact)})"
    return [one.rule, one.axis, said, number(one.ped_anova, SHARE), number(one.fanova, SHARE)]


def learning(group: GroupReport) -> Table | None:
    """The median over seeds of every learning curve at some epochs."""
    curves = [c for c in group.curves if c.kind is CurveKind.LEARNING]
    if not curves:
        return None
    longest = max(curves, key=lambda c: c.x[-1]).x
    at = np.unique(np.linspace(0, len(longest) - 1, EPOCHS).round().astype(int))
    epochs = [longest[k] for k in at]
    names = ["rule", "cell", *(f"epoch {epoch:g}" for epoch in epochs)]
    return names, [_learnt(c, epochs) for c in curves]


def _learnt(curve: Curve, epochs: list[float]) -> list[str]:
    values = dict(zip(curve.x, curve.value, strict=True))
    return [curve.rule, curve.name, *(_reached(values.get(epoch)) for epoch in epochs)]


def _reached(metric: float | None) -> str:
    if metric is None:
        return "–"
    return "diverged" if isinf(metric) else number(metric)
