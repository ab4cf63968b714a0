"""The routes that the modules of the API bring."""

import pytest
from fastapi import APIRouter

from gofau_service.api import app, health


def test_two_routes_of_one_method_and_path_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    again = APIRouter()
    again.add_api_route("/healthz", lambda: "", methods=["GET"])
    monkeypatch.setattr(health, "again", again, raising=False)
    with pytest.raises(ValueError, match="GET /healthz more than once"):
        app.routes.__wrapped__()
