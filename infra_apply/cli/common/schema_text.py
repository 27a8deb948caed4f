"""The JSON Schema of a manifest, as `schema` prints it and `init` writes it."""

from __future__ import annotations

import json

from infra_apply.inputs.manifest import json_schema


def schema_text() -> str:
    """Return the schema (draft 2020-12) as the text of a file."""
    return json.dumps(json_schema(), indent=2) + "\n"
