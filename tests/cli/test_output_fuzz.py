"""Whatever any text of a file or of the account holds, no command prints what steers a reader."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_apply.rehearsal.simulator.seed.build import seed
from tests.cli.test_output import (
    ATTACKS,
    BIDI,
    COMMANDS,
    ERROR,
    ESCAPES,
    NEWLINE,
    ON_AN_ACCOUNT,
    SURROGATE,
    company,
    require_harmless,
    run,
)

NAMES: Final = st.lists(
    st.sampled_from((*ATTACKS, "\x1b[31m", "::", "##[", "\n")) | st.text(max_size=8), max_size=3
).map("".join)
MANIFEST_KEYS: Final = (
    "project", "provider", "host", "runtime", "systemd_unit", "cluster", "name", "user", "mode",
    "droplet", "depends_on", "key",
)  # fmt: skip
SETTINGS_KEYS: Final = ("fleet", "region", "size", "image", "tag", "external", "url", "host", "key")
MESH_KEYS: Final = ("host", "kind", "address", "service", "project")


def texts(keys: tuple[str, ...], names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Texts for some keys."""
    return st.dictionaries(st.sampled_from(keys), names, max_size=2)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    shop=texts(MANIFEST_KEYS, NAMES),
    stack=texts(SETTINGS_KEYS, NAMES),
    mesh=texts(MESH_KEYS, NAMES | st.just(SURROGATE)),
    name=NAMES,
)
@example(shop={"cluster": NEWLINE}, stack={}, mesh={}, name=NEWLINE)
def test_no_text_of_a_file_steers_a_reader_of_any_command(
    shop: dict[str, str], stack: dict[str, str], mesh: dict[str, str], name: str
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(company(Path(folder), "shop", shop=shop, stack=stack, mesh=mesh))
        for command in COMMANDS:
            require_harmless(command, run(command, name))


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@example(tags=["_x1b_:a", "a"], names=[NEWLINE, ERROR, ESCAPES, BIDI])
@given(tags=st.lists(NAMES, max_size=3), names=st.lists(NAMES, min_size=4, max_size=4))
def test_no_text_of_an_account_steers_a_reader_of_any_command(
    tags: list[str], names: list[str]
) -> None:
    prefixes = ("infra-apply-slot:", "infra-apply-slot:acme:_x1b_:", "infra-apply:")
    droplet = {
        "id": 7,
        "name": names[0],
        "status": "active",
        "region": {"slug": names[1]},
        "size_slug": f"gpu-{names[2]}",
        "tags": [*tags, *(f"{prefix}{tag}" for prefix, tag in zip(prefixes, tags, strict=False))],
        "created_at": "2026-01-01T00:00:00Z",
        "networks": {"v4": [{"type": "public", "ip_address": names[3]}], "v6": []},
        "size": {
            "slug": f"gpu-{names[2]}",
            "price_hourly": 1.0,
            "price_monthly": 700.0,
            "gpu_info": {},
        },
    }
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(company(Path(folder), "shop", port=None))  # there is no port to ask
        Path("account").mkdir()
        account = {**seed(clusters=[("shared-pg", "pg")]), "droplets": [droplet]}
        Path("account/account.json").write_text(json.dumps(account))
        for command in ON_AN_ACCOUNT:
            require_harmless(command, run(command))
