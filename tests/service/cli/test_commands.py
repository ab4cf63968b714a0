"""Each command against the real API: what it prints, what it changes, how it ends."""

import io
from pathlib import Path

import httpx
import pytest

from gofau_service import cli
from gofau_service.cli import connect
from gofau_service.cli.exits import Exit
from gofau_service.cli.outcome import conclude
from gofau_service.client import Backoff, Client
from gofau_studies.report.model import RobustnessReport
from tests.service.cli.conftest import GOOD, Gofau
from tests.service.fakes import Service

TRIALS = 12


@pytest.fixture
def done(gofau: Gofau, service: Service, spec: Path) -> str:
    """The id of a study whose trials have all completed."""
    study: str = gofau("submit", spec, "--json").json["id"]
    service.reconciler.look()
    service.worker(study).finish()
    return study


def test_submit_stores_the_study_and_says_how_to_follow(
    gofau: Gofau, service: Service, spec: Path
) -> None:
    ran = gofau("submit", spec)
    [stored] = service.http.get("/v1/studies").json()["items"]
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"{stored['id']}: {TRIALS} trials queued",
        f"follow it with: gofau watch {stored['id']}",
    ]


def test_submit_reads_standard_input(
    gofau: Gofau, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(GOOD))
    assert gofau("submit", "-", "--json").json["source"] == GOOD


def test_one_key_gives_one_study(gofau: Gofau, service: Service, spec: Path) -> None:
    first, second = (gofau("submit", spec, "--key", "k", "--json").json["id"] for _ in range(2))
    assert first == second
    spec.write_text(GOOD.replace("seeds: 2", "seeds: 3"))
    ran = gofau("submit", spec, "--key", "k")
    assert ran.code == 2
    assert "error: " in ran.err


def test_a_study_that_failed_says_with_what(gofau: Gofau, service: Service, spec: Path) -> None:
    study: str = gofau("submit", spec, "--json").json["id"]
    service.reconciler.look()
    worker = service.worker(study)
    raised = "Traceback (most recent call last):\n  x()\nOSError: [Errno 2] no data\n"
    for _ in range(3):
        lease = worker.lease(*range(TRIALS))
        worker.post(lease.lease, failures=dict.fromkeys(range(TRIALS), raised))
    reason = f"{TRIALS} of its trials failed, the first with OSError: [Errno 2] no data"
    ran = gofau("watch", study)
    assert ran.code == 1
    assert f"{study} is failed: {reason}\n" in ran.err
    assert "OSError: [Errno 2] no data" in gofau("trials", study, "--limit", "1").out


def test_watch_prints_the_rules_and_writes_the_page(
    gofau: Gofau, done: str, tmp_path: Path
) -> None:
    ran = gofau("watch", done)
    assert ran.code == 0
    for word in ("Diverged", "Best", "Basin width", "lr sensitivity", "additive", "multiplicative"):
        assert word in ran.out
    assert f"small completed: {TRIALS}/{TRIALS} trials" in ran.err
    page = (tmp_path / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert str(tmp_path / "report.html") in ran.out


def test_the_studys_page_is_named_where_it_stays(
    gofau: Gofau, service: Service, done: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, address = gofau("watch", done).out.splitlines()[-1].split()
    assert (name, address) == ("study", f"{service.server.url}/studies/{done}")
    assert httpx.get(address, timeout=60).headers["content-type"].startswith("text/html")
    with Client(service.server.url) as client:
        conclude(client, client.get(done), None, as_json=False, stays=False)
    assert capsys.readouterr().out.splitlines()[-1].split() == ["study", done]


def test_watch_as_json_is_one_document(gofau: Gofau, done: str, tmp_path: Path) -> None:
    found = gofau("watch", done, "--json", "--html", tmp_path / "r.html").json
    assert found["study"]["state"] == "completed"
    assert found["html"] == str(tmp_path / "r.html")
    assert RobustnessReport.model_validate(found["report"]).study.name == "small"


def test_a_cancelled_study_ends_the_watch_with_1(
    gofau: Gofau, service: Service, spec: Path
) -> None:
    study = gofau("submit", spec, "--json").json["id"]
    cancelled = gofau("cancel", study)
    assert cancelled.code == 0
    assert cancelled.out.startswith(f"{study} is cancel")
    service.reconciler.look()
    ran = gofau("watch", study)
    assert ran.code == 1
    assert f"{study} is cancelled" in ran.err


def test_list_shows_the_newest_first_and_filters(
    gofau: Gofau, service: Service, spec: Path
) -> None:
    assert "no study yet" in gofau("list").out
    first = gofau("submit", spec, "--json").json["id"]
    second = gofau("submit", spec, "--json").json["id"]
    assert [s["id"] for s in gofau("list", "--json").json] == [second, first]
    assert [s["id"] for s in gofau("list", "--json", "--limit", "1").json] == [second]
    assert gofau("list", "--json", "--state", "running").json == []
    assert gofau("list", "--json", "--name", "other").json == []
    table = gofau("list").out
    assert first in table
    assert second in table


def test_show_gives_the_counts(gofau: Gofau, done: str) -> None:
    ran = gofau("show", done)
    assert f"{TRIALS} of {TRIALS} ended (100%)" in ran.out
    assert f"{TRIALS} reached target" in ran.out
    assert gofau("show", done, "--json").json["counts"]["completed"] == TRIALS


def test_report_comes_in_four_forms(gofau: Gofau, done: str, tmp_path: Path) -> None:
    ran = gofau("report", done, "--html", "r.html", "--markdown", "r.md")
    assert "multiplicative against additive" in ran.out
    assert (tmp_path / "r.html").read_text().lstrip().lower().startswith("<!doctype html>")
    assert (tmp_path / "r.md").read_text().startswith("# Robustness of small")
    data = gofau("report", done, "--json").json
    assert {r["rule"] for r in data["groups"][0]["rules"]} == {"additive", "multiplicative"}


def test_validate_counts_and_stores_nothing(gofau: Gofau, empty: Service, spec: Path) -> None:
    plan = gofau("validate", spec, "--json").json
    assert (plan["trials"], plan["cells"], plan["packs"]) == (TRIALS, 6, 2)
    assert "trials      12" in gofau("validate", spec).out
    assert empty.http.get("/v1/studies").json()["items"] == []


def test_validate_offline_asks_no_service(gofau: Gofau, spec: Path) -> None:
    plan = gofau("validate", spec, "--offline", "--json").json
    assert (plan["trials"], plan["cells"]) == (TRIALS, 6)


@pytest.mark.parametrize("command", ["show", "report", "cancel", "watch"])
def test_an_unknown_study_is_bad_input(gofau: Gofau, empty: Service, command: str) -> None:
    ran = gofau(command, "nope")
    assert ran.code == 2
    assert "nope" in ran.err


def quick(url: str, token: str | None, backoff: Backoff | None) -> Client:
    return Client(url, token, backoff=Backoff(tries=1))


class Restarting(httpx.HTTPTransport):
    """A service to which the first requests find no connection."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self._left = refusals

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._left -= 1
        if self._left >= 0:
            raise httpx.ConnectError("connection refused", request=request)
        return super().handle_request(request)


@pytest.mark.parametrize(
    "command, refusals, code", [("watch", 9, 0), ("watch", 10, 3), ("show", 5, 3)]
)
def test_a_watch_waits_for_a_service_that_restarts(
    gofau: Gofau, done: str, monkeypatch: pytest.MonkeyPatch, command: str, refusals: int, code: int
) -> None:
    pauses: list[float] = []

    def restarting(url: str, token: str | None, backoff: Backoff | None) -> Client:
        transport = Restarting(refusals)
        return Client(url, token, backoff=backoff, transport=transport, sleep=pauses.append)

    monkeypatch.setattr(connect, "Client", restarting)
    assert gofau(command, done).code == code
    assert sum(pauses) == pytest.approx(26.2 if command == "watch" else 3.0, abs=0.5)


@pytest.mark.parametrize("command", [["list"], ["show", "x"], ["validate", "study.yaml"]])
def test_without_a_service_the_code_is_3(
    gofau: Gofau, spec: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr(connect, "Client", quick)
    ran = gofau(*command, "--url", "http://127.0.0.1:9")
    assert ran.code == 3
    assert "expected an answer from http://127.0.0.1:9; start one with 'gofau up'" in ran.err


def test_a_refused_token_is_5(gofau: Gofau, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"title": "Unauthorized", "detail": "expected a token"})

    def refusing(url: str, token: str | None, backoff: Backoff | None) -> Client:
        return Client(url, token, transport=httpx.MockTransport(refuse))

    monkeypatch.setattr(connect, "Client", refusing)
    ran = gofau("list", "--json")
    assert ran.code == 5
    message = "expected a token; give a token with --token or GOFAU_API_TOKEN"
    assert ran.json == {"error": {"message": message, "errors": []}}


@pytest.mark.parametrize("debug, traces", [((), False), (("--debug",), True)])
def test_a_bug_is_70_and_shows_its_trace_only_when_asked(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, debug: tuple[str, ...], traces: bool
) -> None:
    def broken(url: str, token: str | None, backoff: Backoff | None) -> Client:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(connect, "Client", broken)
    ran = gofau("list", *debug)
    assert ran.code == 70
    assert "ZeroDivisionError: boom (a fault of gofau" in ran.err
    assert ("Traceback" in ran.err) is traces


def test_ctrl_c_while_watching_leaves_the_study_alone(
    gofau: Gofau, service: Service, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Client, study: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "watch", interrupted)
    ran = gofau("submit", spec, "--watch")
    assert ran.code == 130
    assert "the study goes on: gofau watch" in ran.err
    assert service.http.get("/v1/studies").json()["items"][0]["state"] == "queued"


def test_the_version_names_the_code(gofau: Gofau) -> None:
    ran = gofau("--version")
    assert ran.code == 0
    assert ran.out.startswith("0.1.0+")


def test_lists_are_sorted_and_filtered(gofau: Gofau, done: str) -> None:
    assert [s["id"] for s in gofau("list", "--sort=-progress", "--json").json] == [done]
    rows = gofau("trials", done, "--sort=-lr", "--where", "lr>=0.1", "--where", "lr<0.5", "--json")
    assert [round(row["point"]["lr"], 6) for row in rows.json] == [0.1] * (TRIALS // 3)
    refused = gofau("trials", done, "--where", "lr")
    assert refused.code == 2
    assert "a condition such as value<0.5" in refused.err


def test_a_list_without_a_match_does_not_say_that_there_is_no_study(
    gofau: Gofau, service: Service, spec: Path
) -> None:
    assert gofau("list").out == "no study yet; submit one with 'gofau submit SPEC'\n"
    gofau("submit", spec)
    for narrow in (["--state", "failed"], ["--name", "other"], ["--tag", "none"]):
        assert gofau("list", *narrow).out == "no such study\n"
    assert "small" in gofau("list", "--name", "MAL").out


def test_folders_of_reports_and_exports_are_made(gofau: Gofau, done: str, tmp_path: Path) -> None:
    assert gofau("report", done, "--html", "a/r.html", "--markdown", "b/r.md").code == 0
    assert gofau("export", done, "--out", "c/d/trials.csv").code == 0
    assert gofau("watch", done, "--html", "e/r.html").code == 0
    made = [str(path.relative_to(tmp_path)) for path in tmp_path.glob("?/**/*.*")]
    assert sorted(made) == ["a/r.html", "b/r.md", "c/d/trials.csv", "e/r.html"]


@pytest.mark.parametrize("command", ["submit --watch", "run", "demo"])
@pytest.mark.parametrize("page", ["study.yaml/page.html", "folder"])
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_trained(
    gofau: Gofau, empty: Service, spec: Path, tmp_path: Path, command: str, page: str
) -> None:
    (tmp_path / "folder").mkdir()
    ran = gofau(*command.split(), *([] if command == "demo" else [spec]), "--html", page)
    assert ran.code == 2
    assert ran.err.startswith(f"error: --html: got {page} (")
    assert "expected a file to write" in ran.err
    assert empty.http.get("/v1/studies").json()["items"] == []
    assert not (tmp_path / ".gofau").exists()


def test_a_page_without_watch_is_refused(gofau: Gofau, empty: Service, spec: Path) -> None:
    ran = gofau("submit", spec, "--html", "page.html")
    assert ran.code == 2
    assert "--html: got page.html, expected --watch beside it" in ran.err
    assert empty.http.get("/v1/studies").json()["items"] == []


@pytest.mark.parametrize("value", ["\u00fc", "a\nb", " a", ""])
def test_what_no_header_carries_is_named(
    gofau: Gofau, empty: Service, spec: Path, value: str
) -> None:
    ran = gofau("submit", spec, "--key", value)
    assert ran.code == 2
    expected = f"error: key: got {value!r}, expected ASCII characters, printable ones alone"
    assert " ".join(ran.err.split()) == " ".join(expected.split())
    if value:
        assert f"token: got {value!r}, expected ASCII" in gofau("list", "--token", value).err


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://", "http://[::1", "x"])
def test_an_address_that_is_none_is_named(gofau: Gofau, url: str) -> None:
    ran = gofau("list", "--url", url)
    assert ran.code == 2
    assert ran.err.startswith(f"error: url: got {url!r}, expected an address such as http://")


def test_ctrl_c_while_modules_are_loaded_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("gofau_service.cli.entry.run", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.INTERRUPTED == Exit.INTERRUPTED


@pytest.mark.parametrize("command", ["serve", "migrate", "backup file", "restore file"])
def test_a_setting_that_cannot_be_is_the_user_s_to_mend(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("GOFAU_LEASE_TTL_S", "-1")
    ran = gofau(*command.split())
    assert ran.code == Exit.BAD_INPUT
    assert ran.err == "error: GOFAU_LEASE_TTL_S: got '-1', expected greater than 0\n"


def test_a_database_that_does_not_answer_is_named(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFAU_DATABASE_URL", "postgresql+psycopg://u:secret@127.0.0.1:1/x")
    ran = gofau("migrate")
    assert ran.code == Exit.UNREACHABLE
    assert ran.err.startswith("error: database: connection failed")
    assert "secret" not in ran.err
