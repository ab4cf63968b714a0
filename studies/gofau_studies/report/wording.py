"""Numbers in words, as verdicts, tables and figures print them."""

from math import inf, isfinite

from gofau.catalog import SHARE
from gofau_studies.metrics.scalar import Scalar

POINTS = "percentage points"
"""Unit of a difference of shares."""


def number(value: float, unit: str = "") -> str:
    """Three significant digits; shares in percent; exponents only where plain digits are long."""
    if not isfinite(value):
        return ("∞" if value == inf else "−∞") if abs(value) == inf else "undefined"
    if unit in (SHARE, POINTS):
        return f"{100 * value:.3g}{' %' if unit == SHARE else ''}".replace("-", "−")
    small = value != 0 and not 1e-3 <= abs(value) < 1e5
    text = f"{value:.2e}" if small else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return text.replace("-", "−")


def interval(scalar: Scalar) -> str:
    """``1.4 to 2.3``, or why there is none."""
    if scalar.low is None or scalar.high is None:
        return "no interval" if scalar.value is None else scalar.reason or "no interval"
    return f"{number(scalar.low, scalar.unit)} to {number(scalar.high, scalar.unit)}"


def value(scalar: Scalar) -> str:
    """The value with its bound sign, or a dash."""
    if scalar.value is None:
        return "–"
    return f"{scalar.bound}{' ' if scalar.bound else ''}{number(scalar.value, scalar.unit)}"


def quantity(scalar: Scalar) -> str:
    """The value and its unit, where the unit is a word to print."""
    plain = value(scalar)
    return plain if scalar.value is None or scalar.unit in ("", SHARE) else f"{plain} {scalar.unit}"


def sense(better: str, unit: str) -> str:
    """``lower is better, in val_loss``: the direction and the unit of a column of numbers."""
    way = "" if better == "neither" else f"{better} is better"
    unit = "percent" if unit == SHARE else unit
    return ", ".join(part for part in (way, f"in {unit}" if unit else "") if part)


def labelled(name: str, better: str, unit: str = "") -> str:
    """``val_loss (nats, lower is better)``, for an axis or a scale.

    A unit that the name says is not named again, nor is a share's: its numbers are in percent.
    """
    known = unit == SHARE or set(unit.split()) <= set(name.split())
    told = ("" if known else unit, "" if better == "neither" else f"{better} is better")
    said = ", ".join(part for part in told if part)
    return f"{name} ({said})" if said else name


def setting(amount: float) -> str:
    """A setting, three digits: ``0.001``, ``1e-06``."""
    return f"{amount:.3g}".replace("-", "−")
