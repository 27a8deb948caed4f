"""The variables that the stack exports lead to the cluster's real server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.companies import manifest, write
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine
# Run while the rehearsal lasts: each project connects with what is exported to it.
PROGRAM = """
import json, subprocess, psycopg
command = ["pulumi", "stack", "output", "instances", "--show-secrets", "--json"]
instances = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
for project, instance in instances.items():
    with psycopg.connect(instance["env"]["DATABASE_URL"]) as connection:
        query = "SELECT current_user, current_database()"
        print(json.dumps([project, *connection.execute(query).fetchone()]))
"""


@pytest.mark.usefixtures("postgres_servers", "warm_interpreters")
def test_every_exported_url_connects_as_the_projects_own_user_to_its_own_database(
    tmp_path: Path,
) -> None:
    names = ("cart", "shop")
    manifests = {
        f"{name}/.infra.yaml": manifest(
            name,
            provider="mac",
            database={"cluster": "shared-pg", "name": f"{name}_db", "user": name},
        )
        for name in names
    }
    company = Shell(write(tmp_path, manifests), tmp_path / "account")
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    assert "no PostgreSQL here" not in done.stderr
    asked = company.rehearse("exec", "--", sys.executable, "-c", PROGRAM)
    assert asked.returncode == 0, asked.stderr
    lines = [json.loads(line) for line in asked.stdout.splitlines()]
    assert lines == [[name, name, f"{name}_db"] for name in names]
