"""Our verdict of rule `schema` against the convention's own JSON Schema.

Documents are generated as YAML text: valid manifests, in which any value may be any other scalar,
list or mapping, any key may be missing, misspelt or of another kind, written in block or in flow
style. `python -m tests.inputs.agreement 100000` tries that many by hand.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from infra_apply.inputs.manifest import json_schema, parse

CONVENTION = json.loads((Path(__file__).with_name("convention.json")).read_text())
THEIRS = Draft202012Validator(CONVENTION)
OURS = Draft202012Validator(json_schema())

_WORDS = """
a shop 'x' "" '8080' 8080 0 -1 +7 8080.0 80.5 1e3 1.0e+3 1.0e+400 .inf -.inf .nan 0x1F 017 0o17
0b11 1_000 22:22 1:2.5 3.10 ~ null Null yes no on off y n true False 2024-01-01 2024-13-45
2024-01-01T00:00:00Z = [] {} [a] [1] {a:1} infra/v1 prod dev mac on-demand *b << '\\0' "\\0" !!int
99999999999999999999
"""
_PHRASES = """
a b
- a
8080 # a comment
!!str 8080
!!int '8080'
!x a
&b a
{a: b}
"""
_NAMES = """
apiVersion project environment provider database service gpu depends_on cluster name user host
runtime port systemd_unit mode droplet x Project 8080 yes ~ 2024-01-01 << = 'port' "host" ? [a]
"""
SCALARS = st.sampled_from([*_WORDS.split(), *_PHRASES.splitlines()])
KEYS = st.sampled_from(_NAMES.split())
VALID = {
    "apiVersion": st.sampled_from(["infra/v1", "'infra/v1'", '"infra\\/v1"']),
    "project": st.sampled_from(["shop", '"3.10"', "'no'", "a.b", "'2024-01-01'", '""']),
    "environment": st.sampled_from(["prod", "dev", '"dev"']),
    "provider": st.sampled_from(["digitalocean", "mac", "bare-metal", "local"]),
}
PARTS = {
    "database": {key: st.sampled_from(["shop", "'1'"]) for key in ("cluster", "name", "user")},
    "service": {
        "host": st.just("lime"),
        "runtime": st.sampled_from(["python 3", "'3.12'"]),
        "port": st.sampled_from(["8080", "8080.0", "0x1F", "017", "22:22", "-1", "1_0"]),
        "systemd_unit": st.just("shop.service"),
    },
    "gpu": {"mode": st.just("on-demand"), "droplet": st.just("gpu-l40sx1-48gb")},
}
RARELY = st.integers(0, 15).map(lambda number: number == 0)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw the text of a manifest that is valid, or nearly, or not at all."""
    lines = []
    for key, values in VALID.items():
        if not draw(RARELY):
            lines.append(_pair(draw, key, values))
    for key, inner in PARTS.items():
        if draw(st.booleans()):
            lines.append(_part(draw, key, inner))
    if draw(st.booleans()):
        items = draw(st.lists(st.sampled_from(["a", "b-c", "'1'"]) | SCALARS, max_size=3))
        kept = [item for item in items if item and "#" not in item]
        lines.append("depends_on: [" + ", ".join(kept) + "]")
    if draw(RARELY):
        lines.append(f"{draw(KEYS)}: {draw(SCALARS)}")
    return "\n".join(draw(st.permutations(lines))) + draw(st.sampled_from(["\n", "", "\n...\n"]))


def _part(draw: st.DrawFn, key: str, inner: dict[str, st.SearchStrategy[str]]) -> str:
    if draw(RARELY):
        return f"{key}: {draw(SCALARS)}"
    pairs = [
        _pair(draw, inner_key, values) for inner_key, values in inner.items() if not draw(RARELY)
    ]
    if draw(RARELY):
        pairs.append(f"{draw(KEYS)}: {draw(SCALARS)}")
    if draw(st.booleans()):
        return f"{key}: {{{', '.join(pairs)}}}"
    return f"{key}:\n  " + "\n  ".join(pairs)


def _pair(draw: st.DrawFn, key: str, values: st.SearchStrategy[str]) -> str:
    name = draw(KEYS) if draw(RARELY) else key
    return f"{name}: {draw(SCALARS) if draw(RARELY) else draw(values)}"


def verdict(text: str) -> str:
    """Compare the verdicts on one document; returns what was compared. Raises AssertionError."""
    manifest, diagnostics = parse("/generated/.infra.yaml", text.encode())
    rules = {diagnostic.code.rule for diagnostic in diagnostics}
    assert (manifest is None) == bool(rules - {"yaml"}) or "yaml" in rules
    try:
        data = yaml.load(text, yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, OverflowError, LookupError):  # it raises all of these
        assert "yaml" in rules, "a reader of YAML refuses it, and we do not"
        return "not YAML to either"
    valid = THEIRS.is_valid(data)
    assert OURS.is_valid(data) == valid, "the two schemas disagree"
    if "yaml" in rules:
        return "YAML that we refuse"
    assert ("schema" not in rules) == valid, f"the convention says {valid}"
    return "valid to both" if valid else "invalid to both"


def main() -> None:
    """Try as many generated documents as the first argument says."""
    counted: Counter[str] = Counter()

    @settings(
        max_examples=int(sys.argv[1]),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(documents())
    def agree(text: str) -> None:
        counted[verdict(text)] += 1

    agree()
    print(counted.total(), dict(counted))  # noqa: T201


if __name__ == "__main__":
    main()
