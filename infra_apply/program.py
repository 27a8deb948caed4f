"""The Pulumi program: load, check, plan, observe, reconcile, render."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from infra_apply import naming
from infra_apply.cost.compute import cost, with_current_sizes
from infra_apply.cost.prices import prices_of
from infra_apply.cost.text import difference
from infra_apply.diagnostics.code import Severity
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.report import text
from infra_apply.diagnostics.report.unforeseen import request
from infra_apply.diagnostics.unforeseen import Unforeseen
from infra_apply.digitalocean.client import Client, find_credentials
from infra_apply.digitalocean.model import Account
from infra_apply.digitalocean.read import (
    read_account,
    read_droplets_by_id,
    read_gpu_droplets,
)
from infra_apply.engine.running import running_engine
from infra_apply.engine.stack_export import export_stack, read_outputs
from infra_apply.errors import Failure, Outage, Refusal
from infra_apply.gpu.fleet_settings import identity_of
from infra_apply.gpu.slot_spec import current_slots
from infra_apply.inputs import settings
from infra_apply.inputs.pulumi_project import find
from infra_apply.plan.model import Plan
from infra_apply.plan.stack import plan_stack
from infra_apply.reconcile.databases import expected_members
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.logins import Wish, wish_of
from infra_apply.reconcile.model import Decisions
from infra_apply.reconcile.state import State, parse_state
from infra_apply.reconcile.wider_access import describe_wider_access
from infra_apply.render.slots import render_slots
from infra_apply.render.stack import render
from infra_apply.terminal.safe_text import safe


def main() -> None:
    """Render the current stack of the Pulumi project in the working directory.

    Every decision falls before the first resource is registered. Raises pulumi.RunError, which the
    engine shows without a traceback; an exception that nobody foresaw becomes one that asks for a
    report, below what was found all the same. Whatever is said goes through `safe`: the engine
    prints it as it comes.
    """
    try:
        _render_stack()
    except pulumi.RunError:
        raise
    except Failure as failure:
        raise pulumi.RunError(safe(str(failure))) from None
    except Exception as error:  # noqa: BLE001 - the engine would print it with its source
        raise pulumi.RunError(safe(_report_request(error))) from None


def _render_stack() -> None:
    if pool := naming.pool_of_stack(pulumi.get_stack()):
        _show_pool(*pool)
        return
    values = settings.from_config(_config())
    planned = plan_stack(find(Path.cwd()), pulumi.get_stack(), values=values)
    _report(planned.findings.diagnostics)
    if planned.plan is None:
        return
    _require_single_tries()
    account, decisions, problems = _look(planned.plan, _state())
    _report(problems)
    if decisions is not None:
        if wider := describe_wider_access(decisions.wider_access):
            pulumi.log.info(safe(wider))
        pulumi.log.info(safe(f"cost: {_cost(decisions, account)}"))
        render(decisions, _former_outputs)


def _show_pool(environment: str, project: str) -> None:
    """Declare a pool's slots as they are. An update ends here: what it left out would end too."""
    if not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(
            safe(
                "a plain update does not change a GPU pool, and changed nothing; use: "
                f"infra-apply gpu scale {project} N --stack {environment}"
            )
        )
    identity = identity_of(find(Path.cwd()), environment, project)
    slots, problems = current_slots(read_gpu_droplets(_client()), identity)
    for problem in problems:
        pulumi.log.warn(safe(problem))
    render_slots(slots)


def _require_single_tries() -> None:
    """Refuse a provider that sends a request again: a POST whose answer was lost would buy twice.

    Pulumi.yaml says so for the default provider; a stack's file could say otherwise.
    """
    tries = pulumi.Config("digitalocean").get("httpRetryMax")
    if tries != "0":
        raise Refusal(
            f"`digitalocean:httpRetryMax` is {tries or 'not set'}: a create whose answer was lost"
            " would be sent again, and make two",
            state="nothing was changed",
            next_step='write `config: {digitalocean:httpRetryMax: {value: "0"}}` in Pulumi.yaml,'
            " and nothing else in a stack file",
        )


def _former_outputs() -> dict[str, Any]:
    """Read this stack's outputs as the last update left them, secrets among them."""
    engine = running_engine(os.environ)
    return read_outputs(engine, _stack_name(), Path.cwd(), os.environ) or {}


def _stack_name() -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def _state() -> State:
    """Read what the stack remembers, before anything is registered. Raises Outage."""
    name = _stack_name()
    exported = export_stack(running_engine(os.environ), name, Path.cwd(), os.environ)
    if exported is None:
        raise Outage(
            f"the backend has no stack {name}, which is being run", state="nothing was changed"
        )
    return parse_state(exported)


def _config() -> dict[str, str]:
    return {**get_config_env(), **CONFIG.get()}


def _client() -> Client:
    digitalocean = pulumi.Config("digitalocean")
    config = {key: digitalocean.get(key) for key in ("token", "apiEndpoint")}
    return Client(find_credentials(os.environ, config))


def _look(plan: Plan, state: State) -> tuple[Account, Decisions | None, tuple[Diagnostic, ...]]:
    """Look at the account and decide; before a create that may have happened, look for a minute.

    An update that was killed or whose answer was lost may have made what DigitalOcean lists late.
    What it may have made is looked for until a minute after the state was written.
    """
    client, wish = _client(), wish_of(os.environ)
    speed = float(os.environ.get("INFRA_APPLY_REHEARSAL_CLOCK") or 1)
    account = _observe(client, plan, state, wish)
    decisions, problems = reconcile(plan, account, state, wish)
    until = min(state.written_at or 0, time.time()) + _LISTED_LATE / speed
    if decisions and decisions.may_exist and time.time() < until:
        names = ", ".join(decisions.may_exist)
        pulumi.log.info(safe(f"the last update may have made these unheard, looking: {names}"))
    while decisions and decisions.may_exist and time.time() < until:
        time.sleep(_BETWEEN_LOOKS / speed)
        account = _observe(client, plan, state, wish)
        decisions, problems = reconcile(plan, account, state, wish)
    return account, decisions, problems


_LISTED_LATE: Final = 60.0
_BETWEEN_LOOKS: Final = 5.0


def _observe(client: Client, plan: Plan, state: State, wish: Wish | None) -> Account:
    """Read what the plan is about, and each droplet that the state has and no list shows."""
    account = read_account(
        client,
        droplets=bool(
            plan.hosts or plan.looked_up or plan.pools or plan.retired or plan.quarantined
        ),
        ssh_keys=any(host.droplet.ssh_keys for host in plan.hosts),
        vpcs=any(host.droplet.vpc for host in plan.hosts),
        databases=expected_members(plan, state, wish),
    )
    unlisted = state.droplet_ids - {droplet.id for droplet in account.all_droplets}
    return replace(account, droplets=(*account.droplets, *read_droplets_by_id(client, unlisted)))


def _cost(decisions: Decisions, account: Account) -> str:
    prices = prices_of(account.sizes, "the account's sizes")
    before = cost([with_current_sizes(decisions.plan, decisions.sizes_now)], prices)
    after = cost([decisions.decided_plan], prices)
    return difference(before, after)


def _report(diagnostics: tuple[Diagnostic, ...]) -> None:
    """Show warnings; end the run, with no traceback and all errors at once, if there are any."""
    here = Path.cwd()
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    if errors:
        raise pulumi.RunError(safe("\n" + text.diagnostics(errors, here)))
    if diagnostics:
        pulumi.log.warn(safe("\n" + text.diagnostics(diagnostics, here)))


def _report_request(error: Exception) -> str:
    """Say what was found before the exception, and ask for a report without naming a secret."""
    parts: list[str] = []
    cause: BaseException | None = error
    if isinstance(error, Unforeseen):
        parts = ["\n" + text.findings(error.findings, Path.cwd())]
        cause = error.__cause__
    secrets = [value for key, value in _config().items() if is_config_secret(key)]
    parts.append(request("infra-apply's program", cause or error, os.environ, secrets))
    return "\n".join(parts)
