"""Validates requests and answers against DigitalOcean's public API description.

The description is not part of the repository: it lies beside it in
`../shared/openapi/digitalocean-v2.json`.
"""

from __future__ import annotations

import json
import re
import warnings
from functools import cache
from typing import Any

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator

from tests.rehearsal.harness import SHARED

DOCUMENT = SHARED / "openapi" / "digitalocean-v2.json"


@cache
def document() -> Any:
    return json.loads(DOCUMENT.read_text())


def answer_problems(method: str, path: str, status: int, body: Any) -> list[str]:
    """Return how an answer differs from the description."""
    operation = described(method, path)
    response = resolved(operation["responses"].get(str(status)))
    if response is None:
        return [f"status {status} is not described"]
    content = response.get("content", {}).get("application/json")
    if content is None or body is None:
        return [] if body is None else ["a body where none is described"]
    return schema_errors(OAS30ReadValidator, content["schema"], body)


def request_problems(method: str, path: str, body: Any) -> list[str]:
    """Return how a request's body differs from the description."""
    described_body = described(method, path).get("requestBody")
    if body is None or described_body is None:
        return []
    schema = resolved(described_body)["content"]["application/json"]["schema"]
    return schema_errors(OAS30WriteValidator, schema, body)


def described(method: str, path: str) -> Any:
    for pattern in patterns(path):
        operation = document()["paths"][pattern].get(method.lower())
        if operation is not None:
            return operation
    raise LookupError(f"{method} {path} is not described")


def patterns(path: str) -> list[str]:
    """Return the described paths that match, those without parameters first."""
    matching = [
        pattern
        for pattern in document()["paths"]
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path)
    ]
    return sorted(matching, key=lambda pattern: pattern.count("{"))


def resolved(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document()
        for word in node["$ref"].removeprefix("#/").split("/"):
            target = target[word]
        node = target
    return node


def error_problems(body: Any) -> list[str]:
    """Return how the body of an error differs from the description."""
    return schema_errors(OAS30ReadValidator, document()["components"]["schemas"]["error"], body)


def schema_errors(validator: Any, schema: Any, body: Any) -> list[str]:
    whole = {**schema, "components": document()["components"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        errors = list(validator(whole).iter_errors(body))
    return sorted(
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in errors
    )
