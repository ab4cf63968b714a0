"""The command line is documented: every command, option, exit code and make target."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gofau_service.cli.app import app
from gofau_service.cli.exits import Exit
from gofau_service.client import Client, errors
from tests.docs.conftest import GUIDES, REFERENCE, ROOT, blocks, section
from tests.each import case

ROOT_COMMAND = get_command(app)


def leaves(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its whole name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


COMMANDS = dict(leaves(ROOT_COMMAND))


def test_every_command_is_documented_with_its_options_and_an_example() -> None:
    for name, command in COMMANDS.items():
        text = section("docs/cli.md", f"gofau {name}")
        options = [option for p in command.params for option in p.opts if option[0] == "-"]
        with case(name):
            assert f"\ngofau {name}" in text
            assert [option for option in options if f"`{option}`" not in text] == []


def test_no_documented_option_is_unknown() -> None:
    for name, command in COMMANDS.items():
        known = {option for p in command.params for option in p.opts}
        table = re.findall(r"^\| (.*?) \|", section("docs/cli.md", f"gofau {name}"), re.MULTILINE)
        named = {option for cell in table for option in re.findall(r"`(-[-\w]+)`", cell)}
        with case(name):
            assert named <= known


def test_no_section_is_about_an_unknown_command() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^## gofau (.+)$", text, re.MULTILINE)) == sorted(COMMANDS)


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            app([*name.split(), "--help"], prog_name="gofau")
        shown = capsys.readouterr().out
        with case(name):
            assert ended.value.code == 0
            assert "Example" in shown
            assert re.search(rf"gofau {name}|gofau serve", shown)


def shell_lines() -> Iterator[tuple[str, str]]:
    for block in blocks("sh", (*GUIDES, *REFERENCE)):
        for line in block.text.splitlines():
            match = re.search(r"(?:^|\| )(gofau [^|]*)", line)
            if match:
                yield block.place, match[1].strip()


def test_commands_in_the_guides_can_be_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = list(shell_lines())
    assert lines
    for place, line in lines:
        with case(place, line):
            assert_parsed(line)


def assert_parsed(line: str) -> None:
    words = shlex.split(line.partition(">")[0])[1:]
    if words[0].startswith("-"):
        assert words[0] in {option for p in ROOT_COMMAND.params for option in p.opts}
        return
    count = 2 if words[0] in ("token", "data") else 1
    name = " ".join(words[:count])
    COMMANDS[name].make_context(name, words[count:])


def test_exit_codes_are_documented_as_they_are() -> None:
    text = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", text, re.MULTILINE)
    assert [(int(code), meaning) for code, meaning in rows] == [(e.value, e.meaning) for e in Exit]


def test_make_targets_in_the_guides_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    guides = "".join(block.text for block in blocks("sh"))
    named = set(re.findall(r"\bmake ([a-z-]+)", guides))
    assert named
    assert named <= targets


def links(document: Path) -> list[str]:
    """Relative links of a document, without their fragments."""
    text = document.read_text(encoding="utf-8")
    return re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text)


def test_links_between_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents
        for target in links(path)
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_every_document_can_be_found_from_the_index() -> None:
    seen: set[Path] = set()
    found = [ROOT / "docs/index.md"]
    while found:
        path = found.pop()
        if path in seen or path.suffix != ".md":
            found += [] if path in seen else sorted(path.rglob("*.md"))
            seen.add(path)
            continue
        seen.add(path)
        found += [(path.parent / link).resolve() for link in links(path)]
    documents = {path.resolve() for path in (ROOT / "docs").rglob("*.md")}
    assert documents - {path.resolve() for path in seen} == set()


def test_every_verb_of_the_client_is_documented() -> None:
    text = (ROOT / "docs/client.md").read_text(encoding="utf-8")
    verbs = {name for name in vars(Client) if not name.startswith("_")}
    plumbing = {"close", "send", "pages"}
    assert {verb for verb in verbs - plumbing if f"`{verb}" not in text} == set()


def test_every_error_of_the_client_is_documented() -> None:
    text = (ROOT / "docs/client.md").read_text(encoding="utf-8")
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]
    assert {k.__name__ for k in kinds if f"`{k.__name__}`" not in text} == {"RefusedError"}
