"""The scopes of requests are those that DigitalOcean's own description of its API has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.scopes import SCOPES, SECURITY

DESCRIPTION = Path(__file__).parents[2] / "shared" / "openapi" / "digitalocean-v2.json"


@pytest.mark.skipif(not DESCRIPTION.exists(), reason=f"the description is not there: {DESCRIPTION}")
def test_the_scopes_are_those_of_the_description() -> None:
    paths = json.loads(DESCRIPTION.read_text())["paths"]
    described = {
        (method.upper(), re.sub(r"\{[^}]*\}", "{}", path)): tuple(
            scope for way in operation.get("security") or () for scope in way.get("bearer_auth", ())
        )
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "delete"}
    }
    assert {operation: described.get(operation) for operation in SCOPES} == SCOPES


def test_every_scope_that_is_documented_is_one_that_some_request_needs() -> None:
    documented = set(re.findall(r"`([a-z_]+:(?:read|create|update|delete))`", SECURITY.read_text()))
    known = {scope for scopes in SCOPES.values() for scope in scopes}
    assert documented == known
