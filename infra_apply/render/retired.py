"""What is retired, rendered once more from memory: without protection, and otherwise unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.reconcile.model import Retirement
from infra_apply.reconcile.state import (
    DROPLET,
    FIREWALL,
    LOGICAL_DATABASE,
    USER,
    StateResource,
)


def render_retired(retirement: Retirement) -> None:
    """Register a component and its children, so that the next update can let go of them.

    Their inputs are placeholders that the engine ignores: it keeps those of the state (measured
    with engine 3.259 and the real provider).
    """
    remembered = retirement.component
    component = pulumi.ComponentResource(
        remembered.type, remembered.name, dict(remembered.inputs), pulumi.ResourceOptions()
    )
    for child in retirement.children:
        ignored, register = _RENDERERS[child.type]
        register(
            child,
            pulumi.ResourceOptions(
                parent=component,
                protect=False,
                retain_on_delete=retirement.fate == "keep",
                ignore_changes=ignored,
            ),
        )
    component.register_outputs({})


def _droplet(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.Droplet(child.name, region="nyc1", size="retired", image="retired", opts=opts)


def _firewall(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.Firewall(child.name, opts=opts)


def _database(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.DatabaseDb(child.name, cluster_id="retired", name="retired", opts=opts)


def _user(child: StateResource, opts: pulumi.ResourceOptions) -> None:
    digitalocean.DatabaseUser(child.name, cluster_id="retired", name="retired", opts=opts)


_Register = Callable[[StateResource, pulumi.ResourceOptions], None]
_RENDERERS: Final[dict[str, tuple[list[str], _Register]]] = {
    DROPLET: (["*"], _droplet),
    FIREWALL: (["*"], _firewall),
    LOGICAL_DATABASE: (["clusterId", "name"], _database),
    USER: (["clusterId", "name"], _user),
}
