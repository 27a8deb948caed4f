"""Changes of a host's droplet that replace it, power it off, are ignored, or come too early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra_apply.diagnostics.cloud_codes import (
    ADOPTED_DIFFERS,
    IGNORED_CHANGE,
    POWERS_OFF,
    WOULD_REPLACE,
)
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.plan.model import HostPlan
from infra_apply.reconcile.matching import Match
from infra_apply.reconcile.state import DROPLET, HOST, State


def diagnose_change(
    match: Match, size: str, account: Account, state: State
) -> Iterator[Diagnostic]:
    """Report what is to be known of a live droplet's change to its plan; `size` is the new one."""
    host, live = match.host, match.droplet
    if live is None:
        return
    if host.adopt is not None and match.is_new:
        yield from _adopted_differs(host, live, account)
        return
    yield from _replaced(host, live, account)
    if size != live.size:
        yield _powered_off(host, live, size)
    yield from _ignored(host, state, account)


def _adopted_differs(host: HostPlan, live: LiveDroplet, account: Account) -> Iterator[Diagnostic]:
    """Report each key of an adopted host's entry that says something else than its droplet is."""
    own, planned = host.own_keys, host.droplet
    network = account.vpcs.get(planned.vpc or "")
    pairs: tuple[tuple[str, object, object], ...] = (
        ("region", planned.region, live.region),
        ("size", planned.size, live.size),
        ("image", planned.image, live.image),
        ("backups", planned.backups, "backups" in live.features),
        ("vpc", network, live.vpc or None),
    )
    for key, wanted, now in pairs:
        if key in own and wanted != now:
            message = (
                f"droplet {live.id}, which `{host.name}` adopts, has {key} {_worded(now)}, and its"
                f" entry says {_worded(wanted)}"
            )
            hint = f"remove `{key}` from its entry for now; after this update it may change"
            yield Diagnostic(ADOPTED_DIFFERS, host.place, message, hint)


def _replaced(host: HostPlan, live: LiveDroplet, account: Account) -> Iterator[Diagnostic]:
    """Report changes that DigitalOcean makes by destroying the droplet and making another."""
    own, planned = host.own_keys, host.droplet
    adopted = host.adopt is not None
    if planned.region != live.region and (not adopted or "region" in own):
        yield _would_replace(host, "region", live.region, planned.region)
    network = account.vpcs.get(planned.vpc or "")
    if network and live.vpc and network != live.vpc and (not adopted or "vpc" in own):
        names = {number: name for name, number in account.vpcs.items()}
        yield _would_replace(host, "vpc", names.get(live.vpc, live.vpc), planned.vpc)


def _would_replace(host: HostPlan, key: str, now: object, wanted: object) -> Diagnostic:
    message = (
        f"`{host.name}` has {key} {now}, and is to have {wanted}: it would be destroyed and made"
        " anew, without its files"
    )
    hint = (
        f"write `{host.name}: {{{key}: {now}}}` in `hosts`; to move for good, make a new host, move"
        f" its services there, and retire `{host.name}`"
    )
    return Diagnostic(WOULD_REPLACE, host.place, message, hint)


def _powered_off(host: HostPlan, live: LiveDroplet, size: str) -> Diagnostic:
    disk = "its disk grows too, for good" if host.resize_disk else "its disk stays as it is"
    message = (
        f"`{host.name}` becomes a {size} from a {live.size}: it is powered off for about a minute;"
        f" {disk}"
    )
    hint = None if host.resize_disk else f"`{host.name}: {{resizeDisk: true}}` grows the disk"
    return Diagnostic(POWERS_OFF, host.place, message, hint)


def _ignored(host: HostPlan, state: State, account: Account) -> Iterator[Diagnostic]:
    """Report settings that count only when a droplet is made, if they are not what it was made of.

    User data is not compared: the state holds it encrypted.
    """
    remembered = state.child(HOST, host.name, DROPLET)
    if remembered is None or host.adopt is not None:
        return
    for key, planned in _made_with(host, account).items():
        made_with = remembered.inputs.get(key)
        if isinstance(made_with, list):
            made_with = sorted(made_with)
        if made_with is not None and planned is not None and made_with != planned:
            message = f"`{host.name}` was made with another {key} than its settings say now"
            hint = "it keeps what it was made with; a new host gets the new one"
            yield Diagnostic(IGNORED_CHANGE, host.place, message, hint)


def _made_with(host: HostPlan, account: Account) -> Mapping[str, Any]:
    """Return what the state's inputs would be for a new droplet: by their names there."""
    keys = sorted(str(account.ssh_keys[name]) for name in host.droplet.ssh_keys)
    return {"image": host.droplet.image, "sshKeys": keys or None}


def _worded(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)
