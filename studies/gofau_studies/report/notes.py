"""What a report over an adaptive search has to say before its numbers."""

from collections.abc import Sequence

from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid, coverage
from gofau_studies.metrics.scalar import MIN_COVERAGE, enough
from gofau_studies.spec import StudySpec


def notes(spec: StudySpec, landscapes: Sequence[Landscape]) -> tuple[str, ...]:
    """Why basins and other numbers of an adaptive search are withheld, and what to do about it.

    Empty where the search was none, or covered its maps after all.
    """
    if not spec.search.adaptive:
        return ()
    covered = [coverage(one.present, Grid.of(one)) for one in landscapes]
    short = [share for share in covered if not enough(share)]
    if not short:
        return ()
    least, most = f"{min(short):.0%}", f"{max(short):.0%}"
    return (
        f"The {spec.search.sampler} search looked where it expected good values and left parts of "
        f"the map empty: {least if least == most else f'{least} to {most}'} of it has results for "
        f"{len(short)} of {len(covered)} rules. A basin, or any other number over the whole range, "
        f"would be a guess below {MIN_COVERAGE:.0%} and is not given. How soon each rule came near "
        "the best is told by its tuning curve; to measure basins, run a grid or a sobol search "
        "over the same ranges.",
    )
