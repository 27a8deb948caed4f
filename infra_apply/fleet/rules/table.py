"""Every rule there is, and every code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from infra_apply.diagnostics import cloud_codes
from infra_apply.diagnostics.code import Code
from infra_apply.fleet import folders, load, user_data
from infra_apply.fleet.rules import (
    env_variants,
    fleet,
    gpu_ondemand,
    host_in_mesh,
    http_coupling,
    own_db,
    settings,
    yaml,
)
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs import manifest, mesh, yaml_codes
from infra_apply.inputs import settings as settings_door

# A new rule is one file beside these, which defines its codes, its check and its RULE; a line
# here; and an example of each code below tests/manifests/invalid.
RULES: Final[tuple[Rule, ...]] = (
    yaml.RULE,
    own_db.RULE,
    http_coupling.RULE,
    gpu_ondemand.RULE,
    host_in_mesh.RULE,
    env_variants.RULE,
    fleet.RULE,
    settings.RULE,
)

ALL_CODES: Final[tuple[Code, ...]] = (
    *(code for rule in RULES for code in rule.codes),
    *yaml_codes.CODES,
    *manifest.CODES,
    *settings_door.CODES,
    *mesh.CODES,
    *folders.CODES,
    *load.CODES,
    *user_data.CODES,
    *cloud_codes.CODES,
)
"""The codes of the rules, those that reading reports, and those only the account can tell."""

CODES: Final[Mapping[str, Code]] = {code.id: code for code in sorted(ALL_CODES, key=str)}
"""Every code by its id."""
