"""Every number of a report worked out anew from exported trials, in plain NumPy and plain loops.

Nothing here comes from `studies`: formulas are those of docs/metrics, one resample at a time.
"""

from collections.abc import Callable
from itertools import combinations, product
from math import comb, isnan, log10

import numpy as np
from scipy import stats
from scipy.spatial import Delaunay

Rows = list[dict]
BORDERS = ("lr low", "lr high", "init_scale low", "init_scale high")


def trapezoid(x):
    """Weights of a mean over x, straight from the integral of each hat function."""
    if len(x) == 1:
        return np.ones(1)
    return np.array([np.trapezoid(hat, x) for hat in np.eye(len(x))]) / (x[-1] - x[0])


class Rule:
    """All trials of one rule of one problem and direction."""

    def __init__(self, rows: Rows, goal: dict, cap: float, *, seeds: list[int], axes, spans=None):
        self.name, self.rows, self.goal, self.seeds = rows[0]["rule"], rows, goal, seeds
        self.sign = 1.0 if goal["minimize"] else -1.0
        self.cap, self.top = cap, self.sign * cap
        (self.lr, self.init), self.spans = axes, spans
        self.x, self.z = np.log10(self.lr), np.log10(self.init)
        self.w, self.v = (
            trapezoid(p) if spans is None or len(p) == 1 else binned_weights(p, span)
            for p, span in zip((self.x, self.z), spans or (None, None), strict=True)
        )
        self.weights = np.outer(self.w, self.v)
        grid = [(a, b) for a in self.lr for b in self.init]
        added = sorted({(r["lr"], r["init_scale"]) for r in rows} - set(grid))
        self.points = grid + added
        self.n, self.shape = len(grid), (len(self.lr), len(self.init))
        at = {p: i for i, p in enumerate(self.points)}
        size = (len(self.points), len(seeds))
        self.cost, self.steps, self.frozen = (np.full(size, np.nan) for _ in range(3))
        self.present, self.dead, self.hit = (np.zeros(size, bool) for _ in range(3))
        for r in rows:
            if r["state"] == "completed" and r["seed"] in seeds:
                self._take(r, at[r["lr"], r["init_scale"]], seeds.index(r["seed"]))
        self.std = int(np.abs(self.z).argmin())

    def _take(self, r, i, s):
        self.present[i, s] = True
        self.dead[i, s] = r["outcome"] in ("diverged", "nonfinite")
        worst = self.dead[i, s] or r["value"] is None
        self.cost[i, s] = self.top if worst else min(self.sign * r["value"], self.top)
        target = self.goal.get("target")
        if target is not None:
            met = not self.dead[i, s] and self.cost[i, s] <= self.sign * target
            self.hit[i, s] = met or r["outcome"] == "reached_target"
        self.steps[i, s] = np.inf if r["steps_to_target"] is None else r["steps_to_target"]
        self.frozen[i, s] = r["frozen_fraction"]

    def mean(self, c, values=None, everywhere=False):
        """Mean over seeds drawn c times, of the grid ``[L, I]`` or of all points."""
        values = self.cost if values is None else values
        known = ~np.isnan(values) * c
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (np.nan_to_num(values) * known).sum(axis=1) / known.sum(axis=1)
        return found if everywhere else found[: self.n].reshape(self.shape)

    @property
    def coverage(self):
        share = self.present[: self.n].mean(axis=1).reshape(self.shape)
        return float((share * self.weights).sum())

    def best(self, c):
        """Lowest cost of any cell, added ones too."""
        means = self.mean(c, everywhere=True)
        return np.nan if np.isnan(means).all() else float(np.nanmin(means))


def binned_weights(centres, span):
    """Shares of the range whose nearest way to a centre, or beyond the last one, it is."""
    ends = [span[0], *((centres[1:] + centres[:-1]) / 2), span[1]]
    return np.diff(ends) / (span[1] - span[0])


def rate(rule, c, hits):
    w = rule.weights.reshape(-1, 1) * rule.present[: rule.n] * c
    return float((w * hits[: rule.n]).sum() / w.sum())


def clipped_area(corners, values, level):
    """Area of the part of a triangle where its linear function is at most the level."""
    kept = []
    for (p, a), (q, b) in zip(
        zip(corners, values, strict=True),
        [*zip(corners[1:], values[1:], strict=True), (corners[0], values[0])],
        strict=True,
    ):
        if a <= level:
            kept.append(p)
        if (a <= level) != (b <= level):
            kept.append(p + (level - a) / (b - a) * (q - p))
    if len(kept) < 3:
        return 0.0
    xs, ys = np.array(kept).T
    return abs(float(np.dot(xs, np.roll(ys, -1)) - np.dot(ys, np.roll(xs, -1)))) / 2


def width(y, x, level):
    """Length of where the broken line through (x, y) is at most the level."""
    total = 0.0
    for (x0, a), (x1, b) in zip(
        zip(x, y, strict=True), list(zip(x, y, strict=True))[1:], strict=False
    ):
        if isnan(a) or isnan(b):
            continue
        if a == b:
            share = float(a <= level)
        else:
            share = min(max((level - min(a, b)) / abs(b - a), 0.0), 1.0)
        total += share * (x1 - x0)
    return total


def places(rule):
    return np.array([(log10(a), log10(b)) for a, b in rule.points])


def mesh(rule):
    at = places(rule)
    steps = np.array([np.ptp(rule.x) / (len(rule.x) - 1), np.ptp(rule.z) / (len(rule.z) - 1)])
    return at, Delaunay(np.round((at - at.min(axis=0)) / steps, 9)).simplices


def volume(rule, c, level):
    """Measure of the settings at most at the level; NaN where that is the cap."""
    if isnan(level) or not level < rule.top:
        return np.nan
    if len(rule.points) > rule.n:
        at, triangles = mesh(rule)
        means = rule.mean(c, everywhere=True)
        known = [t for t in triangles if not np.isnan(means[t]).any()]
        return sum(clipped_area(list(at[t]), list(means[t]), level) for t in known)
    m = rule.mean(c)
    if 1 in rule.shape:
        flat = m[:, 0] if rule.shape[1] == 1 else m[0]
        return width(flat, rule.x if rule.shape[1] == 1 else rule.z, level)
    total = 0.0
    for i, j in product(range(rule.shape[0] - 1), range(rule.shape[1] - 1)):
        ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
        values = [m[k] for k in ring]
        if np.isnan(values).any():
            continue
        at = [np.array([rule.x[a], rule.z[b]]) for a, b in ring]
        middle, centre = sum(values) / 4, sum(at) / 4
        for k in range(4):
            corner = [at[k], at[(k + 1) % 4], centre]
            total += clipped_area(corner, [values[k], values[(k + 1) % 4], middle], level)
    return total


def bracket(rule, c, level, need):
    if isnan(level) or not level < rule.top:
        return np.nan
    at, triangles = mesh(rule)
    inside = rule.mean(c, everywhere=True) <= level
    u, v = at[triangles[:, 1]] - at[triangles[:, 0]], at[triangles[:, 2]] - at[triangles[:, 0]]
    areas = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2
    return float(areas[need(inside[triangles], axis=1)].sum())


def sensitivity(rule, m, x, weights):
    """Mean over init scales of each column's mean excess over its own best."""
    means, kept = [], []
    for column, v in zip(m.T, rule.v, strict=True):
        y = np.minimum(column, rule.top)
        known = ~np.isnan(y)
        if known.any():
            excess = y[known] - y[known].min()
            means.append((excess * weights[known]).sum() / weights[known].sum())
            kept.append(v)
    return float(np.average(means, weights=kept)) if means else np.nan


def windowed(rule, c):
    m = rule.mean(c)
    known = ~np.isnan(m)
    with np.errstate(invalid="ignore"):
        profile = (np.nan_to_num(m) * known * rule.v).sum(axis=1) / (known * rule.v).sum(axis=1)
    centre = rule.x[np.nanargmin(profile)]
    places = rule.x
    if rule.spans is not None:  # the outermost bins hold their value out to the range's ends
        places = np.r_[rule.spans[0][0], rule.x, rule.spans[0][1]]
        m = m[[0, *range(len(m)), -1]]
    low, high = max(centre - 1, places[0]), min(centre + 1, places[-1])
    inside = [i for i, a in enumerate(places) if low - 1e-9 <= a <= high + 1e-9]
    x, y = list(places[inside]), [np.minimum(m[i], rule.top) for i in inside]
    for end in (low, high):
        if min(abs(end - places)) > 1e-9:
            i = int(np.searchsorted(places, end))
            part = (end - places[i - 1]) / (places[i] - places[i - 1])
            x.append(end)
            a, b = (np.minimum(m[k], rule.top) for k in (i - 1, i))
            y.append(a + part * (b - a))
    order = np.argsort(x)
    x = np.array(x)[order]
    return sensitivity(rule, np.array(y)[order], x, trapezoid(x))


def regret(rule, c, factor):
    y = rule.mean(c)[:, rule.std]
    best = int(np.nanargmin(y))
    low, high = rule.x[best] - log10(factor), rule.x[best] + log10(factor)
    seen = [v for a, v in zip(rule.x, y, strict=True) if low - 1e-12 <= a <= high + 1e-12]
    for end in (max(low, rule.x[0]), min(high, rule.x[-1])):
        i = int(np.clip(np.searchsorted(rule.x, end), 1, max(len(y) - 1, 1)))
        if len(y) > 1 and not isnan(y[i - 1] + y[i]):
            seen.append(np.interp(end, rule.x[i - 1 : i + 1], y[i - 1 : i + 1]))
    return float(np.nanmax(seen) - y[best])


def best_of(rule, c, draws):
    """V(n) = Σ c_(i) [(1 − F_{i−1})^n − (1 − F_i)^n], for each number of draws."""
    y, w = rule.mean(c).ravel(), rule.weights.ravel()
    order = [i for i in np.argsort(y, kind="stable") if not isnan(y[i])]
    above = np.clip(1 - np.r_[0, np.cumsum(w[order]) / w[order].sum()], 0, 1)
    return [float(y[order] @ (above[:-1] ** n - above[1:] ** n)) for n in draws]


def quantile(values, c, q):
    """The least value that a share q of the drawn seeds does not exceed."""
    known = [(v, n) for v, n in zip(values, c, strict=True) if not isnan(v) and n > 0]
    total, seen = sum(n for _, n in known), 0.0
    for v, n in sorted(known):
        seen += n
        if seen >= q * total - 1e-9:
            return v
    return np.nan


def fastest(rule, c):
    medians = [quantile(row, c, 0.5) for row in rule.steps[: rule.n]]
    return min((m for m in medians if not isnan(m)), default=np.inf)


def slope(rule, c):
    m, best = rule.mean(c), []
    for j, z in enumerate(rule.z):
        y = m[:, j]
        i = int(np.where(np.isnan(y), np.inf, y).argmin())
        if not 0 < i < len(y) - 1 or np.isnan(y[i - 1 : i + 2]).any() or not y[i] < rule.top:
            continue
        if y[i - 1] == y[i] == y[i + 1]:
            continue
        a, b, _ = np.polyfit(rule.x[i - 1 : i + 2] - rule.x[i], y[i - 1 : i + 2], 2)
        best.append((z, rule.x[i] - b / (2 * a)))
    slopes = [(q[1] - p[1]) / (q[0] - p[0]) for p, q in combinations(best, 2)]
    return float(np.median(slopes)) if slopes else np.nan


def variances(rule, c):
    """Shares of learning rate, init scale, both together, and seeds."""
    m = rule.mean(c)
    square = rule.mean(c, rule.cost**2)
    if np.isnan(m).any():
        return (np.nan,) * 4
    mu = (m * rule.weights).sum()
    a, b = m @ rule.v - mu, rule.w @ m - mu
    inner = m - mu - a[:, None] - b[None]
    seed = (rule.weights * np.maximum(square - m**2, 0)).sum()
    parts = [rule.w @ a**2, rule.v @ b**2, (rule.weights * inner**2).sum(), seed]
    return tuple(float(p / sum(parts)) for p in parts)


def splits(n):
    every = list(combinations(range(n), n // 2))
    used = min(70, comb(n, n // 2))
    return [every[k * (len(every) - 1) // (used - 1)] for k in range(used)]


def held_out(rule, c, picks):
    picking = np.array([s in picks for s in range(len(c))])
    m = rule.mean(c * picking)
    if np.isnan(m).all():
        return np.nan
    at = np.unravel_index(np.nanargmin(m), m.shape)
    return float(rule.sign * rule.mean(c * ~picking)[at])


def frozen(rule, c):
    m = rule.mean(c, rule.frozen)
    known = ~np.isnan(m)
    return float((np.nan_to_num(m) * rule.weights).sum() / (rule.weights * known).sum())


Statistic = Callable[[Rule, np.ndarray, float, float], float]


def statistics(rule: Rule) -> dict[str, Statistic]:
    """Rows of the rules table by name, of a rule, draws, the tolerance and the common best."""
    found: dict[str, Statistic] = {
        "divergence_rate": lambda r, c, t, b: rate(r, c, r.dead),
        "success_rate": lambda r, c, t, b: rate(r, c, r.hit),
        "best": lambda r, c, t, b: r.sign * np.nanmin(r.mean(c)),
        "basin_volume": lambda r, c, t, b: volume(r, c, r.best(c) + t),
        "basin_least": lambda r, c, t, b: bracket(r, c, r.best(c) + t, np.all),
        "basin_most": lambda r, c, t, b: bracket(r, c, r.best(c) + t, np.any),
        "shared_basin_volume": lambda r, c, t, b: volume(r, c, b + t),
        "basin_width": lambda r, c, t, b: standard_width(r, c, t),
        "lr_sensitivity": lambda r, c, t, b: sensitivity(r, r.mean(c), r.x, r.w),
        "lr_sensitivity_window": lambda r, c, t, b: windowed(r, c),
        "regret_3": lambda r, c, t, b: regret(r, c, 3),
        "regret_10": lambda r, c, t, b: regret(r, c, 10),
        "best_of_10": lambda r, c, t, b: r.sign * best_of(r, c, [10])[0],
        "time_to_target": lambda r, c, t, b: fastest(r, c),
        "ridge_slope": lambda r, c, t, b: slope(r, c),
        "frozen_fraction": lambda r, c, t, b: frozen(r, c),
    }
    for k, part in enumerate(("lr", "init_scale", "interaction", "seed")):
        found[f"variance_{part}"] = lambda r, c, t, b, k=k: variances(r, c)[k]
    if rule.goal.get("target") is None:
        del found["success_rate"], found["time_to_target"]
    if 1 in rule.shape:
        for name in ("basin_least", "basin_most", "ridge_slope"):
            del found[name]
    return found


def standard_width(rule, c, tolerance):
    y = rule.mean(c)[:, rule.std]
    level = np.nanmin(y) + tolerance
    return width(y, rule.x, level) if level < rule.top else np.nan


def ends(samples, n, level=0.95):
    """Percentile interval at the level that a t interval of n seeds reaches."""
    samples = np.asarray(samples)[~np.isnan(samples)]
    if n < 2 or samples.size == 0:
        return None
    reach = np.sqrt(n / (n - 1)) * stats.t.ppf(0.5 + level / 2, n - 1)
    tail = stats.norm.cdf(-reach)
    how = "linear" if np.isfinite(samples).all() else "nearest"
    return tuple(float(v) for v in np.quantile(samples, [tail, 1 - tail], method=how))


def bounded(value, low, high, n):
    """Where all n seeds agree: Wilson's upper end of 0 in n is how many others may not."""
    z = stats.norm.ppf(0.975)
    q = (z * z / n) / (1 + z * z / n)
    return value + q * (low - value), value + q * (high - value)


def sign_flip(d):
    """Two-sided, all patterns of signs; infinite differences beyond all finite ones."""
    d = np.asarray(d, float)
    big = 1 + np.abs(d[np.isfinite(d)]).sum()
    d = np.where(np.isinf(d), np.sign(d) * big, d)
    sums = [
        abs(sum(s * v for s, v in zip(p, d, strict=True))) for p in product((1, -1), repeat=len(d))
    ]
    return float(np.mean([s >= abs(d.sum()) * (1 - 1e-12) for s in sums]))


def holm(ps):
    """Step down: the k-th smallest of m times m − k + 1, never below the one before."""
    found, high = {}, 0.0
    for k, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        high = max(high, min(1.0, (len(ps) - k) * ps[i]))
        found[i] = high
    return [found[i] for i in range(len(ps))]


def touched(rule, inside):
    """Names of the borders that a region of the grid touches."""
    sides = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
    swept = (rule.shape[0] > 1,) * 2 + (rule.shape[1] > 1,) * 2
    return [n for n, side, on in zip(BORDERS, sides, swept, strict=True) if on and side.any()]
