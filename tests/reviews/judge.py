"""Whether an update did what was reviewed, by the requests it sent and by what it left behind.

It reads the account's log of requests, the account and the state's file, and nothing that the
program itself uses.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

JSON: TypeAlias = dict[str, Any]
Outcome = Literal["refused", "applied", "done already", "wrong"]
# What a refusal says that names what moved: the saved plan's own, or a diagnostic's code.
_REFUSALS: Final = (
    re.compile(r"this is not what was reviewed:\n  \S"),
    re.compile(r"error\[IA\d{3}\]: "),
)
# Types of what is outside of the state: on the account, and in its PostgreSQL clusters.
_HELD: Final = ("digitalocean:", "pulumi-python:dynamic/infra-apply:Grants")
_TIME_OF_SNAPSHOT: Final = re.compile(r"-retired-\d{8}-\d{4}")


@dataclass(frozen=True, slots=True)
class Observed:
    """One update: how it ended, what it asked for, and account and state before and after it.

    `requests` are entries of the simulated API's log, without those that only read.
    """

    code: int
    output: str
    requests: tuple[JSON, ...]
    account_before: JSON
    account: JSON
    state_before: JSON
    state: JSON


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an update comes to; `problems` say in words why it is wrong."""

    outcome: Outcome
    problems: tuple[str, ...] = ()


def judge(reference: Observed, observed: Observed) -> Verdict:
    """Compare an update after a change with the one that nothing had been changed before."""
    if observed.code == 1 and not observed.requests:
        faults = tuple(_refusal_problems(observed))
        return Verdict("wrong", faults) if faults else Verdict("refused")
    wanted, done = effects(reference), effects(observed)
    problems = [f"exit {observed.code}"] if observed.code else []
    problems += [f"not reviewed: {effect}" for effect in (done - wanted).elements()]
    missing = list((wanted - done).elements())
    if missing and not _ends_alike(reference, observed):
        problems += [f"reviewed, and not done: {effect}" for effect in missing]
    problems += _state_problems(reference, observed)
    if problems:
        return Verdict("wrong", tuple(problems))
    return Verdict("done already" if missing else "applied")


def effects(observed: Observed) -> Counter[str]:
    """Count the requests; what they made is called by its name, whatever id it was given."""
    names = dict(_new_names(observed.account_before, observed.account))
    return Counter(_text(request, names) for request in observed.requests)


def _text(request: JSON, names: Mapping[str, str]) -> str:
    body = json.dumps(request["body"], sort_keys=True)
    status = "" if (request["status"] or 500) < 400 else f" -> {request['status']}"
    text = f"{request['method']} {request['path']} {body}{status}"
    for identifier, name in names.items():
        text = re.sub(rf"\b{re.escape(identifier)}\b", name, text)
    return _TIME_OF_SNAPSHOT.sub("-retired-TIME", text)


def _new_names(before: JSON, after: JSON) -> Iterator[tuple[str, str]]:
    """Yield the id and a name of each droplet and firewall that an update made."""
    for collection in ("droplets", "firewalls"):
        known = {item["id"] for item in before[collection]}
        numbers: Counter[str] = Counter()
        for item in after[collection]:
            if item["id"] not in known:
                numbers[item["name"]] += 1
                yield str(item["id"]), f"<{collection} {item['name']} {numbers[item['name']]}>"


def _refusal_problems(observed: Observed) -> Iterator[str]:
    if not any(pattern.search(observed.output) for pattern in _REFUSALS):
        yield "the refusal does not name what moved"
    if observed.account != observed.account_before:
        yield "it refused, and the account is not what it was"
    if observed.state != observed.state_before:
        yield "it refused, and the state is not what it was"


def _ends_alike(reference: Observed, observed: Observed) -> bool:
    """Say whether the account ends as the reference's, aside from what others added before it."""
    wanted = _things(reference.account)
    added = _things(observed.account_before) - _things(reference.account_before)
    return _things(observed.account) == wanted + (added - wanted)


def _things(account: JSON) -> Counter[str]:
    """Return what an account has, in the respects that a plan can change, without ids."""
    things = [
        *(
            ("droplet", item["name"], item["size_slug"], item["region"]["slug"], item["tags"])
            for item in account["droplets"]
        ),
        *(
            ("firewall", item["name"], item["tags"], _sorted(item["inbound_rules"]))
            for item in account["firewalls"]
        ),
        *(
            (collection, cluster["name"], item["name"])
            for cluster in account["databases"]
            for collection in ("dbs", "users")
            for item in cluster[collection]
        ),
    ]
    return Counter(json.dumps(thing, sort_keys=True) for thing in things)


def _state_problems(reference: Observed, observed: Observed) -> Iterator[str]:
    """What the state says otherwise than after the reference: what it holds, and how firmly."""
    wanted, held = dict(_holds(reference.state)), dict(_holds(observed.state))
    for urn in sorted(wanted.keys() | held.keys()):
        if wanted.get(urn) != held.get(urn):
            name = urn.rpartition("$")[2]
            yield f"the state: {name} is {held.get(urn, 'not there')}, not {wanted.get(urn)}"


def _holds(deployment: JSON) -> Iterator[tuple[str, str]]:
    for resource in deployment.get("resources") or ():
        if resource["type"].startswith(_HELD):
            flags = [flag for flag in ("protect", "retainOnDelete") if resource.get(flag)]
            yield resource["urn"], " ".join(["held", *flags])


def _sorted(rules: Iterable[JSON]) -> list[str]:
    return sorted(json.dumps(rule, sort_keys=True) for rule in rules)
