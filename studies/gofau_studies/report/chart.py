"""A chart as data: all that a painter needs to draw it, and nothing that it must decide."""

from math import log10
from typing import Literal

from gofau_studies.metrics.scalar import Number
from gofau_studies.report.part import ReportPart

Side = Literal["above", "below"]


class Tick(ReportPart):
    """A labelled place on an axis, in the axis's unit."""

    at: Number
    label: str


class ChartAxis(ReportPart):
    """An axis: label, unit (empty for none), ends in that unit, whether it is logarithmic, ticks.

    The label is printed as it is, and names the unit where that is a word of its own.
    """

    label: str
    unit: str = ""
    log: bool = False
    low: Number
    high: Number
    ticks: tuple[Tick, ...]

    def position(self, value: float) -> float:
        """0 at ``low``, 1 at ``high``."""
        low, high, at = (log10(v) if self.log else v for v in (self.low, self.high, value))
        return (at - low) / (high - low)


class Leaving(ReportPart):
    """Where a line leaves its chart for good, by which border."""

    x: Number
    side: Side


class Series(ReportPart):
    """One line with its band.

    ``value`` holds the numbers themselves, infinite ones included, and ``line`` what of them is
    drawn: inside the axes' ends, broken where it is ``None``. ``low`` and ``high`` are the band's
    borders, inside the ends as well. ``role`` says why it is shown, where that is not its name.
    ``style`` numbers the colour and the dashes; one rule, or one role, has the same in every chart.
    """

    name: str
    role: str = ""
    style: int
    x: tuple[Number, ...]
    value: tuple[Number | None, ...]
    line: tuple[Number | None, ...]
    low: tuple[Number | None, ...] = ()
    high: tuple[Number | None, ...] = ()
    leaves: Leaving | None = None


class Chart(ReportPart):
    """Lines on common axes.

    ``name`` is the kind of chart, ``part`` what tells it from others of its kind in a group (empty
    where there is one), ``of`` whose results it shows. ``notes`` say what lines and bands are.
    """

    name: str
    part: str = ""
    title: str
    of: str
    x: ChartAxis
    y: ChartAxis
    series: tuple[Series, ...]
    notes: tuple[str, ...] = ()

    @property
    def full_title(self) -> str:
        """Title and whose results, for what stands alone."""
        return f"{self.title} · {self.of}"
