"""The client of Ray's job API, against its documented answers."""

import json
from collections.abc import Callable

import httpx
import pytest

from gofau_service.errors import RayUnreachableError
from gofau_service.reconciler.ray_jobs import TAIL, JobRequest, JobStatus, RayJobs

REQUEST = JobRequest("gofau-1-1", "/opt/a b/python", {"GOFAU_TOKEN": "secret"}, "1")


def jobs(handler: Callable[[httpx.Request], httpx.Response], token: str = "") -> RayJobs:
    return RayJobs("http://ray:8265", token, httpx.MockTransport(handler))


def test_submission_carries_the_secret_in_the_environment_only() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        known = request.method == "POST"
        return httpx.Response(200 if known else 404, json={"submission_id": "gofau-1-1"})

    jobs(answer, "ray-token").submit(REQUEST)
    get, post = seen
    assert (get.method, get.url.path) == ("GET", "/api/jobs/gofau-1-1")
    assert post.headers["Authorization"] == "Bearer ray-token"
    assert json.loads(post.content) == {
        "entrypoint": "'/opt/a b/python' -m gofau_workers.driver",
        "submission_id": "gofau-1-1",
        "runtime_env": {"env_vars": {"GOFAU_TOKEN": "secret"}},
        "metadata": {"study": "1"},
    }


def test_a_known_job_is_not_submitted_again() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.method == "GET"
        return httpx.Response(200, json={"status": "RUNNING"})

    jobs(answer).submit(REQUEST)


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"])
def test_status_is_rays_word(status: str) -> None:
    found = jobs(lambda _: httpx.Response(200, json={"status": status})).status("x")
    assert found == status
    assert found.ended == (status not in ("PENDING", "RUNNING"))


def test_an_unknown_job_is_unknown_and_ended() -> None:
    runner = jobs(lambda _: httpx.Response(404, text="Job x does not exist"))
    assert runner.status("x") is JobStatus.UNKNOWN
    assert JobStatus.UNKNOWN.ended
    assert runner.log_tail("x") == ""
    runner.stop("x")


def test_only_the_end_of_a_log_is_kept() -> None:
    runner = jobs(lambda _: httpx.Response(200, json={"logs": "a" * 10_000 + "end"}))
    tail = runner.log_tail("x")
    assert (len(tail), tail[-3:]) == (TAIL, "end")


def test_an_error_says_the_status_but_not_the_body() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404 if request.method == "GET" else 500, text="env: secret")

    with pytest.raises(RayUnreachableError) as caught:
        jobs(refuse).submit(REQUEST)
    assert str(caught.value) == "Ray: POST /api/jobs/ answered HTTP 500"


def test_no_connection_is_unreachable() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(RayUnreachableError, match="ConnectError: refused"):
        jobs(refuse).status("x")


@pytest.mark.parametrize("text", ["", "# HELP up\nup 1", "[]", "null"])
def test_another_program_in_the_place_of_ray_is_unreachable(text: str) -> None:
    with pytest.raises(RayUnreachableError) as caught:
        jobs(lambda _: httpx.Response(200, text=text)).status("gofau-1-1")
    call = "GET http://ray:8265/api/jobs/gofau-1-1"
    assert str(caught.value) == f"Ray: {call} got an answer that is no JSON object"
