"""``python -m reproduce toys``: the published toy tables beside ours."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reproduce.figures import new_figure, save_figures
from reproduce.protocol import Protocol
from reproduce.report import markdown
from reproduce.sensitivity import variants
from reproduce.tables import rows, summary
from reproduce.text import lines

QUICK = Protocol(label="quick", draws=50, rounds=3, zoom=3.0, tuning_starts=5, repetitions=3)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="gofau reproduce", description=__doc__)
    made.add_argument("what", choices=["toys"], help="the published result to run again")
    made.add_argument("--json", action="store_true", help="print JSON and nothing else")
    made.add_argument("--out", type=Path, help="folder for toys.json, report.md and figures")
    made.add_argument("--quick", action="store_true", help="3 repetitions and a short search")
    made.add_argument("--repetitions", type=at_least_two, help="instead of 10, or of 3 when quick")
    made.add_argument(
        "--sensitivity", action="store_true", help="also change the open choices one by one"
    )
    return made


def at_least_two(text: str) -> int:
    """A count of repetitions, of which a deviation needs two."""
    count = int(text)
    if count < 2:
        raise argparse.ArgumentTypeError(f"got {count}, expected an integer >= 2")
    return count


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    asked = parser().parse_args(argv)
    protocol = QUICK if asked.quick else Protocol()
    if asked.repetitions is not None:
        protocol = replace(protocol, repetitions=asked.repetitions)
    if asked.out is not None:
        new_figure(1.0, 1.0)  # a missing matplotlib is found before the long run, not after
        asked.out.mkdir(parents=True, exist_ok=True)
    made = rows(protocol)
    result = summary(protocol, made)
    if asked.sensitivity:
        result["sensitivity"] = sensitivity(protocol)
    if asked.out is not None:
        (asked.out / "toys.json").write_text(json.dumps(result, indent=1) + "\n")
        (asked.out / "report.md").write_text(markdown(result))
        save_figures(protocol, made, asked.out)
    shown = json.dumps(result) if asked.json else "\n".join(lines(result))
    sys.stdout.write(shown + "\n")
    return 0


def sensitivity(protocol: Protocol) -> list[dict[str, Any]]:
    """The summary of every variant, with orders in place of cells."""
    found = []
    for number, variant in enumerate(variants(protocol), 1):
        sys.stderr.write(f"variant {number}: {variant.label}\n")
        result = summary(variant, rows(variant))
        kept = ("table", "case", "direction", "agrees", "order", "contradictions")
        result["rows"] = [{name: row[name] for name in kept} for row in result["rows"]]
        found.append(result)
    return found


if __name__ == "__main__":
    sys.exit(main())
