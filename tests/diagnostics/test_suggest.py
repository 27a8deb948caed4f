"""The quality of "did you mean": slips are recognised, and nothing is suggested at random."""

from __future__ import annotations

import pytest

from infra_apply.diagnostics.suggest import did_you_mean, nearest
from infra_apply.inputs.manifest import json_schema

KEYS = tuple(json_schema()["properties"])
SERVICE = tuple(json_schema()["properties"]["service"]["properties"])
HOSTS = ("basil", "fennel", "lime", "redroid", "thyme")
PROJECTS = ("accounts", "catalog", "geo-api", "mailer", "search", "shop", "wiki")


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("gup", KEYS, "gpu"),
        ("GPU", KEYS, "gpu"),
        ("apiversion", KEYS, "apiVersion"),
        ("api_version", KEYS, "apiVersion"),
        ("dependsOn", KEYS, "depends_on"),
        ("depends-on", KEYS, "depends_on"),
        ("depends", KEYS, "depends_on"),
        ("databse", KEYS, "database"),
        ("enviroment", KEYS, "environment"),
        ("env", KEYS, "environment"),
        ("prot", SERVICE, "port"),
        ("unit", SERVICE, "systemd_unit"),
        ("systemdUnit", SERVICE, "systemd_unit"),
        ("hots", SERVICE, "host"),
        ("lyme", HOSTS, "lime"),
        ("Lime", HOSTS, "lime"),
        ("tyhme", HOSTS, "thyme"),
        ("fenel", HOSTS, "fennel"),
        ("catalogue", PROJECTS, "catalog"),
        ("geo_api", PROJECTS, "geo-api"),
        ("geo", PROJECTS, "geo-api"),
        ("acounts", PROJECTS, "accounts"),
    ],
)
def test_a_slip_is_recognised(word: str, known: tuple[str, ...], meant: str) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    "word", ["", "x", "db", "volume", "kubernetes", "nothing-like-it", "a" * 999]
)
def test_what_is_like_nothing_gets_no_suggestion(word: str) -> None:
    assert nearest(word, (*KEYS, *HOSTS, *PROJECTS)) is None


def test_of_two_the_nearer_is_meant_and_of_two_as_near_the_first() -> None:
    assert nearest("shopp", ["shops", "shop"]) == "shop"
    assert nearest("shope", ["shops", "shopa"]) == "shopa"


def test_without_a_near_name_the_hint_lists_the_known_ones() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "known are `a`, `b`"
    assert did_you_mean("zzz", []) is None
    assert did_you_mean("zzz", [f"n{number:02}" for number in range(20)]) == (
        "known are " + ", ".join(f"`n{number:02}`" for number in range(12)) + " and more"
    )
