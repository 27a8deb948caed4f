"""docs/state.md names every type that stands in a state, and what grants keep there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from infra_apply.reconcile import state
from infra_apply.render.grants import GrantsProvider

PAGE: Final = (Path(__file__).parents[1] / "docs" / "state.md").read_text(encoding="utf-8")


def test_every_type_that_a_state_holds_is_in_the_table() -> None:
    types = {value for value in vars(state).values() if isinstance(value, str) and ":" in value}
    kept = {held for held in types if re.fullmatch(r"[\w:/-]+", held)} - {state.STACK}
    assert set(re.findall(r"`([\w-]+:\w+/?[\w-]*:\w+)`", PAGE)) == kept


def test_the_module_and_the_class_that_a_state_leads_to_are_where_the_page_says() -> None:
    assert f"`{GrantsProvider.__module__}` and `{GrantsProvider.__name__}`" in PAGE


def test_every_property_of_grants_is_named() -> None:
    props = {
        "clusterId": "c1",
        "database": "shop",
        "users": ["shop"],
        "connections": 5.0,
        "enforce": False,
    }
    provider = GrantsProvider()
    provider._config = {}
    created = provider.create(props).outs
    assert created is not None
    assert {*created} == {*props, "drift", "turns"}
    assert all(f"`{name}`" in PAGE for name in created)
