"""An account and a state that follow from what render registers, as the engine would keep them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account, LiveFirewall
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.state import (
    DROPLET,
    FIREWALL,
    LOGICAL_DATABASE,
    STACK,
    USER,
    State,
    StateResource,
)
from infra_apply.render.stack import render
from tests.reconcile.worlds import SIZES, cluster, droplet
from tests.render.graph import Graph, Registered, graph

CLUSTERS = {name: cluster(name) for name in ("shared-pg", "shared-mysql")}


@dataclass
class RenderedWorld:
    """What the last update left: every resource by its URN, and the stack's outputs."""

    resources: dict[str, StateResource] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def state(self) -> State:
        stack = StateResource("urn::stack", STACK, outputs=self.outputs)
        return State((stack, *self.resources.values()))

    def account(self) -> Account:
        """The account that fits the state."""
        return Account(
            clusters=CLUSTERS,
            sizes=SIZES,
            droplets=tuple(
                droplet(int(held.id), held.inputs["name"], tags=tuple(held.inputs["tags"]))
                for held in self.of(DROPLET)
            ),
            firewalls=tuple(
                LiveFirewall(
                    held.inputs["name"], frozenset(), frozenset(held.inputs["tags"]), held.id
                )
                for held in self.of(FIREWALL)
            ),
            users=self._members(USER),
            databases=self._members(LOGICAL_DATABASE),
        )

    def of(self, kind: str) -> list[StateResource]:
        return [held for held in self.resources.values() if held.type == kind]

    def apply(self, plan: Plan) -> tuple[Diagnostic, ...]:
        """Decide, render, and take over what was registered; errors fail the test."""
        decisions, problems = reconcile(plan, self.account(), self.state())
        assert decisions is not None, [problem.message for problem in problems]
        former = _without_marks(self.outputs)
        registered = graph(lambda: render(decisions, lambda: former), CLUSTERS.values())
        self._take(registered)
        return problems

    def _take(self, registered: Graph) -> None:
        before = self.resources
        self.resources = {
            resource.urn: self._kept(resource, before.get(resource.urn), len(before) + number)
            for number, resource in enumerate(registered.resources)
            if resource.type != STACK
        }
        self.outputs = registered.outputs
        for gone in (held for urn, held in before.items() if urn not in self.resources):
            assert not gone.protect, f"{gone.urn} is protected"

    def _kept(self, resource: Registered, held: StateResource | None, number: int) -> StateResource:
        inputs = dict(resource.inputs)
        if held is not None:
            for key in inputs.keys() | held.inputs.keys():
                if "*" in resource.ignore_changes or key in resource.ignore_changes:
                    inputs.pop(key, None)
                    inputs |= {key: held.inputs[key]} if key in held.inputs else {}
        is_component = resource.type.startswith("infra-apply:")
        made = "" if is_component else str(1000 + number)
        return StateResource(
            urn=resource.urn,
            type=resource.type,
            id=held.id if held else made,
            parent=resource.parent,
            inputs=inputs,
            protect=resource.protect,
            retain=resource.retain_on_delete,
        )

    def _members(self, kind: str) -> dict[str, frozenset[str]]:
        return {
            name: frozenset(
                held.inputs["name"]
                for held in self.of(kind)
                if held.inputs["clusterId"] == known.id
            )
            for name, known in CLUSTERS.items()
        }


def _without_marks(value: Any) -> Any:
    """Return outputs with their secrets in the clear."""
    if isinstance(value, tuple):
        return _without_marks(value[1])
    if isinstance(value, dict):
        return {key: _without_marks(item) for key, item in value.items()}
    return value
