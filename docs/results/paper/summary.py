"""Summarises a report over several problems and directions: one table, one overview, the maps.

    gofau report STUDY --json > report.json
    gofau export STUDY --out trials.csv
    python docs/results/paper/summary.py report.json trials.csv FOLDER

Writes FOLDER/overview.svg (basin volumes with intervals), FOLDER/maps-PROBLEM-DIRECTION.svg for
every pair, and prints the count of verdicts by metric as Markdown.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gofau_studies.figures.map_view import map_view, shared_scale
from gofau_studies.figures.names import PAGE
from gofau_studies.figures.print_map import heat_maps
from gofau_studies.figures.save import save
from gofau_studies.landscape.landscape import GoalMetric
from gofau_studies.landscape.table import landscapes

METRICS = {
    "basin_volume": "basin around its own best (decades²)",
    "shared_basin_volume": "basin at the common level (decades²)",
    "basin_width": "basin width at the standard init",
    "best": "best loss",
    "best_of_10": "best of 10 random cells",
    "divergence_rate": "diverged",
    "lr_sensitivity": "lr sensitivity, whole range",
    "lr_sensitivity_window": "lr sensitivity, ±1 decade of its own optimum",
}
COLOURS = {"additive": "#4477aa", "multiplicative": "#cc6677", "hybrid": "#228833"}


def counts(report: dict[str, Any]) -> str:
    """How many groups show a rise, a fall, or nothing against the additive rule."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for group in report["groups"]:
        for row in group["comparisons"]:
            value = (row["difference"] or {}).get("value")
            sign = "higher" if value is not None and float(value) > 0 else "lower"
            kind = sign if row["strength"] == "shown" else "not shown"
            found.setdefault((row["metric"], row["rule"]), Counter())[kind] += 1
    lines = ["| metric | rule | lower | higher | not shown |", "|---|---|---:|---:|---:|"]
    for metric, name in METRICS.items():
        for rule in ("multiplicative", "hybrid"):
            c = found[metric, rule]
            lines.append(f"| {name} | {rule} | {c['lower']} | {c['higher']} | {c['not shown']} |")
    return "\n".join(lines)


def overview(report: dict[str, Any]) -> Figure:
    """Basin volumes of all groups, rules side by side; hollow: the basin leaves the grid."""
    groups = report["groups"]
    figure = Figure(figsize=(9, 0.32 * len(groups) + 1), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, metric in zip(panels, ("basin_volume", "shared_basin_volume"), strict=True):
        for k, group in enumerate(groups):
            for shift, rule in zip((-0.2, 0.0, 0.2), group["rules"], strict=True):
                draw(axes, k + shift, rule["scalars"][metric], COLOURS[rule["rule"]])
        axes.set_title(METRICS[metric], fontsize=9)
        axes.set_xlabel("decades of lr × decades of init scale")
        axes.grid(axis="x", lw=0.3)
    panels[0].set_yticks(range(len(groups)), [f"{g['problem']}, {g['direction']}" for g in groups])
    panels[0].invert_yaxis()
    rules = [Line2D([], [], color=c, marker="o", ms=4, label=r) for r, c in COLOURS.items()]
    figure.legend(handles=rules, loc="outside upper center", ncols=3, frameon=False)
    return figure


def draw(axes: Axes, y: float, basin: dict[str, Any], colour: str) -> None:
    """A point and its interval."""
    if basin["low"] is not None:
        axes.plot([basin["low"], basin["high"]], [y, y], color=colour, lw=1.5)
    inside = "white" if basin["censored"] else colour
    axes.plot(basin["value"], y, "o", ms=4, color=colour, mfc=inside)


def main(report_file: str, trials_file: str, folder: str) -> None:
    """Write the figures and print the table."""
    report = json.loads(Path(report_file).read_text())
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    save(overview(report), out / "overview.svg")
    first = report["groups"][0]
    trials = pd.read_csv(trials_file)
    goal = GoalMetric(first["goal_metric"], first["minimize"], first["target"])
    caps = {g["problem"]: g["cap"] for g in report["groups"]}
    found = landscapes(trials, goal, caps)
    for group in report["groups"]:
        key = (group["problem"], group["direction"])
        by_rule = {m.key.rule: m for m in found if (m.key.problem, m.key.direction) == key}
        members = [by_rule[rule["rule"]] for rule in group["rules"]]
        views = [map_view(member, group["tolerance"]) for member in members]
        save(heat_maps(views, shared_scale(members), PAGE), out / f"maps-{key[0]}-{key[1]}.svg")
    sys.stdout.write(counts(report) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
