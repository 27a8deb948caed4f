"""Where a service answers, and what its dependents are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra_apply.fleet.urls import dependency_urls, url
from infra_apply.inputs.mesh import Host, Mesh
from tests.companies import SETTINGS, fleet, service


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("100.64.0.11", "http://100.64.0.11:8080"),
        ("fd00::11", "http://[fd00::11]:8080"),
        (None, "http://lime:8080"),
    ],
)
def test_a_service_answers_at_its_hosts_mesh_address_else_at_its_name(
    address: str | None, expected: str
) -> None:
    shop = service("shop")
    mesh = Mesh("mesh-hosts.json", {"lime": Host("lime", "digitalocean", address)})
    assert url(replace(fleet(shop), mesh=mesh), shop) == expected


def test_without_a_port_or_a_service_there_is_no_url() -> None:
    for silent in (service("job", port=None), service("data", service=None)):
        assert url(fleet(silent), silent) is None


def test_an_external_service_hides_a_project_of_its_name() -> None:
    shop = service("shop", depends_on=("wiki", "nobody", "mail"))
    settings = replace(SETTINGS, external={"wiki": "https://wiki.example.com"})
    company = fleet(shop, service("wiki", port=1), service("mail", port=2), settings=settings)
    assert dependency_urls(company, shop) == {
        "MAIL_URL": "http://100.64.0.11:2",
        "WIKI_URL": "https://wiki.example.com",
    }
