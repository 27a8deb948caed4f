"""A second droplet of ours for one host: naming it, and destroying it where somebody says so."""

from __future__ import annotations

import time
from collections.abc import Iterator

from infra_apply.apply.live import Live, Surplus, read_live, surpluses
from infra_apply.apply.remembered import read_state
from infra_apply.apply.target import Target
from infra_apply.cli.common.consent import require_consent
from infra_apply.errors import Outage, Refusal
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.reconcile.state import State
from infra_apply.terminal.layout import duration


def describe_surplus(target: Target, live: Live, state: State) -> Iterator[str]:
    """Yield what is known of each droplet that is there beside its host's own, and its way out."""
    for surplus in surpluses(target.plan, live, state):
        yield f"droplet {surplus.droplet.id} is a second `{surplus.host}`: {_facts(surplus)}"
        yield f"  the state has droplet {surplus.kept}; look which one is in use"
        yield f"  to destroy this one: {target.command} --remove-surplus {surplus.droplet.id}"


def remove_surplus(target: Target, droplet_id: int, *, consent: bool) -> None:
    """Look at the account afresh, and destroy a droplet that is there beside its host's own.

    Raises Refusal for any other droplet: it must bear our owner tag and its host's, and not be the
    one that the state has.
    """
    state = read_state(target)
    live = read_live(target.client, target.plan, state)
    found = [
        surplus
        for surplus in surpluses(target.plan, live, state)
        if surplus.droplet.id == droplet_id
    ]
    if not found:
        raise Refusal(
            f"droplet {droplet_id} is not one too many: a surplus bears this stack's owner tag and "
            "a host's tag, and the state has another, living droplet for that host",
            state="nothing was changed",
        )
    require_consent(
        [f"droplet {droplet_id} is destroyed with its disk: {_facts(found[0])}"], given=consent
    )
    try:
        Destroyer(target.client, target.pause).destroy(droplet_id)
    except Outage as outage:
        raise Outage(
            outage.message, state="it is still there, and bills", next_step=outage.next_step
        ) from None
    target.status_line.say(f"droplet {droplet_id} is destroyed")


def _facts(surplus: Surplus) -> str:
    droplet = surplus.droplet
    age = (
        f"{duration(time.time() - droplet.made_at)} old"
        if droplet.made_at is not None
        else "of unknown age"
    )
    addresses = ", ".join(droplet.addresses) or "no address"
    return f"called {droplet.name}, {droplet.size} in {droplet.region}, {addresses}, {age}"
