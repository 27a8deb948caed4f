"""(plan, account, state) -> decisions or diagnostics. Pure; nothing is registered before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import FLEET_WITHOUT_NAME, STATE_IS_EMPTY
from infra_apply.diagnostics.code import Severity
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account
from infra_apply.plan.model import Plan, PoolPlan
from infra_apply.reconcile.changes import diagnose_change
from infra_apply.reconcile.databases import (
    decide_databases,
    diagnose_databases,
    may_have_been_made,
)
from infra_apply.reconcile.firewalls import (
    diagnose_firewalls,
    diagnose_names_of_firewalls,
    import_firewalls,
)
from infra_apply.reconcile.former_tags import needed_former_tags, with_former_tags
from infra_apply.reconcile.hosts import (
    decide_host,
    diagnose_larger,
    diagnose_names,
    planned_droplet,
)
from infra_apply.reconcile.logins import Wish
from infra_apply.reconcile.matching import Match, match_hosts
from infra_apply.reconcile.model import Decisions
from infra_apply.reconcile.quarantine import (
    decide_quarantined,
    diagnose_quarantine,
    kept_outputs,
    kept_tags,
    with_quarantined,
)
from infra_apply.reconcile.recognition import find_looked_up_vpcs, has_tag, is_slot
from infra_apply.reconcile.removal import decide_retirements, diagnose_removals
from infra_apply.reconcile.separation import decide_closed_defaults
from infra_apply.reconcile.sizes import diagnose_limit, diagnose_offers
from infra_apply.reconcile.state import DROPLET, HOST, State
from infra_apply.reconcile.wider_access import find_wider_access


def reconcile(
    plan: Plan, account: Account, state: State, wish: Wish | None = None
) -> tuple[Decisions | None, tuple[Diagnostic, ...]]:
    """Decide what is to be done with each part of a plan; all that stands in the way at once.

    `wish` is what this run alone is to do with a database's logins.
    With an error among the diagnostics there are no decisions.
    """
    plan = with_quarantined(plan, state)
    matches = match_hosts(plan, account, state)
    live = {name: match.droplet for name, match in matches.items() if match.droplet}
    diagnostics = (
        *_unnamed_fleet(plan),
        *_empty_state(plan, account, state),
        *diagnose_databases(plan, account, state, wish),
        *_diagnose_hosts(plan, account, state, matches),
        *diagnose_names_of_firewalls(plan, account, state),
        *diagnose_firewalls(plan, account, state, live),
        *diagnose_removals(plan, account, state),
        *diagnose_quarantine(plan, account, state),
    )
    if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        return None, diagnostics
    former = needed_former_tags(plan, account)
    quarantined = decide_quarantined(plan, account, state)
    decisions = Decisions(
        plan=plan,
        hosts=tuple(decide_host(matches[host.name], account, state, former) for host in plan.hosts),
        pools=tuple(_with_former_tags(pool, former) for pool in plan.pools),
        databases=decide_databases(plan, account, state, wish),
        sizes_now={name: droplet.size for name, droplet in live.items()},
        import_firewalls=import_firewalls(plan, account, state),
        retirements=decide_retirements(plan, account, state),
        may_exist=(
            *_hosts_in_doubt(matches, state),
            *may_have_been_made(plan, account, state),
        ),
        quarantined=quarantined,
        kept_tags=kept_tags(quarantined, state),
        kept_outputs=kept_outputs(plan, quarantined, state),
        closed_defaults=decide_closed_defaults(plan, account),
        looked_up_vpcs=find_looked_up_vpcs(plan, account),
        wider_access=find_wider_access(plan, state),
    )
    return decisions, diagnostics


def _with_former_tags(pool: PoolPlan, former: Mapping[str, str]) -> PoolPlan:
    firewall = pool.firewall and with_former_tags(pool.firewall, former)
    return replace(pool, firewall=firewall)


def _diagnose_hosts(
    plan: Plan, account: Account, state: State, matches: Mapping[str, Match]
) -> Iterator[Diagnostic]:
    yield from diagnose_names(plan, account)
    for match in matches.values():
        yield from match.diagnostics
        if any(diagnostic.severity is Severity.ERROR for diagnostic in match.diagnostics):
            continue
        host, droplet = match.host, match.droplet
        size = planned_droplet(host, droplet, account).size if droplet else host.droplet.size
        yield from diagnose_larger(match, account)
        yield from diagnose_offers(match, size, account)
        yield from diagnose_change(match, size, account, state)
    yield from diagnose_limit(plan, matches, account)


def _unnamed_fleet(plan: Plan) -> Iterator[Diagnostic]:
    if not plan.fleet_is_named:
        message = "the fleet has no name: its tags could be those of another company's fleet"
        hint = f"write `infra-apply:fleet: acme` in stacks/Pulumi.{plan.stack}.yaml, with your own"
        yield Diagnostic(FLEET_WITHOUT_NAME, plan.place, message, hint)


def _empty_state(plan: Plan, account: Account, state: State) -> Iterator[Diagnostic]:
    """Report droplets of this stack, slots aside, that a state without any resource cannot know."""
    if not state.is_empty:
        return
    adopted = {host.adopt for host in plan.hosts}
    let_go = {name for name, fate in plan.retired.items() if fate == "keep"}
    owner = naming.owner_tag(plan.fleet, plan.environment)
    droplets = [
        droplet
        for droplet in account.all_droplets
        if has_tag(droplet, owner)
        and not is_slot(droplet)
        and droplet.id not in adopted
        and droplet.name not in let_go
    ]
    if droplets:
        names = ", ".join(f"{droplet.name} ({droplet.id})" for droplet in droplets)
        message = f"the state is empty, and the account has droplets of this stack: {names}"
        hint = (
            "log in to the backend that holds the state (`pulumi whoami -v` names this one); if it"
            f" is lost: infra-apply adopt --stack {plan.stack} --write; from a droplet that was let"
            f" go, remove the tag `{owner}`"
        )
        yield Diagnostic(STATE_IS_EMPTY, plan.place, message, hint)


def _hosts_in_doubt(matches: Mapping[str, Match], state: State) -> Iterator[str]:
    """Name the hosts to be made whose component the state has: a create may have gone unheard."""
    for name, match in matches.items():
        begun = state.component(HOST, name) is not None
        if begun and match.droplet is None and state.child(HOST, name, DROPLET) is None:
            yield f"droplet {name}"
