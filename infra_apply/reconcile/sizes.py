"""Sizes, regions and limits: what the account would refuse, before anything is powered off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from infra_apply.diagnostics.cloud_codes import DROPLET_LIMIT, NOT_OFFERED
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.model import Account, LiveDroplet, Size
from infra_apply.plan.model import Plan
from infra_apply.reconcile.matching import Match


def is_larger(live: LiveDroplet, planned: str, account: Account) -> bool:
    """Say whether a droplet has more of anything than a planned size: it is never made smaller.

    A droplet of a size that the account no longer lists is known by what it has itself.
    """
    wanted = account.sizes.get(planned)
    if wanted is None or live.size == planned:
        return False
    now = account.sizes.get(live.size) or Size(live.memory, live.vcpus, live.disk)
    return (
        max(now.memory, live.memory) > wanted.memory
        or max(now.vcpus, live.vcpus) > wanted.vcpus
        or (live.disk or now.disk) > wanted.disk
    )


def diagnose_offers(match: Match, size: str, account: Account) -> Iterator[Diagnostic]:
    """Report a size or region that the account does not offer for a create or a resize to `size`.

    What stays as it is is not judged: DigitalOcean keeps droplets of sizes that it sells no more.
    """
    host, live = match.host, match.droplet
    if live is not None and live.size == size:
        return
    region = live.region if live else host.droplet.region
    offer = account.sizes.get(size)
    if offer is None:
        message = f"the account has no size `{size}`, which `{host.name}` is to have"
        hint = did_you_mean(size, account.sizes, otherwise=_NAME_A_SIZE)
        yield Diagnostic(NOT_OFFERED, host.place, message, hint)
    elif region not in offer.regions:
        message = f"`{size}` is not offered in {region}, where `{host.name}` is to be"
        regions = ", ".join(sorted(offer.regions)) or "none at the moment"
        hint = f"regions that have it: {regions}; sizes there: {_sizes_in(region, account.sizes)}"
        yield Diagnostic(NOT_OFFERED, host.place, message, hint)


def diagnose_limit(
    plan: Plan, matches: Mapping[str, Match], account: Account
) -> Iterator[Diagnostic]:
    """Report a plan that needs more droplets than the account may have."""
    new = [host for host in plan.hosts if matches[host.name].droplet is None]
    live, limit = len(account.all_droplets), account.droplet_limit
    if limit is not None and new and live + len(new) > limit:
        names = ", ".join(f"`{host.name}`" for host in new)
        message = (
            f"the account may have {limit} droplets and has {live}; {len(new)} more are planned:"
            f" {names}"
        )
        hint = "have the limit raised in DigitalOcean's console, or plan fewer hosts"
        yield Diagnostic(DROPLET_LIMIT, new[0].place, message, hint)


def _sizes_in(region: str, sizes: Mapping[str, Size]) -> str:
    names = sorted((size.monthly, slug) for slug, size in sizes.items() if region in size.regions)
    return ", ".join(slug for _, slug in names[:_FEW]) or f"none (is `{region}` a region?)"


_NAME_A_SIZE: Final = "`doctl compute size list` shows the sizes there are"
_FEW: Final = 5
