"""What is served, and what it may do: no browser needed."""

import re
from collections.abc import Callable

import pytest

from gofau_service.pages.assets import assets
from gofau_studies.report.rows import ROWS
from gofau_studies.spec.parsing import parse_yaml
from tests.each import case
from tests.service.fakes import SPEC, Service

SHELLS = ("/", "/submit", "/compare", "/studies/any")
HTML_SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
    r"|DOMParser|srcdoc|\beval\(|new Function|javascript:"
)


@pytest.mark.parametrize("path", SHELLS)
def test_pages_allow_no_inline_script_and_no_framing(service: Service, path: str) -> None:
    answer = service.http.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", answer.text)


@pytest.mark.parametrize("path", SHELLS)
def test_every_file_that_a_page_names_is_served(service: Service, path: str) -> None:
    names = re.findall(r'(?:src|href)="(/static/[^"]+)"', service.http.get(path).text)
    assert len(names) > 10
    for name in names:
        answer = service.http.get(name)
        assert answer.status_code == 200, name
        assert answer.headers["content-type"].split(";")[0] in ("text/javascript", "text/css")


def test_a_known_etag_saves_the_body(service: Service) -> None:
    first = service.http.get("/static/dom.js")
    again = service.http.get("/static/dom.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["none.js", "..%2fassets.py", "%2e%2e/endpoints.py", "shell.html"])
def test_nothing_beside_the_static_files_is_served(service: Service, name: str) -> None:
    assert service.http.get(f"/static/{name}").status_code == 404


def test_scripts_parse_no_html_and_stay_short() -> None:
    for name, asset in assets().items():
        text = asset.body.decode()
        with case(name):
            assert not HTML_SINKS.search(text)
            if name.endswith(".js"):
                assert text.startswith("// @ts-check\n/**")
                assert text.count("\n") <= 280


def test_imports_are_served() -> None:
    for name in (n for n in assets() if n.endswith(".js")):
        folder = "pages/" if name.startswith("pages/") else ""
        for target in re.findall(r'from "([^"]+)"', assets()[name].body.decode()):
            found = target.removeprefix("./") if not folder else target.removeprefix("../")
            assert found in assets(), (name, target)


def test_ready_made_studies_are_valid(service: Service) -> None:
    examples = service.http.get("/pages/examples").json()
    assert "digits-mlp" in [e["name"] for e in examples]
    for example in examples:
        parse_yaml(example["text"])


def test_metrics_have_titles(service: Service) -> None:
    words = service.http.get("/pages/metrics").json()
    assert [w["name"] for w in words] == [row.name for row in ROWS]


def test_a_spec_comes_back_as_data_or_with_its_faults(service: Service) -> None:
    spec = service.http.post("/pages/spec", json=SPEC).json()
    assert spec["rules"][1] == {"name": "hybrid", "label": "hybrid", "parameters": {"gamma": 0.5}}
    refused = service.http.post("/pages/spec", json={**SPEC, "epochs": 0})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "epochs"


def test_a_job_is_linked_once_there_is_one(service: Service) -> None:
    study = service.submit()["id"]
    path = f"/pages/studies/{study}/job"
    assert service.http.get(path).json() is None
    service.reconciler.look()
    job = service.http.get(path).json()
    assert job["url"] == f"http://127.0.0.1:8265/#/jobs/gofau-{study}-1"


def test_pages_data_needs_a_token_where_the_service_does(
    make_service: Callable[..., Service],
) -> None:
    closed = make_service(auth=True)
    assert closed.http.get("/").status_code == 200
    assert closed.http.get("/pages/studies/any/job").status_code == 401
    assert closed.http.post("/pages/spec", json=SPEC).status_code == 401
