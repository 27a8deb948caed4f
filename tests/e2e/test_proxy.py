"""A rehearsal leaves this machine by no door, whatever proxies the environment names."""

from __future__ import annotations

import os
import select
import socket

import pytest

from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine


def test_nothing_of_a_rehearsal_goes_through_a_proxy(company: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
        proxies = {name: address for lower in names for name in (lower, lower.upper())}
        done = company.rehearse("preview", env={**os.environ, **proxies})
        assert done.returncode == 0, done.stderr
        assert select.select([proxy], [], [], 0)[0] == [], "something asked the proxy"
