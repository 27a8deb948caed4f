"""Which droplet each host is: remembered, adopted, forgotten by the state, or yet to be made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra_apply.diagnostics.cloud_codes import (
    ANOTHER_THAN_REMEMBERED,
    NOT_ADOPTABLE,
    NOT_OURS,
    OF_ANOTHER_STACK,
    SEVERAL_DROPLETS,
    TAKEN_UP,
)
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.naming import is_owner_tag, owner_tag
from infra_apply.plan.model import HostPlan, Plan
from infra_apply.reconcile.recognition import Candidates, find_candidates, is_slot, owner_in_fleet
from infra_apply.reconcile.state import DROPLET, FIREWALL, HOST, State


@dataclass(frozen=True, slots=True)
class Match:
    """The droplet a host is, None if it is to be made, and what is to be said of that.

    `is_new` says that the state has no droplet for the host, or one that is gone.
    """

    host: HostPlan
    droplet: LiveDroplet | None = None
    is_new: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()


def match_hosts(plan: Plan, account: Account, state: State) -> dict[str, Match]:
    """Match every host of a plan, by name. An error among a match's diagnostics stops the plan."""
    return {host.name: _match(_Case(host, plan, account, state)) for host in plan.hosts}


@dataclass(frozen=True, slots=True)
class _Case:
    """One host with all that decides what it is."""

    host: HostPlan
    plan: Plan
    account: Account
    state: State
    candidates: Candidates = field(init=False)

    def __post_init__(self) -> None:
        candidates = find_candidates(self.host, self.plan, self.account.all_droplets)
        object.__setattr__(self, "candidates", candidates)

    @property
    def remembered_id(self) -> int | None:
        """The id of the droplet that the state has, live or not; or had last.

        The refresh of a run that was refused has forgotten a droplet that was gone; its component
        still says which one it was.
        """
        component = self.state.component(HOST, self.host.name)
        remembered = self.state.child(HOST, self.host.name, DROPLET)
        text = remembered.id if remembered else component and component.outputs.get("droplet")
        return int(text) if isinstance(text, str) and text.isdecimal() else None

    @property
    def is_new(self) -> bool:
        """Whether the state has no droplet for the host."""
        return self.state.child(HOST, self.host.name, DROPLET) is None

    def live(self, number: int | None) -> LiveDroplet | None:
        """Return a droplet by its id, if the account has it."""
        return next((found for found in self.account.all_droplets if found.id == number), None)


def _match(case: _Case) -> Match:
    known = case.live(case.remembered_id)
    if known is not None:
        beside = tuple(_beside_known(case, known))
        taken_up = (_taken_up(case.host, known),) if case.is_new and not beside else ()
        return Match(case.host, known, case.is_new, (*beside, *taken_up))
    if case.host.adopt is not None:
        target = case.live(case.host.adopt)
        diagnostics = tuple(_adoption(case, target))
        return Match(case.host, None if diagnostics else target, True, diagnostics)
    problem = _forgotten(case) or _taken(case)
    if problem is not None:
        return Match(case.host, None, True, (problem,))
    if not case.candidates.ours:
        return Match(case.host, None, is_new=True)
    (droplet,) = case.candidates.ours
    return Match(case.host, droplet, True, (_taken_up(case.host, droplet),))


def _beside_known(case: _Case, known: LiveDroplet) -> Iterator[Diagnostic]:
    """Report what contradicts a droplet that the state has and that is there."""
    host = case.host
    if host.adopt not in {None, known.id}:
        message = f"`{host.name}` is droplet {known.id} already, and would be replaced"
        hint = f"write `adopt: {known.id}`, or remove `adopt`"
        yield Diagnostic(NOT_ADOPTABLE, host.place, message, hint)
    surplus = [droplet for droplet in case.candidates.ours if droplet.id != known.id]
    if surplus:
        command = f"infra-apply up --stack {case.plan.stack} --remove-surplus {surplus[0].id}"
        hint = f"look which one is in use; if that is {known.id}: {command}"
        yield _several(host, (known, *surplus), f"; the state has {known.id}", hint)


def _adoption(case: _Case, target: LiveDroplet | None) -> Iterator[Diagnostic]:
    """Report why the droplet that is to be adopted cannot be."""
    host = case.host
    if target is None:
        alike = [str(found.id) for found in case.account.all_droplets if found.name == host.name]
        message = f"the account has no droplet {host.adopt} for `{host.name}` to adopt"
        hint = f"droplets called `{host.name}`: {', '.join(alike) or 'none'}"
        yield Diagnostic(NOT_ADOPTABLE, host.place, message, hint)
    elif other := _host_of(case, target):
        message = f"droplet {target.id} is the host `{other}`, and `{host.name}` is to adopt it"
        hint = (
            f"a droplet is one host; to rename it, first let go of it: retired: {{{other}: keep}}"
        )
        yield Diagnostic(NOT_ADOPTABLE, host.place, message, hint)
    elif is_slot(target):
        message = f"droplet {target.id} is a slot of a GPU pool, and no host"
        yield Diagnostic(NOT_ADOPTABLE, host.place, message, "remove `adopt`")
    elif owner := _other_owner(case, target):
        message = f"droplet {target.id} is another stack's: it has the tag `{owner}`"
        hint = f"write `{host.name}: {{lookup: true}}`, or remove that tag if the stack is gone"
        yield Diagnostic(OF_ANOTHER_STACK, host.place, message, hint)
    if target in case.candidates.ours:
        yield from _several_forgotten(case)
        return
    for droplet in case.candidates.ours:
        if droplet.id != host.adopt:
            message = f"`{host.name}` is droplet {droplet.id} already, and would be replaced"
            hint = f"write `adopt: {droplet.id}`, or remove `adopt`"
            yield Diagnostic(NOT_ADOPTABLE, host.place, message, hint)


def _host_of(case: _Case, droplet: LiveDroplet) -> str | None:
    """Name another host that a droplet is: in the state, or because that one adopts it too."""
    for component in case.state.components(HOST):
        remembered = case.state.child(HOST, component.name, DROPLET)
        if component.name != case.host.name and remembered and remembered.id == str(droplet.id):
            return component.name
    adopting = (host.name for host in case.plan.hosts if host.adopt == droplet.id)
    return next((name for name in adopting if name != case.host.name), None)


def _other_owner(case: _Case, droplet: LiveDroplet) -> str | None:
    own = owner_tag(case.plan.fleet, case.plan.environment)
    return next(
        (tag for tag in droplet.tags if is_owner_tag(tag.lower()) and tag.lower() != own.lower()),
        None,
    )


def _several_forgotten(case: _Case) -> Iterator[Diagnostic]:
    """Report droplets of ours that the state does not have and that cannot be told apart."""
    host, ours = case.host, case.candidates.ours
    if len(ours) > 1:
        owner = owner_tag(case.plan.fleet, case.plan.environment)
        hint = f"look which one is in use, and destroy the others, or remove their tag `{owner}`"
        yield _several(host, ours, "; the state has none of them", hint)


def _forgotten(case: _Case) -> Diagnostic | None:
    """Say why droplets of ours that the state does not have cannot be taken up."""
    host, ours = case.host, case.candidates.ours
    if problem := next(_several_forgotten(case), None):
        return problem
    if ours and case.remembered_id is not None:
        message = (
            f"the state remembers droplet {case.remembered_id} as `{host.name}`, which is gone;"
            f" {_described(ours[0])} has its name or tag"
        )
        managed = case.state.child(HOST, host.name, FIREWALL) is not None
        entry = f"adopt: {ours[0].id}{', firewall: managed' if managed else ''}"
        hint = f"if that is the host now, write `{host.name}: {{{entry}}}` in `hosts`"
        return Diagnostic(ANOTHER_THAN_REMEMBERED, host.place, message, hint)
    return None


def _taken(case: _Case) -> Diagnostic | None:
    """Say whose droplet has the host's name or address, if none of ours does."""
    host, candidates = case.host, case.candidates
    if candidates.ours:
        return None
    if candidates.of_other_stacks:
        droplet = candidates.of_other_stacks[0]
        owner = owner_in_fleet(droplet, case.plan.fleet)
        message = f"`{host.name}` is droplet {droplet.id} of another stack, `{owner}`"
        hint = f"write `{host.name}: {{lookup: true}}` in `hosts`"
        return Diagnostic(OF_ANOTHER_STACK, host.place, message, hint)
    if candidates.strangers and not host.create:
        strangers = " and ".join(_described(droplet) for droplet in candidates.strangers)
        message = f"not made here, and `{host.name}` by its name or address: {strangers}"
        hint = (
            f"write `{host.name}: {{adopt: {candidates.strangers[0].id}}}` in `hosts` if it is the"
            " host, `lookup: true` if another stack owns it, `create: true` to make one beside it;"
            f" all at once: infra-apply adopt --stack {case.plan.stack}"
        )
        return Diagnostic(NOT_OURS, host.place, message, hint)
    return None


def _several(
    host: HostPlan, droplets: Iterable[LiveDroplet], remembered: str, hint: str
) -> Diagnostic:
    described = ", ".join(
        _described(droplet) for droplet in sorted(droplets, key=lambda droplet: droplet.id)
    )
    message = f"`{host.name}` is several droplets, all of this stack: {described}{remembered}"
    return Diagnostic(SEVERAL_DROPLETS, host.place, message, hint)


def _taken_up(host: HostPlan, droplet: LiveDroplet) -> Diagnostic:
    message = f"{_described(droplet)} is `{host.name}`: it is taken into the state"
    hint = f"if it is not, remove its tags before this is applied: {', '.join(droplet.tags)}"
    return Diagnostic(TAKEN_UP, host.place, message, hint)


def _described(droplet: LiveDroplet) -> str:
    address = f" at {droplet.addresses[0]}" if droplet.addresses else ""
    if droplet.made_at is None:
        return f"droplet {droplet.id}{address}"
    made_at = datetime.fromtimestamp(droplet.made_at, UTC)
    return f"droplet {droplet.id}{address}, made {made_at:%Y-%m-%d %H:%M} UTC"
