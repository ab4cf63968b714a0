"""The one place that talks to Ray: its job API, over HTTP on the dashboard's port.

The API is the one documented under "Ray Jobs REST API"; using it directly gives every call a
timeout and keeps ray itself out of the service's process.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import httpx

from gofau_service.errors import RayUnreachableError

TIMEOUT_S = 20.0
TAIL = 4_000


class JobStatus(StrEnum):
    """Where a job stands in Ray's words, and ``UNKNOWN`` for one that the cluster lacks."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"

    @property
    def ended(self) -> bool:
        """Whether the job will do nothing more; a lost one cannot."""
        return self not in (JobStatus.PENDING, JobStatus.RUNNING)


@dataclass(frozen=True)
class JobRequest:
    """What to run; ``environment`` may hold secrets and is never logged."""

    submission_id: str
    python: str
    environment: Mapping[str, str]
    study: str

    @property
    def entrypoint(self) -> str:
        """The command line of the driver, without any secret."""
        return f"{shlex.quote(self.python)} -m gofau_workers.driver"

    def __repr__(self) -> str:
        return f"JobRequest({self.submission_id!r}, {self.entrypoint!r})"


class JobRunner(Protocol):
    """Runs drivers somewhere.

    Laws: submitting a known submission id changes nothing; stopping an ended or unknown job
    changes nothing; a job that the runner does not know is ``UNKNOWN``; every method raises
    `RayUnreachableError` when the runner cannot be asked, and then promises nothing.
    """

    def submit(self, request: JobRequest) -> None:
        """Start the job unless its submission id is known."""

    def status(self, submission_id: str) -> JobStatus:
        """Where the job stands."""

    def stop(self, submission_id: str) -> None:
        """Ask the job to stop."""

    def log_tail(self, submission_id: str) -> str:
        """The end of what the job printed; empty when there is nothing."""


class RayJobs:
    """`JobRunner` on a Ray cluster."""

    def __init__(
        self, address: str, token: str = "", transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=address.rstrip("/"), headers=headers, timeout=TIMEOUT_S, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, request: JobRequest) -> None:
        """Start the job unless its submission id is known."""
        if self.status(request.submission_id) is not JobStatus.UNKNOWN:
            return
        body = {
            "entrypoint": request.entrypoint,
            "submission_id": request.submission_id,
            "runtime_env": {"env_vars": dict(request.environment)},
            "metadata": {"study": request.study},
        }
        self._call("POST", "/api/jobs/", json=body)

    def status(self, submission_id: str) -> JobStatus:
        """Where the job stands."""
        answer = self._call("GET", f"/api/jobs/{submission_id}", missing=True)
        return JobStatus(answer["status"]) if answer else JobStatus.UNKNOWN

    def stop(self, submission_id: str) -> None:
        """Ask the job to stop."""
        self._call("POST", f"/api/jobs/{submission_id}/stop", missing=True)

    def log_tail(self, submission_id: str) -> str:
        """The end of what the job printed."""
        answer = self._call("GET", f"/api/jobs/{submission_id}/logs", missing=True)
        return str(answer.get("logs") or "")[-TAIL:] if answer else ""

    def _call(
        self, method: str, path: str, *, missing: bool = False, json: Any = None
    ) -> dict[str, Any] | None:
        """The answer; ``None`` for a job that is not there, where that is allowed."""
        try:
            response = self._http.request(method, path, json=json)
        except httpx.TransportError as error:
            raise RayUnreachableError(f"Ray at {self._http.base_url}: {_said(error)}") from error
        if missing and response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.is_error:
            # Bodies of failed submissions may echo the environment, so they stay out.
            raise RayUnreachableError(f"Ray: {method} {path} answered HTTP {response.status_code}")
        return _read(response)


def _read(response: httpx.Response) -> dict[str, Any]:
    """The object in an answer, which another program on that port would not give."""
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        call = f"{response.request.method} {response.request.url}"
        raise RayUnreachableError(f"Ray: {call} got an answer that is no JSON object")
    return found


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
