"""Several studies in one report: their rules side by side, each under its study's name."""

from collections.abc import Mapping, Sequence

from gofau_studies.landscape.landscape import Landscape


def together(studies: Mapping[str, Sequence[Landscape]]) -> list[Landscape]:
    """Landscapes of several studies, every rule labelled ``rule @ study``.

    `gofau_studies.report.build` then compares them where problem, direction, grid spans, goal and
    cap agree, and pairs them where their seeds agree; name one label as the baseline in its
    settings.

    Args:
        studies: name to landscapes.
    """
    return [
        landscape.renamed(f"{landscape.key.rule} @ {name}")
        for name, landscapes in studies.items()
        for landscape in landscapes
    ]
