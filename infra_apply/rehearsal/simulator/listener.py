"""The HTTP listener of the simulated API: one function answers every request."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from infra_apply.rehearsal.simulator.account.wire import Response


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came over the wire; `token` is the bearer token ("" if there is none)."""

    method: str
    path: str
    query: Mapping[str, str]
    content: bytes
    token: str
    origin: str


Answerer: TypeAlias = Callable[[Arrival], Response | None]


class Listener(ThreadingHTTPServer):
    # An engine opens many connections at once; one that finds no room tries again after a second.
    request_queue_size = 128


@contextmanager
def listening(answer: Answerer, port: int) -> Iterator[tuple[Listener, str]]:
    """A server on 127.0.0.1 and its URL; leaving the block closes every connection."""
    connections: set[socket.socket] = set()
    httpd = Listener(("127.0.0.1", port), handler(answer, connections))
    try:
        yield httpd, f"http://127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.server_close()
        for connection in tuple(connections):
            # Threads that wait for the next request of a kept-alive connection end at once.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def handler(answer: Answerer, connections: set[socket.socket]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: headers and body in two would wait for a delayed ACK.
        wbufsize = -1
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            connections.add(self.connection)

        def finish(self) -> None:
            connections.discard(self.connection)
            with suppress(OSError):
                super().finish()

        def handle(self) -> None:
            # A client that goes away in the middle is its own business.
            with suppress(ConnectionError):
                super().handle()

        def respond(self) -> None:
            response = answer(arrival(self))
            if response is None:
                self.close_connection = True
                return
            content = b"" if response.body is None else json.dumps(response.body).encode()
            self.send_response(response.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            if response.status != 204:  # noqa: PLR2004
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing: requests.jsonl is the log."""

    return Handler


def arrival(request: BaseHTTPRequestHandler) -> Arrival:
    parts = urlsplit(request.path)
    length = request.headers.get("Content-Length", "")
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return Arrival(
        method=request.command,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        content=request.rfile.read(int(length)) if length.isdigit() else b"",
        token=token if kind.lower() == "bearer" else "",
        origin=f"http://{request.headers.get('Host', '127.0.0.1')}",
    )
