"""Dockerfiles as lists of steps, read from the files themselves."""

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))


@dataclass(frozen=True)
class Step:
    """One instruction with its argument, continuation lines joined."""

    word: str
    text: str

    @property
    def command(self) -> list[str]:
        """The words of a CMD in its JSON form."""
        found: list[str] = json.loads(self.text)
        return found


def steps(path: Path) -> list[Step]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    split = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [Step(word, text.strip()) for word, _, text in split]
