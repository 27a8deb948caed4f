"""The client against a server on loopback that answers what a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra_apply.digitalocean.client import (
    FOREIGN_ENDPOINT,
    Client,
    Credentials,
    TokenRefused,
    find_credentials,
)
from infra_apply.errors import Ambiguous, Failure, Outage, Refusal, Retry, Usage


@contextmanager
def server(*answers: tuple[int, Any]) -> Iterator[tuple[str, list[str]]]:
    """Answer requests in turn, the last answer for ever; yields the URL and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_DELETE(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer()

        def answer(self) -> None:
            status, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}", asked
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def client(url: str, tries: int = 2) -> Client:
    return Client(Credentials(url, "a-token"), tries=tries)


def test_a_list_is_read_to_its_last_page() -> None:
    first = {"things": [{"id": 1}], "links": {"pages": {"next": "http://elsewhere/?page=2"}}}
    with server((200, first), (200, {"things": [{"id": 2}], "links": {}})) as (url, asked):
        assert [thing["id"] for thing in client(url).list("/v2/things", "things")] == [1, 2]
    assert [path.partition("?")[2] for path in asked] == [
        "page=1&per_page=200",
        "page=2&per_page=200",
    ]


def test_a_busy_api_is_asked_again() -> None:
    with server((429, {}), (200, {"ok": True})) as (url, asked):
        assert client(url).get("/v2/x") == {"ok": True}
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "words", "times"),
    [
        (401, {"id": "unauthorized", "message": "Unable to authenticate you"}, "token", 1),
        (403, {"message": "not allowed"}, "403 not allowed", 1),
        (404, {"message": "gone"}, "404 gone", 1),
        (501, {"message": "no such route"}, "501 no such route", 1),
        (500, {"message": "boom"}, "500 boom", 2),
        (200, b"<html>", "not JSON", 1),
        (200, [], "200", 1),
    ],
)
def test_an_answer_that_is_no_help_is_an_outage_with_the_reason(
    status: int, body: Any, words: str, times: int
) -> None:
    with server((status, body)) as (url, asked), pytest.raises(Outage) as raised:
        client(url).get("/v2/x")
    assert words in str(raised.value)
    assert "a-token" not in str(raised.value)
    assert len(asked) == times


def test_what_is_not_there_is_told_from_what_cannot_be_read() -> None:
    with server((404, {"message": "gone"}), (200, {"ok": True}), (403, {})) as (url, asked):
        assert client(url).find("/v2/x") is None
        assert client(url).find("/v2/x") == {"ok": True}
        with pytest.raises(TokenRefused):
            client(url).find("/v2/x")
    assert len(asked) == 3


def test_an_api_that_is_down_is_an_outage_that_names_it() -> None:
    with server((200, {})) as (url, _):
        pass
    with pytest.raises(Outage, match="cannot be reached at 127.0.0.1") as raised:
        client(url, tries=1).get("/v2/x")
    assert raised.value.next_step


@pytest.mark.parametrize("status", [204, 404])
def test_what_is_gone_after_a_delete_is_deleted(status: int) -> None:
    with server((status, b"")) as (url, asked):
        client(url).delete("/v2/droplets/5")
    assert asked == ["/v2/droplets/5"]


@pytest.mark.parametrize(
    ("status", "reaction", "words"),
    [
        (401, TokenRefused, "401 no"),
        (403, TokenRefused, "403 no"),
        (422, Retry, "422 no"),
        (429, Retry, "429 no"),
        (500, Retry, "500 no"),
        (302, Retry, "302"),
    ],
)
def test_a_refused_delete_says_the_reaction_and_is_asked_once(
    status: int, reaction: type[Failure], words: str
) -> None:
    with server((status, {"message": "no"})) as (url, asked), pytest.raises(reaction) as raised:
        client(url).delete("/v2/droplets/5")
    assert words in str(raised.value)
    assert len(asked) == 1


def test_an_unanswered_delete_is_ambiguous() -> None:
    with server((204, b"")) as (url, _):
        pass
    with pytest.raises(Ambiguous, match="DELETE /v2/droplets/5"):
        client(url).delete("/v2/droplets/5")


@pytest.mark.parametrize(
    ("status", "reaction", "words"),
    [
        (401, TokenRefused, "401 no"),
        (403, TokenRefused, "403 no"),
        (422, Retry, "422 no"),
        (429, Retry, "429 no"),
        (500, Ambiguous, "500 no"),
        (302, Retry, "302"),
    ],
)
def test_a_refused_request_says_the_reaction_and_is_sent_once(
    status: int, reaction: type[Failure], words: str
) -> None:
    with server((status, {"message": "no"})) as (url, asked), pytest.raises(reaction) as raised:
        client(url).post("/v2/droplets/5/actions", {"type": "snapshot"})
    assert words in str(raised.value)
    assert len(asked) == 1


def test_an_unanswered_request_is_ambiguous() -> None:
    with server((201, {})) as (url, _):
        pass
    with pytest.raises(Ambiguous, match="POST /v2/droplets/5/actions"):
        client(url).post("/v2/droplets/5/actions", {"type": "snapshot"})


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, False), (500, True), (302, True)])
def test_only_a_404_says_that_an_object_is_gone(status: int, there: bool) -> None:
    with server((status, {})) as (url, asked):
        assert client(url).exists("/v2/droplets/5") is there
    assert len(asked) == 1


def test_an_object_is_not_gone_because_nobody_answers() -> None:
    with server((404, {})) as (url, _):
        pass
    assert client(url).exists("/v2/droplets/5")


def test_the_stacks_config_wins_over_the_environment() -> None:
    environ = {"DIGITALOCEAN_TOKEN": "env", "DIGITALOCEAN_API_URL": "http://127.0.0.1:1/"}
    credentials = find_credentials(environ, {"token": "config", "apiEndpoint": None})
    assert (credentials.endpoint, credentials.token) == ("http://127.0.0.1:1", "config")
    assert find_credentials({"DIGITALOCEAN_ACCESS_TOKEN": "other"}, {}).token == "other"


def test_no_token_is_a_usage_error_that_offers_a_rehearsal() -> None:
    with pytest.raises(Usage, match="rehearse preview"):
        find_credentials({}, {})


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://api.example.com", "http://127.0.0.1.example.com", "ftp://x", "api.example",
        "http://evil.example\\@127.0.0.1", "https://evil.example\\@api.digitalocean.com",
        "https://api.digitalocean.com@evil.example", "http://127.0.0.1@evil.example",
        "https://evil.example#@api.digitalocean.com", "https://evil.example?@api.digitalocean.com",
        "https://api.digitalocean.com\n.evil.example", "http://[::1", "//evil.example", "https://",
    ],
)  # fmt: skip
def test_a_token_never_leaves_this_machine_in_the_clear_nor_by_a_trick(endpoint: str) -> None:
    config = {"token": "dop_v1_x", "apiEndpoint": endpoint}
    with pytest.raises(Usage, match="in the clear") as refused:
        find_credentials({}, config)
    assert "dop_v1_x" not in str(refused.value)
    confirmed = {FOREIGN_ENDPOINT: endpoint, "DIGITALOCEAN_TOKEN": "x"}
    with pytest.raises(Usage, match="in the clear"):
        find_credentials({**confirmed, "DIGITALOCEAN_API_URL": endpoint}, {})


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example",
        "https://api.digitalocean.com.evil.example",
        "https://203.0.113.9:443",
    ],
)
@pytest.mark.parametrize("confirmed", [None, "", "yes", "https://api.digitalocean.com"])
def test_a_token_goes_to_no_foreign_host_that_nobody_confirmed(
    endpoint: str, confirmed: str | None
) -> None:
    environ = {} if confirmed is None else {FOREIGN_ENDPOINT: confirmed}
    with pytest.raises(Refusal, match="is not DigitalOcean: the token would go there") as refused:
        find_credentials(environ, {"token": "dop_v1_x", "apiEndpoint": endpoint})
    assert "dop_v1_x" not in str(refused.value)
    with pytest.raises(Refusal, match="is not DigitalOcean"):
        find_credentials(
            {**environ, "DIGITALOCEAN_TOKEN": "x", "DIGITALOCEAN_API_URL": endpoint}, {}
        )


@pytest.mark.parametrize("endpoint", ["https://api.example.com", "https://api.example.com:8443/v"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_foreign_host_that_is_confirmed_is_used(endpoint: str, slash: str) -> None:
    environ = {FOREIGN_ENDPOINT: endpoint, "DIGITALOCEAN_TOKEN": "x"}
    config = {"apiEndpoint": endpoint + slash}
    assert find_credentials(environ, config).endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    ["https://api.digitalocean.com", "https://API.digitalocean.com:443", "http://127.0.0.1:8080",
     "http://[::1]:80", "http://localhost:1"],
)  # fmt: skip
def test_a_token_goes_to_digitalocean_or_stays_on_this_machine(endpoint: str) -> None:
    assert find_credentials({}, {"token": "x", "apiEndpoint": endpoint}).endpoint == endpoint


def test_a_token_is_never_part_of_a_representation() -> None:
    assert "secret" not in repr(Credentials("http://127.0.0.1:1", "secret"))
