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


def test_what_program_and_engine_say_to_each_other_goes_through_no_proxy(company: Shell) -> None:
    """With plain pulumi, too: grpc would send even that through the proxy of `http_proxy`."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = "http_proxy", "https_proxy", "grpc_proxy"
        variables = " ".join(f"{name}={address}" for name in names)
        done = company.pulumi(f"{variables} timeout 60 pulumi preview 2>&1")
        assert done.returncode == 0, done.stdout
        assert select.select([proxy], [], [], 0)[0] == [], "something asked the proxy"
