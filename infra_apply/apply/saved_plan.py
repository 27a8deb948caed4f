"""A preview that was reviewed, as a digest: what was to be done, without a value of it. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from infra_apply.apply.letting_go import LettingGo
from infra_apply.apply.work import UNCHANGING, settable
from infra_apply.engine.events import Step
from infra_apply.plan.model import Plan
from infra_apply.reconcile.state import State


@dataclass(frozen=True, slots=True)
class SavedStep:
    """A step that was reviewed. `inputs` and `start` are keyed hashes of what it sets and changes.

    `start` is that of the state's inputs, which a change rests on. `protect` and `retain` say how
    firmly the resource is held: the engine shows no change where only they differ.
    """

    op: str
    urn: str
    inputs: str
    start: str
    protect: bool
    retain: bool

    @property
    def changes(self) -> bool:
        """Whether the resource is not what it was, after the step."""
        return self.op not in UNCHANGING


@dataclass(frozen=True, slots=True)
class SavedRetirement:
    """A retired resource that was reviewed. `object` is a keyed hash of its id."""

    fate: str
    urn: str
    object: str


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A reviewed preview of a stack. `key` keys its hashes, in hexadecimal digits.

    `retired` is what goes or is let go of, by the first run or by the one after it, and `steps` are
    all others, those that change nothing too; default providers are in neither. `user_data` is a
    hash of each host's script, which the engine shows to nobody. `commits` and `state` say what it
    was made from: they may move without an effect on what would be done.
    """

    stack: str
    account: str
    key: str
    steps: tuple[SavedStep, ...]
    retired: tuple[SavedRetirement, ...]
    user_data: Mapping[str, str]
    commits: Mapping[str, str]
    state: str


def save_plan(  # noqa: PLR0913 - all that is reviewed, and what it was made from
    plan: Plan,
    steps: Iterable[Step],
    letting_go: LettingGo,
    state: State,
    *,
    account: str | None,
    commits: Mapping[str, str],
    key: bytes,
) -> SavedPlan:
    """Digest a preview; `key` is random, and made for this one plan. `account` is its id."""
    return SavedPlan(
        stack=plan.stack,
        account=_hash(account, key),
        key=key.hex(),
        steps=tuple(
            _saved(step, key) for step in steps if not _is_left_to_others(step, letting_go)
        ),
        retired=tuple(_saved_retirements(letting_go, key)),
        user_data=_user_data(plan, key),
        commits=commits,
        state=_hash(sorted((held.urn, held.id, str(held.inputs)) for held in state.resources), key),
    )


def as_text(saved: SavedPlan) -> str:
    """Write a saved plan as JSON."""
    document = {
        "version": _VERSION,
        "stack": saved.stack,
        "account": saved.account,
        "commits": dict(saved.commits),
        "state": saved.state,
        "key": saved.key,
        "user_data": dict(saved.user_data),
        "retired": [asdict(held) for held in saved.retired],
        "steps": [asdict(step) for step in saved.steps],
    }
    return json.dumps(document, indent=2) + "\n"


def parse_saved_plan(text: str) -> SavedPlan:
    """Read what `as_text` wrote. Raises ValueError for anything else."""
    try:
        document: dict[str, Any] = json.loads(text)
        if document["version"] != _VERSION:
            raise ValueError(f"it is of version {document['version']}, and this reads {_VERSION}")
        bytes.fromhex(document["key"])
        return SavedPlan(
            stack=str(document["stack"]),
            account=str(document["account"]),
            key=str(document["key"]),
            steps=tuple(_parse_step(step) for step in document["steps"]),
            retired=tuple(
                SavedRetirement(*(str(held[key]) for key in ("fate", "urn", "object")))
                for held in document["retired"]
            ),
            user_data=dict(document["user_data"]),
            commits=dict(document["commits"]),
            state=str(document["state"]),
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"it is no saved plan: {error!r}") from None


def moved(saved: SavedPlan, now: SavedPlan) -> Iterator[str]:
    """Yield where today's preview is not what was reviewed, a line each: nothing is fine.

    `now` is digested with the saved plan's key. What was reviewed and is done already is fine, and
    so is a reviewed create that became an import of just that. What was reviewed and would be left
    out is not: a droplet is not made without the firewall that was reviewed with it.
    """
    if saved.stack != now.stack:
        yield f"the plan is one of stack {saved.stack}"
        return
    if saved.account != now.account:
        yield "the plan is one of another account, or the token of one of them may not read it"
        return
    reviewed = {step.urn: step for step in saved.steps}
    planned = {step.urn: step for step in now.steps}
    for step in now.steps:
        yield from _moved_step(step, reviewed.get(step.urn))
    yield from _moved_retirements(saved, now)
    for step in saved.steps:
        yield from _left_out(step, planned.get(step.urn))
    created = {step.urn.rpartition("::")[2] for step in now.steps if step.op == "create"}
    for host, digest in now.user_data.items():
        if host in created and saved.user_data.get(host) != digest:
            yield f"the user data of {host} is not what was reviewed"


def _moved_step(step: SavedStep, reviewed: SavedStep | None) -> Iterator[str]:
    """Compare what would be done to a resource with what was reviewed."""
    name = _name(step.urn)
    if step.changes:
        if reviewed is None or not reviewed.changes:
            yield f"{name}: {step.op} was not reviewed"
            return
        if step.op != reviewed.op and (reviewed.op, step.op) != ("create", "import"):
            yield f"{name}: {reviewed.op} was reviewed, and it would be: {step.op}"
            return
        if step.inputs != reviewed.inputs:
            yield f"{name}: what it would be set to is not what was reviewed"
            return
        if step.op == reviewed.op and step.start != reviewed.start:
            yield f"{name}: what it is now is not what it was at the review"
            return
    if reviewed and (step.protect, step.retain) != (reviewed.protect, reviewed.retain):
        yield f"{name}: its protection is not what was reviewed"


def _left_out(reviewed: SavedStep, planned: SavedStep | None) -> Iterator[str]:
    """Report a reviewed change that would not be done, and that is not done already."""
    if not reviewed.changes or (planned and planned.changes):
        return
    if reviewed.op == "delete":
        is_done = planned is None
    else:
        is_done = planned is not None and planned.inputs == reviewed.inputs
    if not is_done:
        yield f"{_name(reviewed.urn)}: {reviewed.op} was reviewed, and would not be done"


def _moved_retirements(saved: SavedPlan, now: SavedPlan) -> Iterator[str]:
    reviewed = {held.urn: held for held in saved.retired}
    for held in now.retired:
        name, before = _name(held.urn), reviewed.get(held.urn)
        if before is None:
            yield f"{name}: that it is retired was not reviewed"
        elif held.fate != before.fate:
            yield f"{name}: {before.fate} was reviewed, and it is {held.fate}"
        elif held.object != before.object:
            yield f"{name}: what would go is not what was reviewed"


def _is_left_to_others(step: Step, letting_go: LettingGo) -> bool:
    """Say whether a step is a default provider's, or the end of what is retired or of a component.

    A component is nothing in the account; what is retired is digested by itself.
    """
    is_provider = step.type.startswith("pulumi:providers:")
    ends_component = step.op == "delete" and not step.custom
    return is_provider or ends_component or letting_go.asks_for(step)


def _saved_retirements(letting_go: LettingGo, key: bytes) -> Iterator[SavedRetirement]:
    for retirement in letting_go.retirements:
        for child in retirement.children:
            yield SavedRetirement(retirement.fate, child.urn, _hash(child.id, key))


def _saved(step: Step, key: bytes) -> SavedStep:
    if step.op == "create":
        start: Any = None
    else:
        start = [step.id, dict(step.old_inputs), sorted(step.detailed_diff.items())]
    inputs = _hash(settable(step.inputs), key)
    return SavedStep(step.op, step.urn, inputs, _hash(start, key), step.protect, step.retain)


def _parse_step(step: Mapping[str, Any]) -> SavedStep:
    op, urn, inputs, start = (str(step[key]) for key in ("op", "urn", "inputs", "start"))
    return SavedStep(op, urn, inputs, start, bool(step["protect"]), bool(step["retain"]))


def _user_data(plan: Plan, key: bytes) -> dict[str, str]:
    """Hash each host's script slowly: a password in it must not be found by trying."""
    texts = {host.name: host.user_data for host in plan.hosts if host.user_data}
    digests = {
        text: hashlib.scrypt(text.encode(), salt=key, n=2**14, r=8, p=1).hex()
        for text in set(texts.values())
    }
    return {host: digests[text] for host, text in texts.items()}


def _hash(value: Any, key: bytes) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _name(urn: str) -> str:
    kind = urn.split("::")[2].rpartition(":")[2] if urn.count("::") > 1 else ""
    return f"{kind} {urn.rpartition('::')[2]}"


_VERSION: Final = 2
