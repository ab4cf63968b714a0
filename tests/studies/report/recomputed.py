"""A report's numbers worked out again, from exported trials by plain NumPy."""

import json
from typing import Any

import numpy as np

from tests.studies.report import plain
from tests.studies.report.made import RESAMPLES, Made

CAPS = {"val_loss": float(np.log(10)), "val_accuracy": 0.0}


class Again:
    """The same report, from the exported trials alone."""

    def __init__(self, made: Made) -> None:
        self.goal = json.loads(made.spec.goal.model_dump_json())
        self.spec, self.trials = made.spec, made.trials
        for row in self.trials:
            row.setdefault("init_scale", 1.0)
        self.cap = CAPS[self.goal["metric"]]
        self.rng = np.random.default_rng(int(made.hash[:16], 16))
        self.found: dict[str, Any] = {}
        self.found_by: dict[str, tuple[str, str]] = {}
        self.first = made.first
        self.spans = None
        if not made.spec.search.is_grid:
            self.trials = self._binned(made.trials)
        self._report()

    def _binned(self, trials: plain.Rows) -> plain.Rows:
        moved = [dict(row) for row in trials]
        spans = []
        for name, count in (("lr", 4), ("init_scale", 2)):
            x = np.log10([row[name] for row in trials])
            low, step = x.min(), (x.max() - x.min()) / count
            spans.append((low, x.max()))
            for row, at in zip(moved, x, strict=True):
                row[name] = float(10 ** (low + (min((at - low) // step, count - 1) + 0.5) * step))
        self.spans = tuple(spans)
        kept = []
        by: dict[tuple[Any, ...], plain.Rows] = {}
        for row in moved:
            key = tuple(
                row[k] for k in ("problem", "direction", "rule", "lr", "init_scale", "seed")
            )
            by.setdefault(key, []).append(row)
        for rows_ in by.values():
            done = [r for r in rows_ if r["state"] == "completed"]
            worst = [np.inf if r["outcome"] == "diverged" else r["value"] for r in done]
            order = np.argsort(worst, kind="stable")
            kept.append(done[order[(len(done) - 1) // 2]] if done else rows_[0])
        return sorted(kept, key=lambda row: row["index"])

    def _report(self) -> None:
        self.groups: list[list[plain.Rule]] = []
        for problem in dict.fromkeys(row["problem"] for row in self.trials):
            here = [row for row in self.trials if row["problem"] == problem]
            self.groups.append([self._rule(here, r.label) for r in self.spec.rules])
        for i, rules in enumerate(self.groups):
            self._group(f"groups.{i}", rules)
        if len(self.groups) > 1:
            self._across()
        self._settings()

    def _rule(self, rows_: plain.Rows, label: str) -> plain.Rule:
        mine = [row for row in rows_ if row["rule"] == label]
        on_grid = [r for r in mine if self.spec.refine is None or r["index"] < self.first]
        axes = tuple(np.unique([r[name] for r in on_grid]) for name in ("lr", "init_scale"))
        seeds = sorted({r["seed"] for r in mine})
        return plain.Rule(mine, self.goal, self.cap, seeds=seeds, axes=axes, spans=self.spans)

    def _tolerance(self, best: float) -> float:
        return self.goal["tolerance"] or 0.1 * (self.groups[0][0].top - best)

    def _group(self, at: str, rules: list[plain.Rule]) -> None:
        n = len(rules[0].seeds)
        draws = self.rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(float)
        once = np.ones(n)
        first = rules[0]
        point, each, samples = (self._values(rules, c) for c in ([once], np.eye(n), draws))
        for r in rules:
            self._held_out(r, point, each, samples, draws)
        best = float(np.nanmin([r.best(once) for r in rules]))
        self.found |= {
            f"{at}.cap": self.cap,
            f"{at}.target": self.goal["target"],
            f"{at}.tolerance": self._tolerance(best),
            f"{at}.standard_init": first.init[first.std],
            f"{at}.lr_range.0": first.lr[0],
            f"{at}.lr_range.1": first.lr[-1],
            f"{at}.init_range.0": first.init[0],
            f"{at}.init_range.1": first.init[-1],
        }
        for k, r in enumerate(rules):
            self._scalars(f"{at}.rules.{k}", r, point, samples)
        self._comparisons(f"{at}.comparisons", rules, point, each, samples)
        kinds = 3 if self.goal["target"] is not None else 2
        for k, r in enumerate(rules):
            self._curves(f"{at}.curves", kinds * k, r, draws)
        level = {r.name: self._levels(r, best) for r in rules}
        for k, r in enumerate(rules):
            for name, (bound, borders) in level[r.name].items():
                self.found[f"{at}.rules.{k}.scalars.{name}.bound"] = bound if borders else ""
                self.found[f"{at}.rules.{k}.scalars.{name}.censored"] = tuple(borders)

    def _values(self, rules: list[plain.Rule], counts: Any) -> dict[tuple[str, str], list[float]]:
        """Each row of each rule for draws of seeds, whose level all rules share."""
        found: dict[tuple[str, str], list[float]] = {}
        for c in counts:
            best = float(np.nanmin([r.best(c) for r in rules]))
            for r in rules:
                for name, statistic in plain.statistics(r).items():
                    value = statistic(r, c, self._tolerance(best), best)
                    found.setdefault((r.name, name), []).append(float(value))
        return found

    def _held_out(self, r: plain.Rule, point: Any, each: Any, samples: Any, draws: Any) -> None:
        halves, n = plain.splits(len(r.seeds)), len(r.seeds)
        key = (r.name, "best_held_out")
        point[key] = [np.nanmean([plain.held_out(r, np.ones(n), h) for h in halves])]
        at = [halves[k % len(halves)] for k in range(max(n, len(draws)))]
        each[key] = [plain.held_out(r, c, at[k]) for k, c in enumerate(np.eye(n))]
        samples[key] = [plain.held_out(r, c, at[k]) for k, c in enumerate(draws)]

    def _put(self, at: str, value: float, ends: Any, r: plain.Rule, covered: float) -> None:
        undefined = value is None or np.isnan(value)
        low, high = (None, None) if ends is None or undefined else ends
        self.found |= {
            f"{at}.value": None if undefined else value,
            f"{at}.low": low,
            f"{at}.high": high,
            f"{at}.level": 0.95,
            f"{at}.coverage": covered,
            f"{at}.n_seeds": len(r.seeds),
        }

    def _scalars(self, at: str, r: plain.Rule, point: Any, samples: Any) -> None:
        self.found |= {
            f"{at}.trials": r.present[: r.n].size,
            f"{at}.results": r.present[: r.n].sum(),
            f"{at}.diverged": r.dead[: r.n].sum(),
        }
        self.found |= {f"{at}.seeds.{k}": seed for k, seed in enumerate(r.seeds)}
        for name in (name for rule, name in point if rule == r.name):
            key = (r.name, name)
            ends = plain.ends(samples[key], len(r.seeds))
            if ends and is_flat(ends, abs(ends[1])):
                is_rate = name in ("divergence_rate", "success_rate")
                value = point[key][0]
                ends = plain.bounded(value, 0, 1, len(r.seeds)) if is_rate else None
            self._put(f"{at}.scalars.{name}", point[key][0], ends, r, r.coverage)

    def _comparisons(
        self, at: str, rules: list[plain.Rule], point: Any, each: Any, samples: Any
    ) -> None:
        base, k = rules[0], 0
        for name in COMPARED:
            if (base.name, name) not in point:
                continue
            ps: list[float | None] = []
            family: list[tuple[str, Any, float]] = []
            for r in rules[1:]:
                mine, theirs = (r.name, name), (base.name, name)
                d = minus(point[mine], point[theirs])[0]
                ends, flat = self._difference(name, d, samples[mine], samples[theirs], base)
                # On a seed on which neither ever arrives they tie.
                pairs = np.array(minus(each[mine], each[theirs], tie=0.0))
                pairs = pairs[~np.isnan(pairs)]
                dull = flat and name not in AGREEING and len(set(pairs)) == 1 and pairs[0] != 0
                few = len(pairs) < 2
                ps.append(None if np.isnan(d) or dull or few else plain.sign_flip(pairs))
                family.append((f"{at}.{k + len(family)}", ends, d))
                covered = min(r.coverage, base.coverage)
                self._put(f"{family[-1][0]}.difference", d, ends, r, covered)
            known = [p for p in ps if p is not None]
            adjusted = iter(plain.holm(known))
            for (where, ends, d), p in zip(family, ps, strict=True):
                holm = None if p is None else next(adjusted)
                self.found[f"{where}.p_value"], self.found[f"{where}.p_holm"] = p, holm
                self.found[f"{where}.strength"] = strength(d, ends, holm)
                self.found_by[where] = (name, strength(d, ends, holm))
            k += len(family)

    def _difference(self, name: str, d: float, one: Any, other: Any, base: Any) -> tuple[Any, bool]:
        ends = plain.ends(minus(one, other), len(base.seeds))
        finite = [abs(v) for v in (*one, *other) if np.isfinite(v)]
        if ends is None or not is_flat(ends, max(finite, default=0.0)):
            return ends, False
        if name not in ("divergence_rate", "success_rate"):
            return None, True
        low, high = (-1, 1) if d == 0 else (min(np.sign(d), 0), max(np.sign(d), 0))
        return plain.bounded(d, low, high, len(base.seeds)), True

    def _levels(self, r: plain.Rule, best: float) -> dict[str, tuple[str, list[str]]]:
        once = np.ones(len(r.seeds))
        m, t = r.mean(once), self._tolerance(best)
        optimum = plain.touched(r, m == np.nanmin(m))
        gone = ["missing cells"] if np.isnan(m).any() else []
        own = plain.touched(r, m <= np.nanmin(m) + t) + gone
        shared = plain.touched(r, m <= best + t) + gone
        column = m[:, [r.std]]
        near = column <= np.nanmin(column) + t
        sides = [b for b in plain.touched(r, near) if b.startswith("lr")]
        gap = ["missing cells"] if np.isnan(column).any() else []
        better = "≤" if self.goal["minimize"] else "≥"
        x = r.x[int(np.nanargmin(column))]
        beyond = {
            k: [
                b
                for b, out in (
                    ("lr low", x - np.log10(k) < r.x[0] - 1e-12),
                    ("lr high", x + np.log10(k) > r.x[-1] + 1e-12),
                )
                if out
            ]
            for k in (3, 10)
        }
        return {
            "best": (better, optimum),
            "best_held_out": (better, optimum),
            "basin_volume": ("≥", own),
            **({} if 1 in r.shape else {"basin_least": ("≥", own), "basin_most": ("≥", own)}),
            "shared_basin_volume": ("≥", shared),
            "basin_width": ("≥", sides + gap),
            "lr_sensitivity": ("≥", optimum),
            "lr_sensitivity_window": ("≥", optimum),
            "regret_3": ("≥", beyond[3]),
            "regret_10": ("≥", beyond[10]),
        }

    def _curves(self, at: str, k: int, r: plain.Rule, draws: Any) -> None:
        n = len(r.seeds)
        once = np.ones(n)
        column = np.array([r.sign * r.mean(c)[:, r.std] for c in draws])
        self._curve(f"{at}.{k}", r.lr, r.sign * r.mean(once)[:, r.std], column.T, n)
        budget = range(1, 51)
        tuned = np.array([plain.best_of(r, c, budget) for c in draws])
        once_tuned = r.sign * np.array(plain.best_of(r, once, budget))
        self._curve(f"{at}.{k + 1}", budget, once_tuned, r.sign * tuned.T, n)
        if self.goal["target"] is None:
            return
        steps = r.steps[: r.n].reshape(*r.shape, n)[:, r.std]
        for i, row in enumerate(steps):
            self.found[f"{at}.{k + 2}.x.{i}"] = r.lr[i]
            for name, q in (("low", 0.25), ("value", 0.5), ("high", 0.75)):
                self.found[f"{at}.{k + 2}.{name}.{i}"] = plain.quantile(row, once, q)

    def _curve(self, at: str, x: Any, value: Any, samples: Any, n: int) -> None:
        for i, (place, middle, column) in enumerate(zip(x, value, samples, strict=True)):
            low, high = plain.ends(column, n) or (None, None)
            self.found |= {
                f"{at}.x.{i}": place,
                f"{at}.value.{i}": middle,
                f"{at}.low.{i}": low,
                f"{at}.high.{i}": high,
            }

    def _across(self) -> None:
        """M6, M7 and M8, on draws of their own."""
        n, names = len(self.groups[0][0].seeds), [r.name for r in self.groups[0]]
        orders = [self.rng.integers(n, size=(RESAMPLES, n)) for _ in self.groups]
        draws = [np.concatenate([np.arange(n)[None], o]) for o in orders]
        samples: dict[str, dict[str, list[float]]] = {name: {} for name in names}
        profiles: list[list[float]] = []
        for k in range(RESAMPLES + 1):
            order = [d[k] for d in draws]
            counts = [np.bincount(o, minlength=n).astype(float) for o in order]
            for name, facts in self._aggregates(names, order, counts).items():
                for metric, value in facts.items():
                    samples[name].setdefault(metric, []).append(value)
            if k == 0:
                times = self._ratios(names, counts)
                taus = np.linspace(1, 4, 61)
                profiles = [[np.mean([t <= tau for t in row]) for tau in taus] for row in times]
        for j, name in enumerate(names):
            for metric, values in samples[name].items():
                self._aggregate(f"across.0.rules.{j}.scalars.{metric}", j, metric, values)
            for i, tau in enumerate(np.linspace(1, 4, 61)):
                self.found[f"across.0.profiles.{j}.x.{i}"] = tau
                self.found[f"across.0.profiles.{j}.value.{i}"] = profiles[j][i]

    def _aggregate(self, at: str, j: int, metric: str, values: list[float]) -> None:
        r, n = self.groups[0][j], len(self.groups[0][0].seeds)
        ends = plain.ends(values[1:], n)
        if ends and is_flat(ends, abs(ends[1])):
            is_rate = metric == "probability_of_improvement" and j > 0
            ends = plain.bounded(values[0], 0, 1, n) if is_rate else None
        covered = min(group[j].coverage for group in self.groups)
        self._put(at, values[0], ends, r, covered)

    def _ratios(self, names: list[str], counts: Any) -> Any:
        times = np.array(
            [
                [plain.fastest(g[j], c) for g, c in zip(self.groups, counts, strict=True)]
                for j in range(len(names))
            ]
        )
        quickest = times.min(axis=0)
        return [
            [np.inf if np.isinf(t) else t / q for t, q in zip(row, quickest, strict=True)]
            for row in times
        ]

    def _aggregates(self, names: list[str], order: Any, counts: Any) -> dict[str, Any]:
        best = [
            min(float(np.nanmin(r.mean(c))) for r in g)
            for g, c in zip(self.groups, counts, strict=True)
        ]

        def score(cost: Any, p: int) -> Any:
            top = self.groups[p][0].top
            return (top - cost) / (top - best[p])

        def runs(j: int, p: int) -> Any:
            r = self.groups[p][j]
            each = []
            for s in order[p]:
                y = r.cost[: r.n, s].reshape(r.shape)
                known = ~np.isnan(y) * r.weights
                each.append((np.nan_to_num(y) * known).sum() / known.sum())
            return score(np.array(each), p)

        both = range(len(self.groups))
        ratios = self._ratios(names, counts)
        found: dict[str, Any] = {}
        for j, name in enumerate(names):
            mine = [runs(j, p) for p in both]
            base = [runs(0, p) for p in both]
            table = np.array([score(self.groups[p][j].mean(counts[p]).ravel(), p) for p in both])
            table = table[:, ~np.isnan(table).any(axis=0)]
            pooled = np.sort(np.concatenate(mine))
            cut = len(pooled) // 4
            wins = [
                np.mean([(a > b) + (a == b) / 2 for a in x for b in y])
                for x, y in zip(mine, base, strict=True)
            ]
            found[name] = {
                "hyperparameter_sensitivity": table.max(axis=1).mean() - table.mean(axis=0).max(),
                "iqm": pooled[cut : len(pooled) - cut].mean(),
                "optimality_gap": 1 - np.minimum(pooled, 1).mean(),
                "probability_of_improvement": np.mean(wins),
                "profile_score": np.mean([max(0, 4 - t) / 3 for t in ratios[j]]),
            }
        return found

    def _settings(self) -> None:
        self.found |= {
            "version": 1,
            "settings.tolerance": self.goal["tolerance"],
            "settings.tolerance_share": 0.1,
            "settings.resamples": RESAMPLES,
            "settings.level": 0.95,
            "settings.alpha": 0.05,
        }


COMPARED = (
    "divergence_rate",
    "success_rate",
    "best",
    "best_held_out",
    "basin_volume",
    "shared_basin_volume",
    "basin_width",
    "lr_sensitivity",
    "lr_sensitivity_window",
    "regret_3",
    "regret_10",
    "best_of_10",
    "time_to_target",
)
AGREEING = ("divergence_rate", "success_rate", "time_to_target")
"""Rows on which seeds may agree to the last digit."""


def is_flat(ends: tuple[float, float], size: float) -> bool:
    return ends[0] == ends[1] or ends[1] - ends[0] <= 1e-12 * size


def minus(one: Any, other: Any, tie: float = np.nan) -> list[float]:
    """Differences; where neither ever arrives there is none, or a tie."""
    pairs = zip(one, other, strict=True)
    return [tie if np.isinf(a) and a == b else float(a) - float(b) for a, b in pairs]


def strength(d: float, ends: Any, p: float | None) -> str:
    if np.isnan(d) or (ends is None and p is None):
        return "not enough results"
    low, high = ends or (d, d)
    if low <= 0 <= high:
        return "no difference shown"
    return "shown" if p is not None and p <= 0.05 else "suggested"
