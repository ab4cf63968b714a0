"""The API's documentation as one page that needs no network: rendered from the OpenAPI document."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

router = APIRouter(include_in_schema=False)

FIRST = ("studies", "trials", "reports", "events", "catalog", "tokens")
"""The order of the page; what is not named comes after."""

VERBS = ("get", "post", "put", "patch", "delete")
PAGES = Environment(loader=PackageLoader("gofau_service", "pages"), autoescape=select_autoescape())


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> HTMLResponse:
    """Every endpoint with its parameters, bodies, answers and an example call."""
    schema = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, verbs in schema["paths"].items():
        for verb in VERBS:
            if verb in verbs:
                entry = _entry(path, verb, verbs[verb])
                groups.setdefault(entry["tag"], []).append(entry)
    order = (*FIRST, *groups)
    groups = dict(sorted(groups.items(), key=lambda group: order.index(group[0])))
    models = schema["components"]["schemas"]
    page = PAGES.get_template("docs.html").render(
        info=schema["info"], groups=groups, models={n: pretty(m) for n, m in models.items()}
    )
    return HTMLResponse(page)


def pretty(value: Any) -> str:
    """JSON that people read."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _entry(path: str, verb: str, operation: dict[str, Any]) -> dict[str, Any]:
    bodies = operation.get("requestBody", {}).get("content", {})
    return {
        "tag": (operation.get("tags") or ["other"])[0],
        "verb": verb.upper(),
        "path": path,
        "anchor": f"{verb}-{path}".replace("/", "-").replace("{", "").replace("}", ""),
        "summary": operation.get("summary", ""),
        "text": operation.get("description", ""),
        "parameters": [_parameter(p) for p in operation.get("parameters", [])],
        "bodies": [_body(kind, body) for kind, body in bodies.items()],
        "answers": [_answer(status, a) for status, a in operation["responses"].items()],
    }


def _parameter(parameter: dict[str, Any]) -> dict[str, str]:
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "kind": _kind(parameter.get("schema", {})),
        "text": parameter.get("description", ""),
        "required": "required" if parameter.get("required") else "",
    }


def _body(kind: str, body: dict[str, Any]) -> dict[str, str]:
    example = body.get("example", "")
    text = example if isinstance(example, str) else pretty(example)
    return {"media": kind, "model": _kind(body.get("schema", {})), "example": text}


def _answer(status: str, answer: dict[str, Any]) -> dict[str, str]:
    kinds = [_kind(c.get("schema", {})) for c in answer.get("content", {}).values()]
    shown = ", ".join(kind for kind in kinds if kind)
    return {"status": status, "text": answer.get("description", ""), "model": shown}


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(filter(None, (_kind(option) for option in schema["anyOf"])))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type", ""))
