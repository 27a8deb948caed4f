from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import serve
from tests.companies import manifest, write

HOSTS = {"lime": {"kind": "digitalocean", "address": "127.0.0.1"}, "fennel": {"kind": "mac"}}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client's tries follow each other at once."""
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Path:
    for name in ("PULUMI_STACK", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    shop = manifest(
        "shop",
        service={"host": "lime", "port": port},
        database={"cluster": "shared-pg", "name": "shop", "user": "shop"},
        gpu={"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"},
    )
    wiki = manifest("wiki", provider="mac", service={"host": "fennel"}, depends_on=["shop"])
    folder = write(tmp_path, {"shop/.infra.yaml": shop, "wiki/.infra.yaml": wiki})
    (folder / "mesh-hosts.json").write_text(json.dumps({"hosts": HOSTS}))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def account(tmp_path: Path) -> Path:
    folder = tmp_path / "account"
    with serve(folder, seed(clusters=[("shared-pg", "pg")])):
        return folder
