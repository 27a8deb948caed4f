"""Hosts: what each one's droplet becomes, once it is known which droplet it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import LARGER_THAN_PLANNED, UNKNOWN_KEY_OR_NETWORK
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.inputs.settings import Droplet
from infra_apply.plan.model import HostPlan, Plan
from infra_apply.reconcile.former_tags import with_former_tags
from infra_apply.reconcile.matching import Match
from infra_apply.reconcile.model import HostDecision
from infra_apply.reconcile.sizes import is_larger
from infra_apply.reconcile.state import DROPLET, HOST, State


def diagnose_names(plan: Plan, account: Account) -> Iterator[Diagnostic]:
    """Report ssh keys and networks the account does not have."""
    for host in plan.hosts:
        for key in host.droplet.ssh_keys:
            yield from _unknown_name(key, account.ssh_keys, "ssh key", host.place)
        if host.droplet.vpc:
            yield from _unknown_name(host.droplet.vpc, account.vpcs, "VPC", host.place)


def diagnose_larger(match: Match, account: Account) -> Iterator[Diagnostic]:
    """Report a droplet that somebody made larger than its plan."""
    host, live = match.host, match.droplet
    if live and _size_is_asked_for(host) and is_larger(live, host.droplet.size, account):
        planned = host.droplet.size
        message = f"`{host.name}` is a {live.size}, larger than the {planned} planned"
        hint = f"it stays as it is; write `{host.name}: {{size: {live.size}}}` in `hosts`"
        yield Diagnostic(LARGER_THAN_PLANNED, host.place, message, hint)


def decide_host(
    match: Match, account: Account, state: State, former_tags: Mapping[str, str]
) -> HostDecision:
    """Decide what a host's droplet becomes. There are no errors among its diagnostics.

    `former_tags` has those that are still needed, by the tags that take their place.
    The id is given for one that the state has too: it is the same, so nothing changes; but if this
    run's refresh was told by mistake that it is gone, it is imported and not made a second time.
    """
    host, live = match.host, match.droplet
    if host.firewall:
        host = replace(host, firewall=with_former_tags(host.firewall, former_tags))
    decision = HostDecision(
        host=host,
        ssh_key_ids=tuple(str(account.ssh_keys[name]) for name in host.droplet.ssh_keys),
        vpc_id=account.vpcs[host.droplet.vpc] if host.droplet.vpc else None,
        droplet_name=host.name,
        own_tags=host.droplet.tags,
        resize_disk=_resize_disk(match, account, state),
    )
    if live is None:
        return decision
    droplet = planned_droplet(host, live, account)
    former = [former_tags[tag] for tag in host.droplet.tags if tag in former_tags]
    tags = _tags(host, live, state, former)
    adopted = host.adopt is not None
    return replace(
        decision,
        host=replace(host, droplet=replace(droplet, tags=tags)),
        vpc_id=decision.vpc_id if "vpc" in host.own_keys or not adopted else None,
        droplet_name=live.name if adopted else host.name,
        own_tags=(*host.droplet.tags, *former),
        import_id=str(live.id),
        ipv6="ipv6" in live.features,
    )


def planned_droplet(host: HostPlan, live: LiveDroplet, account: Account) -> Droplet:
    """Return what a live droplet becomes: never smaller, and unchanged where it is adopted.

    Of an adopted one only what its own entry in the settings says is changed.
    """
    planned, own = host.droplet, host.own_keys
    if _size_is_asked_for(host) and is_larger(live, planned.size, account):
        planned = replace(planned, size=live.size)
    if host.adopt is None:
        return planned
    return replace(
        planned,
        region=planned.region if "region" in own else live.region,
        size=planned.size if "size" in own else live.size,
        image=planned.image if "image" in own else live.image,
        backups=planned.backups if "backups" in own else "backups" in live.features,
    )


def _size_is_asked_for(host: HostPlan) -> bool:
    return host.adopt is None or "size" in host.own_keys


def _tags(
    host: HostPlan, live: LiveDroplet, state: State, former: Iterable[str]
) -> tuple[str, ...]:
    """Add the tags of others, and `former` ones; a tag keeps the case the droplet has it in."""
    ours = {tag.lower() for tag in _own_tags(host, state)}
    spelling = {tag.lower(): tag for tag in live.tags}
    planned = {spelling.get(tag.lower(), tag) for tag in host.droplet.tags}
    needed = {tag.lower() for tag in former}
    kept = {tag for lower, tag in spelling.items() if lower not in ours or lower in needed}
    return tuple(sorted(planned | kept))


def _own_tags(host: HostPlan, state: State) -> Sequence[str]:
    """Return the tags that are ours to remove: those the state says were put on the droplet.

    A state of an earlier version says it only of the droplet, where those of others are among them;
    there a tag is ours if it is of a kind made here.
    """
    component = state.component(HOST, host.name)
    claimed = component.inputs.get("tags") if component else None
    if isinstance(claimed, list):
        return [str(tag) for tag in claimed]
    droplet = state.child(HOST, host.name, DROPLET)
    remembered = droplet.inputs.get("tags") if droplet else None
    return [str(tag) for tag in remembered or () if naming.is_ours(str(tag))]


def _resize_disk(match: Match, account: Account, state: State) -> bool | None:
    """Return what the provider is told of the disk: its default is to grow it, which is for good.

    A droplet that is not resized keeps what the state has, so that nothing seems to change.
    """
    host, live = match.host, match.droplet
    if live is None:
        return host.resize_disk
    if planned_droplet(host, live, account).size != live.size:
        return host.resize_disk
    remembered = state.child(HOST, host.name, DROPLET)
    if remembered is None:  # taken up: it becomes what it was to be when it was made
        return None if host.adopt else host.resize_disk
    if "resizeDisk" in remembered.inputs.get("__defaults", ()):
        return None
    kept = remembered.inputs.get("resizeDisk")
    return kept if isinstance(kept, bool) else None


def _unknown_name(
    name: str, known: Mapping[str, object], what: str, place: Place
) -> Iterator[Diagnostic]:
    if name not in known:
        message = f"the account has no {what} `{name}`"
        yield Diagnostic(UNKNOWN_KEY_OR_NETWORK, place, message, did_you_mean(name, known))
