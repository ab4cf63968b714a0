"""A further endpoint is one file and its row in the docs."""

import json
from pathlib import Path

from tests.where.copied import Patch, copied

ENDPOINT = '''"""``/v1/studies/{study}/mood``: how a study does, in a word."""

from typing import Annotated

from fastapi import APIRouter, Path

from gofau_service.answers import Answer
from gofau_service.api.dependencies import Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.store import studies

router = APIRouter(prefix="/v1/studies/{study}", tags=["studies"], responses=PROBLEMS)


class Mood(Answer):
    """How a study does."""

    word: str


@router.get("/mood")
def mood(app: Use, who: Reader, study: Annotated[str, Path(max_length=64)]) -> Mood:
    """How a study does."""
    with app.store.read() as session:
        found = studies.find(session, study, who.sees)
        return Mood(word="hopeful" if found.state == "queued" else "busy")

'''
ROW = "| `GET /v1/compare` |"
PATCH: Patch = {
    "service/gofau_service/api/mood.py": ENDPOINT,
    "docs/rest.md": [(ROW, f"| `GET /v1/studies/{{study}}/mood` | how a study does |\n{ROW}")],
}
ASKED = """
import json, sys
from pathlib import Path
from gofau_service.settings import Settings
from tests.service.fakes import FakeRunner, Service

service = Service.start(Settings(data_dir=Path(sys.argv[1]), reconcile=False), FakeRunner())
study = service.submit()["id"]
answers = [service.http.get(f"/v1/studies/{one}/mood") for one in (study, "none")]
document = service.http.get("/openapi.json").json()
service.close()
print(json.dumps({
    "answers": [(answer.status_code, answer.json()) for answer in answers],
    "operation": document["paths"]["/v1/studies/{study}/mood"]["get"],
    "schema": document["components"]["schemas"]["Mood"],
}))
"""


def test_an_endpoint_is_a_file_and_a_row_of_the_docs(tmp_path: Path) -> None:
    assert len(PATCH) == 2
    copy = copied(tmp_path, PATCH)
    seen = json.loads(copy.run(ASKED, str(tmp_path / "data")))
    (status, body), (missing, problem) = seen["answers"]
    assert (status, body) == (200, {"word": "hopeful"})
    assert (missing, problem["detail"]) == (404, "no study none")
    assert seen["operation"]["summary"] == "Mood"
    assert seen["schema"]["required"] == ["word"]
    copy.test("tests/docs/test_reference.py", "-k", "every_call_of_the_api")
