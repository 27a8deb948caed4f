"""Connections use the proxies and certificates of the environment, as Go's programs do."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.errors import Outage

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextmanager
def server(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Answer every GET with `{}`; yields the port and the requests: target and proxy login."""
    requests: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.path, self.headers.get("Proxy-Authorization", "")))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield listening.server_address[1], requests
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def client(endpoint: str) -> Client:
    return Client(Credentials(endpoint, "a-token"), tries=1)


def test_requests_go_through_the_proxy_with_its_login(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as (port, requests):
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{port}")
        assert client("http://api.example.test").get("/v2/x") == {}
    assert requests == [("http://api.example.test/v2/x", "Basic bWU6cEBzcw==")]


def test_a_proxy_needs_no_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as (port, requests):
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{port}")
        assert client("http://api.example.test").get("/v2/x") == {}
    assert requests == [("http://api.example.test/v2/x", "")]


@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1"])
def test_this_machine_is_never_reached_through_a_proxy(
    no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", no_proxy)
    with server() as (port, requests):
        assert client(f"http://127.0.0.1:{port}").get("/v2/x") == {}
    assert requests == [("/v2/x", "")]


def test_an_excepted_host_is_not_reached_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server() as (port, requests):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "example.invalid")
        with pytest.raises(Outage, match="cannot be reached at api.example.invalid"):
            client("http://api.example.invalid").get("/v2/x")
    assert requests == []


def test_the_environment_says_which_certificates_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with server(context) as (port, requests):
        with pytest.raises(Outage, match="certificate"):
            client(f"https://127.0.0.1:{port}").get("/v2/x")
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        assert client(f"https://127.0.0.1:{port}").get("/v2/x") == {}
    assert requests == [("/v2/x", "")]
