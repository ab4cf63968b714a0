"""One colour scale for all rules of a group: cividis, which colour-blind readers can order."""

from dataclasses import dataclass
from math import exp, log

CIVIDIS = (
    *("#00224e", "#1a386f", "#434e6c", "#61656f", "#7d7c78"),
    *("#9b9476", "#bcae6c", "#dec958", "#fee838"),
)
"""Nine even stops from dark to light."""

_CHANNELS = tuple(tuple(int(stop[k : k + 2], 16) for k in (1, 3, 5)) for stop in CIVIDIS)

RULE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Okabe and Ito's palette for curves, one a rule."""

DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 5", "1 4", "12 4")
"""A second cue beside colour, one a rule."""


@dataclass(frozen=True)
class ColourScale:
    """Maps costs to colours: the best is light, the cap is dark.

    The scale is logarithmic when both ends are positive and more than a factor of 50 apart.
    """

    low: float
    high: float

    @property
    def is_log(self) -> bool:
        """Whether equal ratios get equal steps of colour."""
        return self.low > 0 and self.high / self.low > 50

    def position(self, value: float) -> float:
        """0 at ``low`` (best), 1 at ``high`` (cap), clipped."""
        if not self.high > self.low:
            return 1.0
        if self.is_log:
            part = log(max(value, self.low) / self.low) / log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, part))

    def value(self, position: float) -> float:
        """Inverse of `position`."""
        if self.is_log:
            return self.low * exp(position * log(self.high / self.low))
        return self.low + position * (self.high - self.low)

    def colour(self, value: float) -> str:
        """Hexadecimal colour of a cost."""
        return blend(1.0 - self.position(value))


def blend(position: float) -> str:
    """Colour at ``position`` in [0, 1] of cividis, linear between stops."""
    at = position * (len(CIVIDIS) - 1)
    index = min(int(at), len(CIVIDIS) - 2)
    part = at - index
    ends = zip(_CHANNELS[index], _CHANNELS[index + 1], strict=True)
    return "#" + "".join([f"{round(a + part * (b - a)):02x}" for a, b in ends])
