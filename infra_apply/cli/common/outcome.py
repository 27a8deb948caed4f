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


def show(outcome: Outcome, plan: Plan, verb: str, output_format: str) -> int:
    """Print an outcome as `text` or `json`; 0 if it went well, else 1."""
    if output_format == "json":
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
        "steps": [_step(step) for step in outcome.steps if step.op != "same"],
        "messages": [
            {"severity": message.severity, "message": message.message.strip()}
            for message in outcome.diagnostics
            if message.severity in _SHOWN
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "op": step.op,
        "type": step.type,
        "name": step.name,
        "urn": step.urn,
        "changed": sorted({*step.changed, *step.detailed_diff}),
    }


def _worth_saying(messages: Sequence[EngineMessage], verb: str) -> list[str]:
    """Pick warnings and errors; the many refusals of protected resources become one."""
    texts, refused = [], []
    for message in messages:
        if message.severity not in _SHOWN or message.message.strip() == _ECHO:
            continue
        if _PROTECTED.search(message.message):
            refused.append(message.urn.rpartition("::")[2])
        else:
            texts.append(message.message.strip())
    if refused:
        names = ", ".join(sorted(set(refused)))
        texts.append(
            f"refused: {len(refused)} protected resources would be deleted ({names})\n"
            "  state: nothing was changed\n"
            f"  next:  {_ENDING if verb == 'destroy' else _DROPPED}"
        )
    return list(dict.fromkeys(texts))


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
