"""What the stand-in says, and lets the engine keep, when the API fails in the middle of a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from infra_apply.rehearsal.plugin.servicer import Provider
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.server import Server
from tests.rehearsal.harness import (
    Aborted,
    FakeClock,
    FakeContext,
    configured_provider,
    recorded_account,
    run_server,
)

CLUSTER = "bbbb0001-0000-4000-8000-000000000001"
URN = "urn:pulumi:dev::lab::digitalocean:index/{}::it"
DATABASE, USER, FIREWALL, TAG, DROPLET = (
    URN.format(token)
    for token in (
        "databaseDb:DatabaseDb",
        "databaseUser:DatabaseUser",
        "firewall:Firewall",
        "tag:Tag",
        "droplet:Droplet",
    )
)
INPUTS: dict[str, dict[str, Any]] = {
    DATABASE: {"clusterId": CLUSTER, "name": "shop"},
    USER: {"clusterId": CLUSTER, "name": "shop"},
    FIREWALL: {
        "name": "fw",
        "inboundRules": [{"protocol": "tcp", "portRange": "22", "sourceAddresses": ["::/0"]}],
    },
    TAG: {"name": "web"},
    DROPLET: {
        "name": "w",
        "region": "nyc1",
        "size": "s-1vcpu-1gb",
        "image": "ubuntu-24-04-x64",
    },
}
# What is read back after it was made, the id it has then, and the operation that fails.
READ_BACK = [
    (DATABASE, f"{CLUSTER}/database/shop", "Error retrieving Database DB"),
    (FIREWALL, "cccc0001-0000-4000-8000-000000000001", "Error retrieving firewall"),
    (TAG, "web", "Error retrieving tag"),
]


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call ended: its words, and what the engine keeps (None: nothing)."""

    message: str
    kept: pb.ErrorResourceInitFailed | None


class Caller:
    """Calls a provider that tries nothing twice; `made` is the answer to a create."""

    def __init__(self, provider: Provider, server: Server) -> None:
        self.provider = provider
        self.server = server

    def create(self, urn: str) -> Any:
        request = pb.CreateRequest(urn=urn, properties=struct(INPUTS[urn]))
        return self._call(self.provider.Create, request)

    def read(self, urn: str, made: Any) -> Any:
        properties = made.properties if made else None
        identifier = made.id if made else "77"
        request = pb.ReadRequest(urn=urn, id=identifier, properties=properties)
        return self._call(self.provider.Read, request)

    def update(self, urn: str, made: Any, **changes: Any) -> Any:
        news = struct(INPUTS[urn] | changes)
        request = pb.UpdateRequest(urn=urn, id=made.id, olds=made.properties, news=news)
        return self._call(self.provider.Update, request)

    def delete(self, urn: str, made: Any) -> Any:
        request = pb.DeleteRequest(urn=urn, id=made.id, properties=made.properties)
        return self._call(self.provider.Delete, request)

    def _call(self, method: Any, request: Any) -> Any:
        context: Any = FakeContext()
        try:
            return method(request, context)
        except Aborted:
            assert context.code == grpc.StatusCode.UNKNOWN
            return Failure(context.details, kept_by_engine(context))


def kept_by_engine(context: FakeContext) -> pb.ErrorResourceInitFailed | None:
    for key, value in context.trailing:
        if key == "grpc-status-details-bin":
            kept = pb.ErrorResourceInitFailed()
            (packed,) = status_pb2.Status.FromString(value).details
            assert packed.Unpack(kept)
            return kept
    return None


def struct(values: Any) -> Struct:
    message: Struct = ParseDict(values, Struct())
    return message


@contextmanager
def provider(directory: Path, *faults: Fault) -> Iterator[Caller]:
    clock = FakeClock()
    with run_server(directory, recorded_account(), clock, faults=faults) as server:
        variables = {"DIGITALOCEAN_HTTP_RETRY_MAX": "0"}
        yield Caller(configured_provider(server.url, clock, **variables), server)


@pytest.mark.parametrize(("urn", "identifier", "operation"), READ_BACK)
@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"drop": True}])
def test_what_was_made_stays_in_the_state_where_it_could_not_be_read_back(
    tmp_path: Path, urn: str, identifier: str, operation: str, fault: Any
) -> None:
    with provider(tmp_path, Fault(path="/v2/*", method="GET", **fault)) as caller:
        failure = caller.create(urn)
        assert failure.message.startswith(f"creating {urn}: 1 error occurred:\n\t* {operation}: ")
        assert failure.kept.id == identifier
        assert list(failure.kept.reasons) == [failure.message]
        outputs = MessageToDict(failure.kept.properties)
        assert outputs["name"] == INPUTS[urn]["name"]
        assert outputs.get("clusterId") == INPUTS[urn].get("clusterId")


@pytest.mark.parametrize(("urn", "_identifier", "_operation"), READ_BACK)
def test_what_is_404_when_it_is_read_back_is_forgotten(
    tmp_path: Path, urn: str, _identifier: str, _operation: str
) -> None:
    with provider(tmp_path, Fault(path="/v2/*", method="GET", status=404)) as caller:
        failure = caller.create(urn)
        words = f"expected non-nil error with nil state during Create of {urn}"
        assert failure == Failure(words, None)


@pytest.mark.parametrize("urn", list(INPUTS))
@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_kept_of_what_was_not_answered(tmp_path: Path, urn: str, when: str) -> None:
    with provider(tmp_path, Fault(path="/v2/*", method="POST", when=when, drop=True)) as caller:
        failure = caller.create(urn)
        assert failure.message.startswith("1 error occurred:\n\t* Error creating ")
        assert failure.kept is None


def test_a_user_is_not_read_back(tmp_path: Path) -> None:
    with provider(tmp_path, Fault(path="/v2/*", method="GET", times=9, status=404)) as caller:
        assert caller.create(USER).id == f"{CLUSTER}/user/shop"


def test_a_droplet_that_is_not_known_yet_is_waited_for(tmp_path: Path) -> None:
    fault = Fault(path="/v2/droplets/*", method="GET", times=3, status=404)
    with provider(tmp_path, fault) as caller:
        assert caller.create(DROPLET).id == "400000001"


def test_a_droplet_stays_in_the_state_where_waiting_for_it_failed(tmp_path: Path) -> None:
    with provider(tmp_path, Fault(path="/v2/droplets/*", method="GET", drop=True)) as caller:
        failure = caller.create(DROPLET)
        assert failure.message.startswith(
            f"creating {DROPLET}: 1 error occurred:\n\t* Error waiting for droplet (400000001)"
            " to become ready: Error retrieving droplet: Get "
        )
        assert failure.kept.id == "400000001"


@pytest.mark.parametrize("urn", list(INPUTS))
def test_a_refresh_that_fails_names_the_resource_and_one_of_what_is_gone_succeeds(
    tmp_path: Path, urn: str
) -> None:
    with provider(tmp_path) as caller:
        made = caller.create(urn)
    refreshes = [Fault(path="/v2/*", method="GET", status=500)]
    with provider(tmp_path, *refreshes) as caller:
        failure = caller.read(urn, made)
        assert failure.message.startswith(
            f"refreshing {urn}: 1 error occurred:\n\t* Error retrieving "
        )
        assert failure.kept is None
        caller.server.edit(lambda _: recorded_account())
        assert caller.read(urn, made) == pb.ReadResponse()


def test_an_import_of_a_droplet_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with provider(tmp_path) as caller:
        message = caller.read(DROPLET, None).message
        assert message.startswith(
            "importing 77: 1 error occurred:\n\t* Error importing droplet: GET"
        )


def test_an_import_of_a_database_without_its_cluster_is_an_error(tmp_path: Path) -> None:
    with provider(tmp_path) as caller:
        assert "joined with a comma (e.g. `id,name`)" in caller.read(DATABASE, None).message


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(path="/v2/firewalls/*", method="PUT", status=500), "Error updating firewall: PUT "),
        (Fault(path="/v2/firewalls/*", method="GET", drop=True), "Error retrieving firewall: Get "),
    ],
)
def test_a_change_that_failed_is_in_the_state_as_it_was_planned(
    tmp_path: Path, fault: Fault, reason: str
) -> None:
    with provider(tmp_path) as caller:
        made = caller.create(FIREWALL)
    with provider(tmp_path, fault) as caller:
        failure = caller.update(FIREWALL, made, name="other")
        assert failure.message.startswith(f"updating {FIREWALL}: 1 error occurred:\n\t* {reason}")
        assert (failure.kept.id, failure.kept.properties["name"]) == (made.id, "other")


def test_what_is_gone_after_its_change_is_an_error_that_says_so(tmp_path: Path) -> None:
    with provider(tmp_path) as caller:
        made = caller.create(FIREWALL)
    with provider(tmp_path, Fault(path="/v2/firewalls/*", method="GET", status=404)) as caller:
        failure = caller.update(FIREWALL, made, name="other")
        assert f"did not exist while updating {FIREWALL}." in failure.message
        assert failure.kept is None


def test_a_droplet_is_powered_on_where_waiting_for_its_resize_failed(tmp_path: Path) -> None:
    with provider(tmp_path) as caller:
        made = caller.create(DROPLET)
    with provider(tmp_path, Fault(path="/v2/actions/*", status=500)) as caller:
        failure = caller.update(DROPLET, made, size="s-1vcpu-2gb", resizeDisk=True)
        assert "Error waiting for resize droplet (400000001) to finish: GET " in failure.message
        (droplet,) = caller.server.state()["droplets"]
        assert droplet["status"] == "active"


@pytest.mark.parametrize("urn", [DATABASE, USER, FIREWALL, TAG])
def test_a_deletion_that_failed_names_the_resource(tmp_path: Path, urn: str) -> None:
    with provider(tmp_path) as caller:
        made = caller.create(urn)
    with provider(tmp_path, Fault(path="/v2/*", method="DELETE", status=404)) as caller:
        message = caller.delete(urn, made).message
        assert message.startswith(f"deleting {urn}: 1 error occurred:\n\t* Error deleting ")


def test_a_droplets_deletion_succeeds_if_it_is_gone_whatever_the_answer_was(
    tmp_path: Path,
) -> None:
    with provider(tmp_path) as caller:
        made = caller.create(DROPLET)
    fault = Fault(path="/v2/droplets/*", method="DELETE", when="after", status=500)
    with provider(tmp_path, fault) as caller:
        assert not isinstance(caller.delete(DROPLET, made), Failure)
        assert caller.server.state()["droplets"] == []
