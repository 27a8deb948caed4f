"""Sets and firewall rules as the engine's state holds them."""

from __future__ import annotations

from typing import Final

from infra_apply.rehearsal.plugin.values import JSON, UNKNOWN

# The properties of a rule that name its other ends, after the word source or destination.
RULE_PEERS: Final = ("Addresses", "DropletIds", "KubernetesIds", "LoadBalancerUids", "Tags")


def sorted_set(values: list[JSON]) -> list[JSON]:
    """Sort a set as the state lists it: numbers, strings, unknown values; no member twice."""
    known = {value for value in values if value != UNKNOWN and value is not None}
    unknown = [UNKNOWN] if UNKNOWN in values else []
    numbers = sorted(value for value in known if not isinstance(value, str))
    return [*numbers, *sorted(value for value in known if isinstance(value, str)), *unknown]


def complete_rule(rule: JSON, peer: str) -> JSON:
    """Return a firewall rule with every field; `peer` is source or destination."""
    if not isinstance(rule, dict):
        return rule
    peers = {
        f"{peer}{suffix}": _sorted_set_or_unknown(rule.get(f"{peer}{suffix}"))
        for suffix in RULE_PEERS
    }
    return {
        "portRange": rule.get("portRange") or "",
        "protocol": rule.get("protocol"),
        **peers,
    }


def sorted_rules(rules: list[JSON], peer: str) -> list[JSON]:
    """Sort rules as the state lists them: by every field, in the order of Terraform's names."""

    def key(rule: JSON) -> str:
        if not isinstance(rule, dict):
            return "~"
        fields = [rule["portRange"], rule["protocol"]]
        peers = [rule[f"{peer}{suffix}"] for suffix in RULE_PEERS]
        ordered = [*peers, *fields] if peer == "destination" else [*fields, *peers]
        return repr(ordered).replace("'", '"')

    return sorted(rules, key=key)


def _sorted_set_or_unknown(values: JSON) -> JSON:
    return values if values == UNKNOWN else sorted_set(values or [])
