"""A graph has one stack, whose outputs are told from those of its components."""

from __future__ import annotations

from itertools import permutations

import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto.resource_pb2 import RegisterResourceOutputsRequest

from tests.render.graph import Mocks, Monitor, graph

STACK = "urn:pulumi:prod::infra-apply::pulumi:pulumi:Stack::infra-apply-prod"
HOST = "urn:pulumi:prod::infra-apply::pulumi:pulumi:Stack$infra-apply:index:Host::lime"
DROPLET = (
    "urn:pulumi:prod::infra-apply::"
    "pulumi:pulumi:Stack$infra-apply:index:Host$digitalocean:index/droplet:Droplet::lime"
)


@pytest.mark.parametrize("urns", list(permutations([STACK, HOST, DROPLET])))
def test_only_the_stacks_own_outputs_are_the_stacks(urns: tuple[str, ...]) -> None:
    monitor = Monitor(Mocks({}))
    for urn in urns:
        outputs = Struct()
        outputs.update({"of": urn})
        monitor.RegisterResourceOutputs(RegisterResourceOutputsRequest(urn=urn, outputs=outputs))
    assert monitor.outputs == {"of": STACK}


def test_a_program_has_one_stack_and_its_outputs() -> None:
    registered = graph(lambda: pulumi.export("hosts", {"lime": "203.0.113.9"}))
    assert [stack.name for stack in registered.of("Stack")] == ["infra-apply-prod"]
    assert registered.outputs == {"hosts": {"lime": "203.0.113.9"}}
