"""A service gets its variables from the stack that was applied."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.e2e.company import requests
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine


def unpacked(log: bytes) -> bytes:
    """A log of the engine, which packs most of them."""
    return gzip.decompress(log) if log.startswith(b"\x1f\x8b") else log


def test_a_service_gets_what_the_account_holds_and_nobody_else_does(applied: Shell) -> None:
    (cluster,) = applied.state_of_account()["databases"]
    passwords = {user["name"]: user["password"] for user in cluster["users"]}
    asked = requests(applied)
    words = ("env", "wiki", "--stack", "prod", "--account", applied.account, "--format", "json")
    done = applied.run(*words)
    assert done.returncode == 0, done.stderr
    variables = json.loads(done.stdout)
    assert variables["DATABASE_PASSWORD"] == passwords["wiki"]
    assert variables["DATABASE_NAME"] == "wiki"
    assert variables["DATABASE_USER"] == "wiki"
    assert f"wiki:{passwords['wiki']}@{variables['DATABASE_HOST']}" in variables["DATABASE_URL"]
    assert variables["SHOP_URL"] == "http://lime:8080"
    assert passwords["shop"] not in done.stdout
    assert done.stderr == ""
    assert requests(applied) == asked  # the state is asked, and not the account
    logs = [file.read_bytes() for file in (applied.account / "engine/home/logs").iterdir()]
    assert logs
    assert not [log for log in logs if passwords["wiki"].encode() in unpacked(log)]
