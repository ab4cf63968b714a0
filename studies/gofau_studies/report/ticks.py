"""Ticks of axes: powers of ten, round steps, whole numbers."""

from math import ceil, floor, log10

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(exponent: int) -> str:
    """``10⁻³``."""
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def log_ticks(low: float, high: float, most: int = 7) -> list[tuple[float, str]]:
    """Positions and labels of powers of ten between two decades, at most ``most`` of them.

    A range that holds fewer than two powers is labelled at its ends.
    """
    exponents = range(ceil(low - 1e-9), floor(high + 1e-9) + 1)
    if len(exponents) < 2:
        return [(end, f"{10**end:.3g}") for end in dict.fromkeys((low, high))]
    stride = ceil(len(exponents) / most)
    return [(float(e), power(e)) for e in exponents if e % stride == 0]


def linear_ticks(low: float, high: float, least: float = 0.0) -> list[float]:
    """Multiples of a round step between two ends.

    Args:
        least: the smallest step; 1 for whole numbers.
    """
    step = max(least, round_step(high - low))
    marks = range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)
    return [float(f"{k * step:.12g}") for k in marks]


def round_step(span: float, most: int = 6) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that gives at most ``most`` steps."""
    magnitude = 10.0 ** floor(log10(span / most))
    return next(k * magnitude for k in (1, 2, 5, 10, 20) if span / (k * magnitude) <= most)
