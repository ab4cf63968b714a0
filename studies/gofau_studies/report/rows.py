"""The rules table: every number that a report gives for a rule, in print order."""

from gofau_studies.landscape.landscape import Landscape
from gofau_studies.report import borders, evaluators
from gofau_studies.report.row import Row


def _has_target(landscape: Landscape) -> bool:
    return landscape.goal.target is not None


def _has_steps(landscape: Landscape) -> bool:
    return landscape.steps_to_target is not None and _has_target(landscape)


def _is_map(landscape: Landscape) -> bool:
    return len(landscape.lr) > 2 and len(landscape.init_scale) > 1


def _is_plane(landscape: Landscape) -> bool:
    return len(landscape.lr) > 1 and len(landscape.init_scale) > 1


ROWS: tuple[Row, ...] = (
    Row(
        "divergence_rate",
        "Diverged",
        "volume-weighted share of trials that diverged or ended non-finite (M3)",
        evaluators.diverged,
        "diverged more often",
        "diverged less often",
        is_rate=True,
    ),
    Row(
        "success_rate",
        "At target",
        "volume-weighted share of trials that met the target (M3)",
        evaluators.at_target,
        "met the target more often",
        "met the target less often",
        is_rate=True,
        applies=_has_target,
    ),
    Row(
        "best",
        "Best",
        "goal metric of the best cell, mean over seeds",
        evaluators.on_maps(evaluators.best),
        "best value higher",
        "best value lower",
        censor=borders.optimum,
    ),
    Row(
        "best_held_out",
        "Best, held-out seeds",
        "goal metric of the cell picked on half of the seeds, on the other half",
        evaluators.held_out,
        "best value on held-out seeds higher",
        "best value on held-out seeds lower",
        censor=borders.optimum,
        applies=lambda landscape: len(landscape.seeds) > 1,
    ),
    Row(
        "basin_volume",
        "Basin",
        "measure of the settings within the tolerance of this rule's own best (M2)",
        evaluators.refined(evaluators.own_basin, own=True),
        "basin larger",
        "basin smaller",
        censor=borders.own_basin,
    ),
    *(
        Row(
            f"basin_{name}",
            f"Basin, at {name}",
            f"the {name} that the basin can measure between the cells: {words} (M2)",
            evaluators.bracket(end),
            censor=borders.own_basin,
            applies=_is_plane,
        )
        for end, (name, words) in enumerate(
            (("least", "triangles wholly inside"), ("most", "triangles with a corner inside"))
        )
    ),
    Row(
        "shared_basin_volume",
        "Basin, common level",
        "measure of the settings within the tolerance of the best that any rule reaches (M2)",
        evaluators.refined(evaluators.shared_basin, own=False),
        "basin at the common level larger",
        "basin at the common level smaller",
        censor=borders.shared_basin,
    ),
    Row(
        "basin_width",
        "Basin width",
        "decades of learning rate within the tolerance of the best, at the standard init (M2)",
        evaluators.on_curves(evaluators.standard_width),
        "basin wider at the standard init",
        "basin narrower at the standard init",
        censor=borders.standard_width,
    ),
    Row(
        "lr_sensitivity",
        "lr sensitivity",
        "expected loss given up by a learning rate drawn from the declared range (M1)",
        evaluators.on_maps(evaluators.sensitivity),
        "more sensitive to the learning rate",
        "less sensitive to the learning rate",
        censor=borders.optimum,
    ),
    Row(
        "lr_sensitivity_window",
        "lr sensitivity, ±1 decade",
        "the same within one decade of this rule's own optimum (M1)",
        evaluators.on_maps(evaluators.window_sensitivity),
        "more sensitive within a decade of its optimum",
        "less sensitive within a decade of its optimum",
        censor=borders.optimum,
    ),
    *(
        Row(
            f"regret_{factor}",
            f"Regret, lr off by ×{factor}",
            f"worst excess loss within a factor {factor} of the best, at the standard init (M10)",
            evaluators.regret(factor),
            f"loses more when the lr is off by ×{factor}",
            f"loses less when the lr is off by ×{factor}",
            censor=borders.regret(factor),
        )
        for factor in (3, 10)
    ),
    Row(
        "best_of_10",
        "Best of 10 random",
        "expected best of 10 random settings from the declared ranges (M5)",
        evaluators.best_of(10),
        "best of 10 random settings higher",
        "best of 10 random settings lower",
    ),
    Row(
        "time_to_target",
        "Steps to target",
        "steps by which half of the seeds met the target, at the fastest cell (M4)",
        evaluators.steps_at_fastest,
        "slower to the target",
        "faster to the target",
        is_counted=True,
        applies=_has_steps,
    ),
    Row(
        "ridge_slope",
        "Ridge slope",
        "slope of the best learning rate over the init scale, log-log, Theil–Sen (M11)",
        evaluators.on_maps(evaluators.slope),
        applies=_is_map,
    ),
    *(
        Row(
            f"variance_{part}",
            f"Variance by {words}",
            f"share of the loss's variance over the grid that {words} explains (M9)",
            evaluators.variance_part(part),
        )
        for part, words in (
            ("lr", "lr"),
            ("init_scale", "init scale"),
            ("interaction", "lr × init"),
            ("seed", "seed"),
        )
    ),
    Row(
        "frozen_fraction",
        "Frozen parameters",
        "mean share of parameters that the rule cannot move",
        evaluators.frozen,
        applies=lambda landscape: landscape.frozen_fraction is not None,
    ),
)
"""Rows of the rules table, in print order."""


def rows_of(landscape: Landscape) -> list[Row]:
    """The rows that a landscape has."""
    return [row for row in ROWS if row.applies(landscape)]


ACROSS_ROWS = (
    (
        "hyperparameter_sensitivity",
        "Hyperparameter sensitivity",
        "score lost by one setting for all problems against the best of each (M6)",
    ),
    (
        "profile_score",
        "Performance profile score",
        "area under the share of problems within a factor 1 to 4 of the fastest rule (M7)",
    ),
    ("iqm", "IQM of scores", "mean of the middle half of all runs' scores (M8)"),
    (
        "probability_of_improvement",
        "Probability of improvement",
        "chance that a run beats a run of the baseline rule on a problem (M8)",
    ),
    ("optimality_gap", "Optimality gap", "mean shortfall of scores from 1 (M8)"),
)
"""Rows of the table over problems: name, title, what it is."""
