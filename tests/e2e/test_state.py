"""What the state keeps of a stack's settings and of its databases' passwords."""

from __future__ import annotations

import json

import pytest

from tests.e2e.company import STATE
from tests.e2e.shell import PLAIN_UP, Shell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def test_a_setting_that_is_encrypted_in_the_stack_file_is_encrypted_in_the_state(
    applied: Shell,
) -> None:
    settings = (
        "pulumi config set other:open visible && pulumi config set --secret other:word hidden"
    )
    done = applied.pulumi(f"{settings} && {PLAIN_UP}")
    assert done.returncode == 0, done.stdout
    text = (applied.account / STATE).read_text()
    (provider,) = (
        held
        for held in json.loads(text)["checkpoint"]["latest"]["resources"]
        if held["type"] == "pulumi:providers:pulumi-python"
    )
    assert provider["inputs"]["other:open"] == "visible"
    assert "ciphertext" in provider["inputs"]["other:word"]
    assert "hidden" not in text


def test_no_password_of_a_cluster_is_readable_in_the_state(applied: Shell) -> None:
    clusters = applied.state_of_account()["databases"]
    users = [user for cluster in clusters for user in cluster["users"]]
    passwords = {user["password"] for user in users}
    passwords |= {cluster["connection"]["password"] for cluster in clusters}
    assert len(passwords) >= len(users) > 2
    text = (applied.account / STATE).read_text()
    assert [password for password in passwords if password in text] == []
