"""The order of files, folders and keys never changes a plan."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_apply.inputs.pulumi_project import find
from infra_apply.plan.json import as_json
from infra_apply.plan.stack import plan_stack
from tests.companies import write

NAMES = ("shop", "wiki", "mail", "game")


@st.composite
def companies(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Valid manifests of up to four projects, by file name."""
    made: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(NAMES[: draw(st.integers(1, len(NAMES)))]):
        keys: dict[str, Any] = {"apiVersion": "infra/v1", "project": name}
        keys["provider"] = draw(st.sampled_from(["digitalocean", "mac", "local"]))
        on = {"digitalocean": ["lime", "basil"], "mac": ["fennel"], "local": []}[keys["provider"]]
        keys["service"] = {"port": 8000 + index}
        if on:
            keys["service"]["host"] = draw(st.sampled_from(on))
        if draw(st.booleans()):
            keys["database"] = {"cluster": "shared-pg", "name": name, "user": name}
        if draw(st.booleans()):
            keys["gpu"] = {"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"}
        others = [other for other in NAMES[:index] if draw(st.booleans())]
        keys["depends_on"] = others
        made[name] = keys
    return made


def planned(company: dict[str, dict[str, Any]], seed: int) -> dict[str, Any]:
    shuffle = random.Random(seed).shuffle  # noqa: S311 - an order, not a secret
    names = list(company)
    shuffle(names)
    files = {}
    for at, name in enumerate(names):
        keys = list(company[name].items())
        shuffle(keys)
        files[f"folder{at}-{seed}/.infra.yaml"] = yaml.safe_dump(dict(keys), sort_keys=False)
    with tempfile.TemporaryDirectory() as folder:
        project = write(Path(folder), files)
        found = plan_stack(find(project), "prod")
    assert found.plan is not None, found.findings
    return as_json(found.plan)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(companies(), st.integers(1, 1000))
def test_the_order_of_files_folders_and_keys_never_changes_the_plan(
    company: dict[str, dict[str, Any]], seed: int
) -> None:
    assert planned(company, 0) == planned(company, seed)
