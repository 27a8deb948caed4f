"""What a simulated account writes down of the requests it gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_apply.rehearsal.simulator.storage import AccountFiles

SECRET = "hunter2"
SECRET_KEYS = (
    "password", "Password", "admin_password", "adminPassword", "PGPASSWORD", "DBPASS", "passphrase",
    "pwd", "user_data", "userData", "uri", "database_uri", "databaseUri", "private_key",
    "privateKey", "private_connection", "connection", "connection_string", "token", "access_token",
    "client_secret", "clientsecret", "api_key", "apiKey", "access_key", "cert", "certificate",
    "leaf_certificate", "ca_cert", "credentials", "dsn", "webhook_url", "Authorization",
)  # fmt: skip
HARMLESS_KEYS = (
    "name", "tags", "region", "size", "image", "ssh_keys", "public_key", "auth_plugin", "security",
    "private_networking", "mode", "passive", "inbound_rules", "mysql_settings", "droplet_ids",
)  # fmt: skip
SHAPES = (
    f"postgresql://shop:{SECRET}@db:25060/shop?sslmode=require",
    f"redis://:{SECRET}@cache",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    f"rehearsal-{SECRET}0123456789",
    f"dop_v1_{SECRET}0123456789",
)
PLAIN = st.none() | st.booleans() | st.integers() | st.sampled_from(["lime", "10.0.0.1", ":", ""])


def values(leaves: st.SearchStrategy[Any], keys: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """JSON of any depth with these leaves, below these keys."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=3)
        ),
    )


HIDDEN = st.dictionaries(
    st.sampled_from(SECRET_KEYS),
    values(PLAIN | st.just(SECRET), HARMLESS_KEYS).filter(lambda value: value is not None),
    min_size=1,
)
BODIES = values(PLAIN | st.sampled_from(SHAPES) | HIDDEN, HARMLESS_KEYS)


@pytest.fixture
def record(tmp_path: Path) -> Callable[[Any, Any], str]:
    """Record a request with this body and query, and return its line."""
    files = AccountFiles(tmp_path, {})

    def line(body: Any, query: Any) -> str:
        files.record({"method": "POST", "query": query, "body": body})
        return files.requests_path.read_text().splitlines()[-1]

    return line


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BODIES, st.dictionaries(st.sampled_from(SECRET_KEYS), st.just(SECRET)))
@example([[{"tags": [{"Database_Password": [SECRET]}]}]], {"access_token": SECRET})
def test_what_a_password_is_by_its_key_or_its_shape_is_in_no_log(
    record: Callable[[Any, Any], str], body: Any, query: Any
) -> None:
    assert SECRET not in record(body, query)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values(PLAIN, HARMLESS_KEYS))
def test_everything_else_is_recorded_as_it_was_sent(
    record: Callable[[Any, Any], str], body: Any
) -> None:
    written = json.loads(record(body, {"page": "2"}))
    assert written == {"method": "POST", "query": {"page": "2"}, "body": body}


def test_the_same_password_has_the_same_digest(record: Callable[[Any, Any], str]) -> None:
    first, again, other = (record({"password": word}, {}) for word in ("a", "a", "b"))
    assert first == again != other


@pytest.mark.parametrize("depth", [49, 51, 900])
def test_what_stands_deeper_than_any_request_goes_is_not_shown(
    record: Callable[[Any, Any], str], depth: int
) -> None:
    body: Any = {"password": SECRET}
    for _ in range(depth):
        body = [body]
    assert SECRET not in record(body, {})


def test_what_somebody_left_out_of_an_account_is_as_in_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text('{"droplets": [{"id": 7}]}')
    state = AccountFiles(
        tmp_path, {"droplets": [], "pending": [], "next_id": {"droplet": 1}}
    ).load()
    assert state == {"droplets": [{"id": 7}], "pending": [], "next_id": {"droplet": 1}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not of an account"),
        ('{"droplets": {}}', "`droplets` is not a list"),
        ('{"next_id": []}', "`next_id` is not an object"),
    ],
)
def test_a_file_that_is_no_account_is_named_with_the_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "account.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=f"account.json.*{reason}"):
        AccountFiles(tmp_path, {"droplets": [], "next_id": {}})
    assert file.read_text() == text
