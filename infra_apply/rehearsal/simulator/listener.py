"""The HTTP server under the simulated API: one function answers every request."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from infra_apply.rehearsal.simulator.account.messages import Response


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the client sent it; `token` is the bearer token ("" if there is none)."""

    method: str
    path: str
    query: Mapping[str, str]
    content: bytes
    token: str
    origin: str


RequestHandler: TypeAlias = Callable[[HttpRequest], Response | None]


class Listener(ThreadingHTTPServer):
    """The server with a queue that is long enough for an engine."""

    # A connection that finds the queue full is tried again by the client after a second.
    request_queue_size = 128


@contextmanager
def listen(respond: RequestHandler, port: int) -> Iterator[tuple[Listener, str]]:
    """Bind a server to 127.0.0.1 (port 0: any) and return it with its URL.

    Leaving the block closes every connection; the caller starts and stops `serve_forever`.
    """
    connections: set[socket.socket] = set()
    httpd = Listener(("127.0.0.1", port), _handler_class(respond, connections))
    try:
        yield httpd, f"http://127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.server_close()
        for connection in tuple(connections):
            # Ends the threads that wait for the next request of a kept-alive connection.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _handler_class(
    respond: RequestHandler, connections: set[socket.socket]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in one packet: a second one would wait for a delayed ACK.
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
            # A client may close the connection in the middle of an answer.
            with suppress(ConnectionError):
                super().handle()

        def answer(self) -> None:
            response = respond(_read_request(self))
            if response is None:
                self.close_connection = True
                return
            content = b"" if response.body is None else json.dumps(response.body).encode()
            self.send_response(response.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.status != 204:  # noqa: PLR2004
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Write nothing: requests.jsonl is the log."""

    return Handler


def _read_request(request: BaseHTTPRequestHandler) -> HttpRequest:
    parts = urlsplit(request.path)
    length = request.headers.get("Content-Length", "")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return HttpRequest(
        method=request.command,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        content=request.rfile.read(int(length)) if length.isdigit() else b"",
        token=token if scheme.lower() == "bearer" else "",
        origin=f"http://{request.headers.get('Host', '127.0.0.1')}",
    )
