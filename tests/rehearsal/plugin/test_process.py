"""The stand-in as the engine starts it: a process that prints its port and answers over gRPC."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from infra_apply.rehearsal.plugin.install import install
from infra_apply.rehearsal.simulator.faults import Fault
from tests.rehearsal.harness import FakeClock, Simulator, recorded_account, run_server

URN = "urn:pulumi:dev::company::digitalocean:index/{}::it"
TAG = URN.format("tag:Tag")
DROPLET = URN.format("droplet:Droplet")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return install(tmp_path / "home", "4.84.1", Path(sys.executable))


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A stub of one process for the tests that do not care about its environment or its end."""
    script = install(tmp_path_factory.mktemp("home"), "4.84.1", Path(sys.executable))
    with started(script, INFRA_APPLY_REHEARSAL_CLOCK="1000") as (_, stub):
        yield stub


@contextmanager
def started(script: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """Start the plugin's process; gives it and a stub of it, which is not configured yet."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("DIGITALOCEAN")
    }
    child = subprocess.Popen(
        [str(script), "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env=clean | variables,
    )
    with child:
        try:
            assert child.stdout is not None
            port = int(child.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield child, provider_pb2_grpc.ResourceProviderStub(channel)
        finally:
            child.kill()


def configure(stub: Any, endpoint: str) -> None:
    variables = {
        "digitalocean:config:apiEndpoint": endpoint,
        "digitalocean:config:token": "rehearsal-x",
    }
    stub.Configure(pb.ConfigureRequest(variables=variables))


def fields(**values: Any) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def test_it_is_installed_where_the_engine_looks(script: Path, tmp_path: Path) -> None:
    plugins = tmp_path / "home" / "plugins"
    assert script == plugins / "resource-digitalocean-v4.84.1" / "pulumi-resource-digitalocean"
    assert os.access(script, os.X_OK)


@pytest.mark.process
def test_it_answers_over_grpc_with_nothing_in_its_environment_but_an_endpoint(
    script: Path, simulator: Simulator
) -> None:
    server = simulator.server
    with started(script, DIGITALOCEAN_API_URL=server.url, DIGITALOCEAN_TOKEN="rehearsal-x") as (
        _,
        stub,
    ):
        assert stub.GetPluginInfo(Empty()).version == "4.84.1"
        assert '"name": "digitalocean"' in stub.GetSchema(pb.GetSchemaRequest()).schema
        stub.Configure(pb.ConfigureRequest())
        inputs = stub.Check(pb.CheckRequest(urn=TAG, news=fields(name="web"))).inputs
        created = stub.Create(pb.CreateRequest(urn=TAG, properties=inputs))
        assert (created.id, created.properties["dropletsCount"]) == ("web", 0)
        assert [tag["name"] for tag in server.state()["tags"]] == ["web"]


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(script: Path, number: signal.Signals) -> None:
    with started(script) as (child, stub):
        stub.GetPluginInfo(Empty())
        os.kill(child.pid, number)
        assert child.wait(timeout=20) == 0
        assert child.stderr is not None
        assert child.stderr.read() == ""


@pytest.mark.process
def test_it_ends_when_the_engine_that_started_it_is_gone(script: Path) -> None:
    engine = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", engine, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        plugin = int(parent.stdout.readline())
        parent.kill()
    assert ends(plugin)


def ends(pid: int) -> bool:
    """Wait for a process to end; with a generous limit, for it polls for its parent."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 30)[0])
    finally:
        os.close(handle)


@pytest.mark.process
@pytest.mark.parametrize("url", ["", "https://api.digitalocean.com"])
def test_it_refuses_to_be_configured_for_anything_but_this_machine(stub: Any, url: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        configure(stub, url)
    assert "speaks only to a simulated API on this machine" in str(raised.value)


@pytest.mark.process
def test_a_tag_that_cannot_be_one_fails_the_check(stub: Any) -> None:
    answer = stub.Check(pb.CheckRequest(urn=DROPLET, news=fields(tags=["ok", "a.b"])))
    reasons = [failure.reason for failure in answer.failures]
    assert any("tags may contain" in reason and "'it.tags[1]'" in reason for reason in reasons)
    assert any('argument "size" is required' in reason for reason in reasons)


@pytest.mark.process
def test_a_create_that_fails_while_waiting_tells_the_engine_the_id(
    stub: Any, tmp_path: Path
) -> None:
    faults = [Fault(path="/v2/droplets/*", method="GET", times=9, status=500)]
    droplet = {"name": "w", "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
    with run_server(tmp_path / "account", recorded_account(), FakeClock(), faults=faults) as server:
        configure(stub, server.url)
        with pytest.raises(grpc.RpcError) as raised:
            stub.Create(pb.CreateRequest(urn=DROPLET, properties=fields(**droplet)))
    error: Any = raised.value
    trailing = dict(error.trailing_metadata())
    assert b"ErrorResourceInitFailed" in trailing["grpc-status-details-bin"]
    assert b"400000001" in trailing["grpc-status-details-bin"]
    assert "Error waiting for droplet (400000001) to become ready" in error.details()


@pytest.mark.process
def test_unknown_values_are_planned_with(stub: Any) -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    firewall = URN.format("firewall:Firewall")
    news = {
        "name": unknown,
        "tags": [unknown, "web"],
        "dropletIds": unknown,
        "inboundRules": [
            {"protocol": "tcp", "portRange": unknown, "sourceTags": [unknown]},
            {"protocol": "tcp", "portRange": "22", "sourceAddresses": unknown},
            unknown,
        ],
    }
    configure(stub, "http://127.0.0.1:9")
    checked = stub.Check(pb.CheckRequest(urn=firewall, news=fields(**news)))
    assert list(checked.failures) == []
    planned = stub.Create(pb.CreateRequest(urn=firewall, properties=checked.inputs, preview=True))
    outputs = MessageToDict(planned.properties)
    assert outputs["tags"] == ["web", unknown]
    assert len(outputs["inboundRules"]) == 3
    diff = stub.Diff(
        pb.DiffRequest(
            urn=firewall,
            olds=fields(name="fw", tags=["web"], dropletIds=[1], inboundRules=[]),
            news=checked.inputs,
        )
    )
    assert {"name", "dropletIds", "tags[1]", "inboundRules"} <= set(diff.detailedDiff)
