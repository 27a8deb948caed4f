"""What a run of the engine did, or would do, on stdout; what it said, on stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any, Final

from infra_apply.engine.events import EngineMessage, Step
from infra_apply.engine.run import Outcome
from infra_apply.engine.tree import lines
from infra_apply.plan.model import Plan
from infra_apply.plan.text import not_rendered, notes
from infra_apply.terminal import wants_colour


def show(outcome: Outcome, plan: Plan, verb: str, form: str) -> int:
    """Print an outcome as `text` or `json`; 0 if it went well, else 1."""
    if form == "json":
        print(json.dumps(as_json(outcome, plan, verb), indent=2, ensure_ascii=False))
        return 0 if outcome.ok else 1
    for message in _worth_saying(outcome.diagnostics, verb):
        print(message, file=sys.stderr)
    if not outcome.ok:
        return 1
    colour = wants_colour(sys.stdout)
    for line in lines(outcome.steps, colour, done=verb != "preview", notes=notes(plan)):
        print(line)
    if verb == "preview":
        for line in not_rendered(plan):
            print(line)
    return 0


def as_json(outcome: Outcome, plan: Plan, verb: str) -> dict[str, Any]:
    """Return `{"version": 1, "verb", "stack", "ok", "changes", "steps", "messages"}`.

    Steps that change nothing are only counted; secrets are "[secret]", as the engine gives them.
    """
    return {
        "version": 1,
        "verb": verb,
        "stack": plan.stack,
        "ok": outcome.ok,
        "changes": dict(outcome.changes),
        "steps": [_step(one) for one in outcome.steps if one.op != "same"],
        "messages": [
            {"severity": one.severity, "message": one.message.strip()}
            for one in outcome.diagnostics
            if one.severity in _SHOWN
        ],
    }


def _step(one: Step) -> dict[str, Any]:
    return {
        "op": one.op,
        "type": one.type,
        "name": one.name,
        "urn": one.urn,
        "changed": sorted({*one.changed, *one.detailed_diff}),
    }


def _worth_saying(messages: Sequence[EngineMessage], verb: str) -> list[str]:
    """Pick warnings and errors; the many refusals of protected resources become one."""
    said, refused = [], []
    for message in messages:
        if message.severity not in _SHOWN or message.message.strip() == _ECHO:
            continue
        if _PROTECTED.search(message.message):
            refused.append(message.urn.rpartition("::")[2])
        else:
            said.append(message.message.strip())
    if refused:
        names = ", ".join(sorted(set(refused)))
        said.append(
            f"refused: {len(refused)} protected resources would be deleted ({names})\n"
            "  state: nothing was changed\n"
            f"  next:  {_ENDING if verb == 'destroy' else _DROPPED}"
        )
    return list(dict.fromkeys(said))


_ENDING: Final = (
    "infra-apply rehearse destroy --everything lifts the protection, in a rehearsal only"
)
_DROPPED: Final = (
    "bring back what declared them; a host that is meant to go is first "
    "applied with `protect: false`"
)
_ECHO: Final = "preview failed"  # the engine's summary of errors that it has told before
_SHOWN: Final = frozenset({"info", "warning", "error"})
_PROTECTED: Final = re.compile(r"cannot be deleted\s+because it is protected")
