"""(plan, account) -> decisions or diagnostics. Pure; nothing is registered before it is done."""

from __future__ import annotations

from infra_apply.diagnostics.code import Severity
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account
from infra_apply.plan.model import Plan
from infra_apply.reconcile.databases import decide_databases, diagnose_databases
from infra_apply.reconcile.firewalls import diagnose_firewalls
from infra_apply.reconcile.hosts import decide_host, diagnose_hosts, live_droplets
from infra_apply.reconcile.model import Decisions


def reconcile(plan: Plan, account: Account) -> tuple[Decisions | None, tuple[Diagnostic, ...]]:
    """Decide what is to be done with each part of a plan; all that stands in the way at once.

    With an error among the diagnostics there are no decisions.
    """
    live = live_droplets(plan, account)
    diagnostics = (
        *diagnose_databases(plan, account),
        *diagnose_hosts(plan, account, live),
        *diagnose_firewalls(plan, account, live),
    )
    if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        return None, diagnostics
    decisions = Decisions(
        plan=plan,
        hosts=tuple(decide_host(host, live.get(host.name), account) for host in plan.hosts),
        databases=decide_databases(plan, account),
        sizes_now={name: droplet.size for name, droplet in live.items()},
    )
    return decisions, diagnostics
