"""A further command of the command line is one file and its section in the docs."""

from pathlib import Path

from tests.where.copied import Patch, copied

COMMAND = '''"""``gofau count``."""

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json


@command(Panel.LOOK)
def count(
    url: options.Url = None, token: options.Token = None, as_json: options.Json = False
) -> None:
    """Say how many studies there are.

    [bold]Example[/bold]

    gofau count
    """
    with connect(url, token) as client:
        studies = len(list(client.list()))
    if as_json:
        print_json({"studies": studies})
    else:
        out().print(f"{studies} studies")
'''
SECTION = """## gofau count

Says how many studies there are.

```sh
gofau count --json
```

| option | meaning |
|---|---|
| `--url`, `--token`, `--json` | as everywhere |

"""
BEFORE = "## gofau data fetch\n"
PATCH: Patch = {
    "service/gofau_service/cli/commands/count.py": COMMAND,
    "docs/cli.md": [(BEFORE, f"{SECTION}{BEFORE}")],
}
ASKED = """
import sys
from pathlib import Path
from gofau_service.cli.entry import run
from gofau_service.settings import Settings
from tests.service.fakes import FakeRunner, Service

service = Service.start(Settings(data_dir=Path(sys.argv[1]), reconcile=False), FakeRunner())
service.submit()
codes = [run(["count", "--url", service.server.url]), run(["--help"])]
service.close()
assert codes == [0, 0], codes
"""


def test_a_command_is_a_file_and_a_section_of_the_docs(tmp_path: Path) -> None:
    assert len(PATCH) == 2
    copy = copied(tmp_path, PATCH)
    said, _, shown = copy.run(ASKED, str(tmp_path / "data")).partition("\n")
    assert said == "1 studies"
    assert "Say how many studies there are." in shown
    copy.test("tests/docs/test_cli_docs.py", "-k", "count or unknown_command")
