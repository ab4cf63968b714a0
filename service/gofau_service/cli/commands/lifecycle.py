"""``gofau pause``, ``resume``, ``retry``, ``extend``, ``tag`` and ``delete``."""

from pathlib import Path
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json
from gofau_service.cli.errors import CliError
from gofau_service.cli.spec_source import read_spec
from gofau_service.client import StudyDetail
from gofau_studies.spec import StudySpec
from gofau_studies.spec.meaning import meaning
from gofau_studies.spec.parsing import parse_yaml, stored_spec

Tags = Annotated[
    list[str] | None, typer.Argument(metavar="TAGS", help="The new tags; none clears them.")
]


@command(Panel.CHANGE)
def pause(
    study: options.StudyId,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Run nothing more of a study until it is resumed; what has completed is kept.

    [bold]Example[/bold]

    gofau pause 219c87afc8c93016
    """
    with connect(url, token) as client:
        _say(client.pause(study), as_json)


@command(Panel.CHANGE)
def resume(
    study: options.StudyId,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Queue a paused study again.

    [bold]Example[/bold]

    gofau resume 219c87afc8c93016
    """
    with connect(url, token) as client:
        _say(client.resume(study), as_json)


@command(Panel.CHANGE)
def retry(
    study: options.StudyId,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Let a study's failed trials run again.

    [bold]Example[/bold]

    gofau retry 219c87afc8c93016
    """
    with connect(url, token) as client:
        _say(client.retry(study), as_json)


@command(Panel.CHANGE)
def extend(
    study: options.StudyId,
    spec: options.OptionalSpec = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="A larger count of seeds.", show_default=False)
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Give a study more seeds, or the wider axes and seeds of a spec; only new trials run.

    All points and seeds that the study had must stay in, and the spec's other fields must be the
    study's own.

    [bold]Examples[/bold]

    gofau extend 219c87afc8c93016 --seeds 10

    gofau extend 219c87afc8c93016 wider.yaml
    """
    if (spec is None) is (seeds is None):
        raise CliError("extend: got both or neither, expected either SPEC or --seeds")
    with connect(url, token) as client:
        if spec is None:
            _say(client.extend(study, seeds=seeds), as_json)
            return
        parsed = parse_yaml(read_spec(spec))
        _refuse_other(parsed, stored_spec(client.get(study).spec), spec)
        axes = {name: axis.model_dump(exclude_none=True) for name, axis in parsed.axes.items()}
        _say(client.extend(study, seeds=list(parsed.seeds), axes=axes), as_json)


def _refuse_other(wanted: StudySpec, had: StudySpec, spec: Path) -> None:
    """Refuse a spec that asks for more than axes and seeds, which alone are extended."""
    mine, theirs = meaning(wanted), meaning(had)
    others = sorted(
        name
        for name in mine.keys() | theirs.keys()
        if name not in ("axes", "seeds") and mine.get(name) != theirs.get(name)
    )
    if others:
        raise CliError(
            f"{spec}: got other {', '.join(others)} than the study has, expected its own; "
            "axes and seeds alone are extended, anything else is another study: gofau submit"
        )


@command(Panel.CHANGE)
def tag(
    study: options.StudyId,
    tags: Tags = None,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Replace a study's tags.

    [bold]Examples[/bold]

    gofau tag 219c87afc8c93016 nightly digits

    gofau tag 219c87afc8c93016
    """
    with connect(url, token) as client:
        changed = client.tag(study, tags or [])
    if as_json:
        print_json(changed)
    else:
        out().print(f"{changed.id}: {', '.join(changed.tags) or 'no tags'}", markup=False)


@command(Panel.CHANGE)
def delete(
    study: options.StudyId,
    force: Annotated[bool, typer.Option("--force", help="Cancel it first if it runs.")] = False,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Delete a study with all its trials. This cannot be undone.

    [bold]Example[/bold]

    gofau delete 219c87afc8c93016
    """
    with connect(url, token) as client:
        gone = client.delete(study, force=force)
    if as_json:
        print_json({"study": study, "gone": gone})
    else:
        out().print(f"{study} {'is gone' if gone else 'goes as soon as its job has ended'}")


def _say(study: StudyDetail, as_json: bool) -> None:
    if as_json:
        print_json(study)
        return
    waiting = f", {study.counts.waiting} of {study.trials} trials wait"
    out().print(f"{study.id} is {study.state}{waiting if study.counts.waiting else ''}")
