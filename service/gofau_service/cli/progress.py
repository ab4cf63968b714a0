"""A study's progress in the terminal: a bar where people watch, a line now and then in a log."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from gofau_service.answers import Study
from gofau_studies.protocol.trials import Outcome

LOG_EVERY_S = 5.0
STEADY = 10
"""Ended trials before a time left is worth saying."""

_STYLES: Mapping[Outcome, str] = {
    Outcome.REACHED_TARGET: "green",
    Outcome.BUDGET_EXHAUSTED: "cyan",
    Outcome.DIVERGED: "yellow",
    Outcome.NONFINITE: "red",
    Outcome.STOPPED_EARLY: "magenta",
}


def follow(updates: Iterable[Study], console: Console) -> Study:
    """Show the updates as they come, and return the last.

    Raises:
        ValueError: there was no update.
    """
    last: Study | None = None
    with _view(console) as show:
        for last in updates:
            show(last)
    if last is None:
        raise ValueError("updates: got none, expected at least one")
    return last


@contextmanager
def _view(console: Console) -> "Iterator[_Bar | _Log]":
    if not console.is_terminal:
        yield _Log(console)
        return
    bar = _Bar()
    with Live(bar, console=console, refresh_per_second=8):
        yield bar


class _Bar:
    """A bar with the counts under it."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.completed}/{task.total} trials"),
            expand=True,
        )
        self._task = self._progress.add_task("waiting", total=None)
        self._lines = Text()

    def __call__(self, study: Study) -> None:
        """Show a study."""
        done, label = study.counts.ended, f"{study.name} [{study.state}]"
        self._progress.update(
            self._task, description=_escape(label), total=study.trials, completed=done
        )
        self._lines = Text("\n").join([states_line(study), outcomes_line(study), *_message(study)])

    def __rich__(self) -> Table:
        grid = Table.grid(expand=True)
        grid.add_row(self._progress)
        grid.add_row(self._lines)
        return grid


class _Log:
    """One line at each change of state, and every few seconds between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state = ""
        self._next = 0.0

    def __call__(self, study: Study) -> None:
        """Show a study, if it is time."""
        if study.state == self._state and monotonic() < self._next:
            return
        self._state, self._next = study.state, monotonic() + LOG_EVERY_S
        parts = [f"{study.name} {study.state}: {study.counts.ended}/{study.trials} trials"]
        parts += [line.plain for line in (states_line(study), outcomes_line(study)) if line.plain]
        self._console.print(", ".join(parts), markup=False, soft_wrap=True)


def states_line(study: Study) -> Text:
    """Running, waiting and failed trials, the rate and the time left."""
    counts = study.counts
    parts = [
        f"{counts.running} running",
        f"{counts.waiting} waiting",
        f"{counts.failed} failed" if counts.failed else "",
        f"{counts.cancelled} cancelled" if counts.cancelled else "",
        f"{study.reused} reused" if study.reused else "",
        f"{study.trials_per_s:.1f} trials/s" if study.trials_per_s else "",
        f"{duration(study.eta_s)} left" if study.eta_s and counts.ended >= STEADY else "",
    ]
    return Text(", ".join(part for part in parts if part))


def outcomes_line(study: Study) -> Text:
    """Completed trials by outcome."""
    shown = [
        Text(f"{count} {outcome.replace('_', ' ')}", style=_STYLES.get(outcome, "blue"))
        for outcome, count in study.outcomes.items()
        if count
    ]
    return Text(", ").join(shown)


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 3 min 05 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return (
        f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
    )


def _message(study: Study) -> list[Text]:
    return [Text(study.message, style="dim")] if study.message else []


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
