"""What is rendered from memory: what is retired, once more, and what is quarantined, as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.reconcile.model import Remembered
from infra_apply.reconcile.state import (
    DROPLET,
    FIREWALL,
    GRANTS,
    LOGICAL_DATABASE,
    USER,
    StateResource,
)
from infra_apply.render.grants import Grants


def render_remembered(remembered: Remembered, *, is_there: bool = False) -> None:
    """Register a component and its children, protected and retained as they say.

    Their inputs are placeholders that the engine ignores: it keeps those of the state (measured
    with engine 3.259 and the real provider). What `is_there` on the account, and this run's refresh
    was told by mistake that it is gone, is imported if it is a droplet or a firewall; the
    placeholders of a database or user would be refused.
    """
    memory = remembered.component
    component = pulumi.ComponentResource(
        memory.type, memory.name, dict(memory.inputs), pulumi.ResourceOptions()
    )
    for child in remembered.children:
        ignored, imported, register = _RENDERERS[child.type]
        register(
            child,
            pulumi.ResourceOptions(
                parent=component,
                import_=child.id if imported and is_there else None,
                protect=child.protect,
                retain_on_delete=child.retain,
                ignore_changes=ignored,
            ),
        )
    component.register_outputs(dict(memory.outputs))


def _droplet(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.Droplet(
        child.name, region="nyc1", size="remembered", image="remembered", opts=opts
    )


def _firewall(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.Firewall(child.name, opts=opts)


def _database(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.DatabaseDb(child.name, cluster_id="remembered", name="remembered", opts=opts)


def _grants(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    inputs = {name: value for name, value in child.inputs.items() if not name.startswith("__")}
    Grants(child.name, inputs, opts)


def _user(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.DatabaseUser(child.name, cluster_id="remembered", name="remembered", opts=opts)


_Register = Callable[[StateResource, pulumi.ResourceOptions], None]
_RENDERERS: Final[dict[str, tuple[list[str], bool, _Register]]] = {
    DROPLET: (["*"], True, _droplet),
    FIREWALL: (["*"], True, _firewall),
    LOGICAL_DATABASE: (["clusterId", "name"], False, _database),
    USER: (["clusterId", "name"], False, _user),
    GRANTS: ([], False, _grants),
}
