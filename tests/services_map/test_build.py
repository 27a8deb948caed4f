"""The services map of the mesh, from the fleet and in the file."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest, Service
from infra_apply.services_map.build import UnreadableMesh, regenerate, removals, services_map
from tests.companies import MESH, SETTINGS, fleet, gpu, service

PROJECTS = st.sampled_from(["shop", "catalog", "wiki", "mail", "geo-api", "é"])


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    found = draw(
        st.lists(
            st.builds(
                Manifest,
                PROJECTS,
                st.sampled_from(["dev", "prod"]),
                st.sampled_from(["digitalocean", "mac"]),
                service=st.none()
                | st.builds(
                    Service,
                    host=st.none() | st.sampled_from(["lime", "basil", "fennel"]),
                    port=st.none() | st.integers(1, 65535),
                    runtime=st.none() | st.text(max_size=4),
                ),
                depends_on=st.lists(PROJECTS, max_size=3).map(tuple),
            ),
            unique_by=lambda manifest: manifest.instance,
            max_size=8,
        )
    )
    return Fleet(tuple(found), MESH, SETTINGS, (SETTINGS,))


def test_an_entry_has_the_facts_there_are_and_no_others() -> None:
    shop = service(
        "shop", service=Service("lime", "python", 8080, "shop.service"), depends_on=("b", "a", "a")
    )
    job = replace(service("job", service=Service()), environment="dev")
    assert services_map(fleet(shop, job, service("upscale", service=None, gpu=gpu()))) == {
        "job-dev": {"project": "job", "environment": "dev", "host": "job-dev"},
        "shop": {
            "project": "shop",
            "environment": "prod",
            "host": "lime",
            "port": 8080,
            "url": "http://100.64.0.11:8080",
            "runtime": "python",
            "systemd_unit": "shop.service",
            "depends_on": ["a", "b"],
        },
    }


@given(fleets())
def test_every_service_is_in_the_map_exactly_once(company: Fleet) -> None:
    made = services_map(company)
    declared = sorted(naming.instance(*manifest.instance) for manifest in company.services())
    assert list(made) == declared
    assert all(None not in facts.values() for facts in made.values())


@given(fleets(), st.randoms(use_true_random=False))
def test_the_order_of_the_files_changes_nothing(company: Fleet, dice: Random) -> None:
    shuffled = list(company.manifests)
    dice.shuffle(shuffled)
    other = replace(company, manifests=tuple(shuffled))
    assert json.dumps(services_map(other)) == json.dumps(services_map(company))


@given(fleets(), st.sampled_from([None, 2, "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_regenerating_twice_is_byte_identical(
    company: Fleet, indent: int | str | None, newline: str
) -> None:
    file = json.dumps({"hosts": ["lime"], "services": {"old": {}}}, indent=indent)
    content = file.replace("\n", newline).encode()
    entries = services_map(company)
    once = regenerate(content, entries)
    twice = regenerate(once.content, entries)
    assert twice.content == once.content
    assert (once.removed, twice.removed) == (("old",), ())


def test_a_map_that_says_the_same_in_another_layout_is_left_to_the_byte() -> None:
    content = b'{"hosts": [],\n\n "services": { "shop":{"port" : 1 } }}'
    assert regenerate(content, {"shop": {"port": 1}}).content == content


def test_a_map_in_another_order_is_not_the_same() -> None:
    content = b'{"services": {"b": {}, "a": {}}}'
    assert regenerate(content, {"a": {}, "b": {}}).content == b'{"services": {"a": {}, "b": {}}}'


def test_what_is_lost_is_named() -> None:
    content = b'{"services": {}, "services": {"old": {}, "shop": {"owner": "ann", "port": 1}}}'
    assert list(removals(regenerate(content, {"shop": {"port": 1}}))) == [
        "removes `old`: no manifest declares it",
        "removes `owner` of `shop`: it is no fact of a manifest",
        "the file has `services` twice; the last one counts, and the first is left alone",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"services": []}', "its `services` is not an object"),
        (b'{"services": "lime"}', "its `services` is not an object"),
        (b'{"services": {"shop": 8080}}', 'the entry "shop" of its `services` is not an object'),
        (b'{"services": {"shop": []}}', 'the entry "shop" of its `services` is not an object'),
        (b"[]", "it is not a JSON object (line 1, column 1: Expecting '{')"),
        (b'{"services": {}', "it is not a JSON object (line 1, column 16: Expecting ',')"),
        (b'{"services": {}} x', "it is not a JSON object (line 1, column 18: Extra data)"),
        (b"\xff{}", "it is not UTF-8 text"),
        (b'{"a": ' + b"[" * 100_000, "it is not JSON that can be read"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableMesh) as refused:
        regenerate(content, {})
    assert str(refused.value) == why


@given(
    st.binary(max_size=40) | st.text(alphabet='{}[]":, services\n1', max_size=40).map(str.encode)
)
def test_any_file_is_refused_or_has_the_map_in_it(content: bytes) -> None:
    entries = {"shop": {"port": 1}}
    try:
        made = regenerate(content, entries)
    except UnreadableMesh:
        return
    assert json.loads(made.content.decode("utf-8-sig"))["services"] == entries


def test_a_map_behind_a_byte_order_mark_is_regenerated() -> None:
    made = regenerate(b'\xef\xbb\xbf{"services": {}}', {"shop": {"port": 1}})
    assert made.content == b'\xef\xbb\xbf{"services": {"shop": {"port": 1}}}'
