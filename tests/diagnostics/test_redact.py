"""What is recognised as access config, what is not, and that none of it is shown."""

from __future__ import annotations

import pytest

from infra_apply.diagnostics.redact import (
    masked,
    named_like_access,
    shaped_like_bind_address,
    shaped_like_secret,
    without_secrets,
)
from infra_apply.inputs.manifest import json_schema

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "url": "postgres://shop:" + "hunter2" + "@db.example.com/shop",
    "digitalocean token": "dop_v1_" + "0123456789abcdef" * 4,
    "digitalocean password": "AVNS_" + "x7Y_8zQwErTy",
    "github": "ghp_" + "a1B2c3D4e5" * 4,
    "gitlab": "glpat-" + "a1B2c3D4e5f6G7h8I9j0",
    "aws": "AKIA" + "ABCDEFGHIJKLMNOP",
    "stripe": "sk_live_" + "a1B2c3D4e5f6G7h8",
    "slack": "xoxb-" + "123456789012-abcdef",
    "bcrypt": "$2b$12$" + "abcdefghijklmnopqrstuv",
    "htpasswd": "$apr1$" + "salt$hash",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "c2lnbmF0dXJl",
    "pem": "-----BEGIN OPENSSH PRIVATE " + "KEY-----",
    "public key": "ssh-ed25519 " + "AAAAC3NzaC1lZDI1NTE5AAAAIB me@host",
    "wireguard": "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBm" + "k=",
    "age": "AGE-SECRET-KEY-1" + "QQQQQQQQQQ",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_the_shape_of_a_secret_is_recognised_and_not_shown(secret: str) -> None:
    assert shaped_like_secret(secret)
    assert shaped_like_secret(f"see {secret} there")
    output = without_secrets(f"the value {secret} is")
    assert "•••" in output
    assert secret not in output


@pytest.mark.parametrize(
    "text",
    [
        *("shop", "python 3.12", "shop.service", "postgres", "node:22-alpine", "ubuntu-24-04-x64"),
        *("https://payments.example.com/v1?x=1", "git@example.com:shop.git", "a@b", "$HOME"),
        *("gpu-mi300x8-1536gb-contracted", "registry.example.com/team/shop@sha256:" + "ab" * 32),
        *("sha256:" + "0123456789abcdef" * 4, "task-runner-of-the-month", "127.0.0.1", "10.0.0.1"),
    ],
)
def test_what_a_manifest_may_well_say_is_no_secret(text: str) -> None:
    assert not shaped_like_secret(text)
    assert not shaped_like_bind_address(text)
    assert without_secrets(text) == text


@pytest.mark.parametrize("text", ["0.0.0.0", "gunicorn -b 0.0.0.0:80", "[::]:8080"])
def test_a_bind_address_is_recognised(text: str) -> None:
    assert shaped_like_bind_address(text)


@pytest.mark.parametrize(
    "key",
    [
        *("passcode", "db_password", "dbPassword", "DB-PASSWORD", "api_key", "apiKey", "token"),
        *("bind", "bind_address", "bindAddress", "bind-host", "listen", "listen_addr", "auth"),
        *("public_key", "sshKey", "authorized_keys", "secrets", "jwt_secret", "allowedIps", "pin"),
    ],
)
def test_a_key_that_grants_or_limits_access_is_recognised(key: str) -> None:
    assert named_like_access(key)


def test_no_key_of_the_convention_and_no_near_word_is_taken_for_access_config() -> None:
    schema = json_schema()["properties"]
    keys = [*schema, *(key for part in schema.values() for key in part.get("properties", {}))]
    innocent = ["passenger", "binding_site", "listener_count", "author", "pinned", "keys", "monkey"]
    assert [key for key in (*keys, *innocent) if named_like_access(key)] == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["password: hunter2"], "password: •••"),
        (["  'db_password' : \"hunter2\" # mine"], "  'db_password' : •••"),
        (["{port: 1, token: hunter2, host: lime}"], "{port: 1, token: •••"),
        (["password: correct,horse}battery#staple"], "password: •••"),
        (['"db password": "a\\"b"'], '"db password": •••'),
        (["tokens:", "- hunter2"], "•••"),
        (["tokens:", "  - a: b", "    c: hunter2"], "    •••"),
        (["secret: |", "", "  hunter2"], "  •••"),
        (["- password:", "    hunter2"], "    •••"),
        (["password: x", "port: 8080"], "port: 8080"),
        (['{"token":"hunter2"}'], '{"token":•••'),
        (["password: # below", "  hunter2"], "  •••"),
        (["sshKeys: [ops]"], "sshKeys: [ops]"),
        (["k: MIIEpAIBAAKCAQEA7bq1xT9yqX3hQk0J5vN2pL8sR4tU6wZz"], "k: •••"),
        (["projects: examples/@applications/a-long-name-of-a-project-with-dashes"], None),
    ],
)
def test_a_quoted_line_hides_the_value_of_a_key_that_names_a_secret(
    lines: list[str], expected: str | None
) -> None:
    assert masked(lines, len(lines) - 1) == (lines[-1] if expected is None else expected)
