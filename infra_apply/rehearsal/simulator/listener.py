"""The HTTP server under the simulated API: one function answers every request."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, TypeAlias
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
            response = _refusal(self) or respond(_read_request(self))
            if response is None or response.status in _REFUSED:
                self.close_connection = True
            if response is None:
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


def _refusal(request: BaseHTTPRequestHandler) -> Response | None:
    """Refuse what a page in a browser could send to this machine, and bodies without end."""
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    if host not in _OWN_NAMES:
        return Response(421, {"id": "misdirected", "message": "this serves 127.0.0.1 only"})
    length = request.headers.get("Content-Length", "0")
    if not length.isdecimal() or len(length) > _MAX_DIGITS or int(length) > _MAX_BODY:
        message = f"a body has {_MAX_BODY} bytes at most, and says how many"
        return Response(413, {"id": "too_large", "message": message})
    return None


_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost"})
_MAX_BODY: Final = 4 << 20
"""Bytes; the largest that a client of DigitalOcean sends is 64 KiB of user data."""
_MAX_DIGITS: Final = 10
_REFUSED: Final = frozenset({413, 421})


def _read_request(request: BaseHTTPRequestHandler) -> HttpRequest:
    parts = urlsplit(request.path)
    length = request.headers.get("Content-Length", "")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return HttpRequest(
        method=request.command,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        content=request.rfile.read(int(length)) if length else b"",
        token=token if scheme.lower() == "bearer" else "",
        origin=f"http://{request.headers.get('Host', '127.0.0.1')}",
    )
