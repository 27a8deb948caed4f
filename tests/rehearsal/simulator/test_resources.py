"""How everything but droplets behaves in the simulated account."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.seed.build import seed
from tests.rehearsal.harness import SimulatedAccount

PG = "/v2/databases/bbbb0001-0000-4000-8000-000000000001"
MYSQL = "/v2/databases/bbbb0001-0000-4000-8000-000000000002"
SSH = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0"]}}


def test_clusters_are_listed_at_once_with_the_names_of_their_databases() -> None:
    account = SimulatedAccount(seed(clusters=[(f"c{number}", "pg") for number in range(30)]))
    account.request("POST", f"{PG}/dbs", {"name": "app"})
    listed = account.get("/v2/databases", page="2", per_page="10")["databases"]
    assert len(listed) == 30
    assert listed[0]["db_names"] == ["defaultdb", "app"]
    assert not {"dbs", "users", "pools", "rules"} & listed[0].keys()


def test_a_taken_database_name_is_422_and_a_taken_user_409() -> None:
    account = SimulatedAccount()
    db = account.request("POST", f"{PG}/dbs", {"name": "defaultdb"})
    assert (db.status, db.body["message"]) == (422, "database name is not available")
    assert account.request("POST", f"{PG}/users", {"name": "doadmin"}).status == 409


@pytest.mark.parametrize("kind", ["dbs", "users"])
def test_a_member_is_made_read_and_deleted_once(kind: str) -> None:
    account = SimulatedAccount()
    path = f"{PG}/{kind}"
    assert account.request("GET", f"{path}/app").status == 404
    assert account.request("POST", path, {"name": "app"}).status == 201
    assert account.get(f"{path}/app")[kind[:-1]]["name"] == "app"
    assert account.request("DELETE", f"{path}/app").status == 204
    assert account.request("DELETE", f"{path}/app").status == 404


@pytest.mark.parametrize("engine", ["valkey", "redis"])
@pytest.mark.parametrize("kind", ["dbs", "users", "pools"])
def test_a_cache_holds_no_databases_users_or_pools(engine: str, kind: str) -> None:
    account = SimulatedAccount(seed(clusters=[("cache", engine)]))
    body = {"name": "app", "user": "app", "db": "app", "mode": "session", "size": 1}
    assert account.request("POST", f"{PG}/{kind}", body).status == 422


def test_a_reset_changes_the_password_and_on_mysql_the_plugin() -> None:
    account = SimulatedAccount()
    user = account.request("POST", f"{MYSQL}/users", {"name": "app"}).body["user"]
    body = {"mysql_settings": {"auth_plugin": "mysql_native_password"}}
    reset = account.request("POST", f"{MYSQL}/users/app/reset_auth", body).body["user"]
    assert user["mysql_settings"] == {"auth_plugin": "caching_sha2_password"}
    assert reset["mysql_settings"] == body["mysql_settings"]
    assert reset["password"] != user["password"]


def test_the_admins_new_password_is_in_the_clusters_connections() -> None:
    account = SimulatedAccount()
    account.request("POST", f"{PG}/users/doadmin/reset_auth", {})
    cluster = account.get(PG)["database"]
    for connection in (cluster["connection"], cluster["private_connection"]):
        assert connection["password"] == account.get(f"{PG}/users/doadmin")["user"]["password"]
        assert urlsplit(connection["uri"]).password == connection["password"]


def test_the_certificate_authority_is_the_clusters_own_and_empty_where_it_has_none() -> None:
    account = SimulatedAccount()
    assert account.get(f"{PG}/ca") == {"ca": {"certificate": ""}}
    pem = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n"
    cluster = account.state["databases"][0]
    account.state = store.replace(account.state, "databases", cluster | {"ca": pem})
    assert b64decode(account.get(f"{PG}/ca")["ca"]["certificate"]).decode() == pem
    assert "ca" not in account.get(PG)["database"]
    assert account.request("GET", "/v2/databases/none/ca").status == 404


def test_a_pool_carries_the_present_password_of_its_user() -> None:
    account = SimulatedAccount()
    pool = {"name": "p", "user": "doadmin", "db": "defaultdb", "mode": "session", "size": 2}
    assert account.request("POST", f"{PG}/pools", pool).status == 201
    account.request("POST", f"{PG}/users/doadmin/reset_auth", {})
    connection = account.get(f"{PG}/pools/p")["pool"]["connection"]
    assert connection["password"] == account.get(f"{PG}/users/doadmin")["user"]["password"]
    assert account.request("POST", f"{PG}/pools", pool | {"name": "q", "db": "none"}).status == 404


def test_trusted_sources_are_replaced_as_a_whole_and_keep_what_stays() -> None:
    account = SimulatedAccount()
    tag_rule, address_rule = (
        {"type": "tag", "value": "a"},
        {"type": "ip_addr", "value": "192.0.2.1"},
    )
    account.request("PUT", f"{PG}/firewall", {"rules": [tag_rule]})
    rule_id = account.get(f"{PG}/firewall")["rules"][0]["uuid"]
    account.request("PUT", f"{PG}/firewall", {"rules": [address_rule, tag_rule]})
    rules = account.get(f"{PG}/firewall")["rules"]
    assert [rule["value"] for rule in rules] == ["192.0.2.1", "a"]
    assert rules[1]["uuid"] == rule_id


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "fw", "tags": ["nosuch"], "inbound_rules": [SSH]}, 422),
        ({"name": "fw", "inbound_rules": [SSH | {"sources": {"tags": ["nosuch"]}}]}, 422),
        ({"name": "fw", "droplet_ids": [1]}, 422),
        ({"name": "under_score", "inbound_rules": [SSH]}, 422),
        ({"name": "fw", "inbound_rules": [{"protocol": "gre"}]}, 422),
        ({"name": "fw", "inbound_rules": [SSH | {"sources": {}}]}, 422),
        ({"name": "fw", "inbound_rules": [SSH | {"ports": None}]}, 422),
        ({"name": "taken", "inbound_rules": [SSH]}, 409),
        ({"name": "fw", "inbound_rules": [SSH], "outbound_rules": None}, 202),
    ],
)
def test_a_firewall_is_refused_for_what_does_not_exist(body: Any, status: int) -> None:
    account = SimulatedAccount()
    assert account.request("POST", "/v2/firewalls", {"name": "taken"}).status == 202
    assert account.request("POST", "/v2/firewalls", body).status == status


def test_putting_a_firewall_replaces_all_of_it() -> None:
    account = SimulatedAccount()
    droplet = account.create_droplet(tags=["web"])["id"]
    body = {"name": "fw", "tags": ["web"], "droplet_ids": [droplet], "inbound_rules": [SSH]}
    created = account.request("POST", "/v2/firewalls", body).body["firewall"]
    replaced = account.request("PUT", f"/v2/firewalls/{created['id']}", {"name": "fw"}).body[
        "firewall"
    ]
    assert (replaced["tags"], replaced["droplet_ids"], replaced["inbound_rules"]) == ([], [], [])


def test_a_firewall_forgets_a_droplet_that_is_destroyed() -> None:
    account = SimulatedAccount()
    droplet = account.create_droplet()["id"]
    created = account.request(
        "POST", "/v2/firewalls", {"name": "fw", "droplet_ids": [droplet]}
    ).body
    account.request("DELETE", f"/v2/droplets/{droplet}")
    path = f"/v2/firewalls/{created['firewall']['id']}"
    assert account.get(path)["firewall"]["droplet_ids"] == []


def test_a_droplets_firewalls_are_those_that_name_it_or_its_tags() -> None:
    account = SimulatedAccount()
    tagged, untagged = (
        account.create_droplet("one", tags=["web"])["id"],
        account.create_droplet("two")["id"],
    )
    account.request("POST", "/v2/firewalls", {"name": "by-tag", "tags": ["web"]})
    account.request("POST", "/v2/firewalls", {"name": "by-id", "droplet_ids": [untagged]})
    names = [
        [
            firewall["name"]
            for firewall in account.get(f"/v2/droplets/{number}/firewalls")["firewalls"]
        ]
        for number in (tagged, untagged)
    ]
    assert names == [["by-tag"], ["by-id"]]


@pytest.mark.parametrize(
    ("part", "body", "key"),
    [
        ("tags", {"tags": ["web"]}, "tags"),
        ("rules", {"inbound_rules": [SSH]}, "inbound_rules"),
    ],
)
def test_parts_of_a_firewall_are_added_and_taken_away(part: str, body: Any, key: str) -> None:
    account = SimulatedAccount()
    account.request("POST", "/v2/tags", {"name": "web"})
    path = f"/v2/firewalls/{account.request('POST', '/v2/firewalls', {'name': 'fw'}).body['firewall']['id']}"  # noqa: E501
    for method, count in (("POST", 1), ("POST", 1), ("DELETE", 0)):
        assert account.request(method, f"{path}/{part}", body).status == 204
        assert len(account.get(path)["firewall"][key]) == count


def test_creating_a_tag_again_succeeds_and_keeps_its_capitalization() -> None:
    account = SimulatedAccount()
    names = [
        account.request("POST", "/v2/tags", {"name": name}).body["tag"]["name"]
        for name in ("Env:dev", "env:DEV")
    ]
    assert names == ["Env:dev", "Env:dev"]
    assert account.create_droplet(tags=["ENV:dev"])["tags"] == ["Env:dev"]
    assert len(account.get("/v2/tags")["tags"]) == 1


def test_a_droplets_tags_exist_and_a_deleted_tag_leaves_everything() -> None:
    account = SimulatedAccount()
    droplet = account.create_droplet(tags=["web", "x"])["id"]
    account.request("POST", "/v2/firewalls", {"name": "fw", "tags": ["web"]})
    assert account.request("DELETE", "/v2/tags/web").status == 204
    assert account.get(f"/v2/droplets/{droplet}")["droplet"]["tags"] == ["x"]
    assert account.get("/v2/firewalls")["firewalls"][0]["tags"] == []
    assert account.request("DELETE", "/v2/tags/web").status == 404


def test_tagging_and_untagging_count_droplets_and_databases() -> None:
    account = SimulatedAccount()
    account.request("POST", "/v2/tags", {"name": "t"})
    resources = [
        {"resource_id": str(account.create_droplet()["id"]), "resource_type": "droplet"},
        {"resource_id": PG.rpartition("/")[2], "resource_type": "database"},
    ]
    for method, total in (("POST", 2), ("POST", 2), ("DELETE", 0)):
        answer = account.request(method, "/v2/tags/t/resources", {"resources": resources})
        assert answer.status == 204
        assert account.get("/v2/tags/t")["tag"]["resources"]["count"] == total
    missing = {"resources": [{"resource_id": "1", "resource_type": "droplet"}]}
    assert account.request("POST", "/v2/tags/t/resources", missing).status == 404


def test_a_vpc_with_droplets_and_a_default_vpc_cannot_be_deleted() -> None:
    account = SimulatedAccount()
    vpc = account.request("POST", "/v2/vpcs", {"name": "v", "region": "nyc1"}).body["vpc"]
    droplet = account.create_droplet(vpc_uuid=vpc["id"])
    private = droplet["networks"]["v4"][0]["ip_address"]
    assert private.startswith(vpc["ip_range"].rpartition(".")[0])
    assert account.request("DELETE", f"/v2/vpcs/{vpc['id']}").status == 403
    account.request("DELETE", f"/v2/droplets/{droplet['id']}")
    assert account.request("DELETE", f"/v2/vpcs/{vpc['id']}").status == 204
    default = account.get("/v2/vpcs")["vpcs"][0]["id"]
    assert account.request("DELETE", f"/v2/vpcs/{default}").status == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_range": "10.100.0.0/20"},
        {"ip_range": "10.0.0.0/8"},
        {"ip_range": "nonsense"},
        {"ip_range": 7.5},
        {"name": "default-nyc1"},
        {"region": "mars1"},
    ],
)
def test_a_vpc_that_cannot_be_is_refused(fields: Any) -> None:
    body = {"name": "v", "region": "nyc1", **fields}
    assert SimulatedAccount().request("POST", "/v2/vpcs", body).status == 422


def test_an_ssh_key_is_addressed_by_id_or_fingerprint_and_is_unique() -> None:
    account = SimulatedAccount()
    body = {"name": "k", "public_key": "ssh-ed25519 AAAAC3Nz other@host"}
    key = account.request("POST", "/v2/account/keys", body).body["ssh_key"]
    assert account.request("POST", "/v2/account/keys", body | {"name": "again"}).status == 422
    path = f"/v2/account/keys/{key['fingerprint']}"
    assert account.request("PUT", path, {"name": "renamed"}).body["ssh_key"]["name"] == "renamed"
    assert account.request("DELETE", f"/v2/account/keys/{key['id']}").status == 204
    assert account.request("GET", path).status == 404
    assert account.request("POST", "/v2/account/keys", body | {"public_key": "x"}).status == 422


def test_what_no_project_holds_is_in_the_default_one() -> None:
    account = SimulatedAccount()
    urn = f"do:droplet:{account.create_droplet()['id']}"
    body = {"name": "p", "purpose": "Web Application"}
    project = account.request("POST", "/v2/projects", body).body["project"]
    assert urn in project_urns(account, "default")
    moved = account.request("POST", f"/v2/projects/{project['id']}/resources", {"resources": [urn]})
    assert moved.status == 200
    assert (urn in project_urns(account, "default"), project_urns(account, project["id"])) == (
        False,
        [urn],
    )
    assert account.request("DELETE", f"/v2/projects/{project['id']}").status == 412
    account.request("POST", "/v2/projects/default/resources", {"resources": [urn]})
    assert account.request("DELETE", f"/v2/projects/{project['id']}").status == 204


def project_urns(account: SimulatedAccount, project: str) -> list[str]:
    resources = account.get(f"/v2/projects/{project}/resources")["resources"]
    return [resource["urn"] for resource in resources]


def test_images_are_found_by_slug_and_by_id() -> None:
    account = SimulatedAccount()
    image = account.get("/v2/images/ubuntu-24-04-x64")["image"]
    assert account.get(f"/v2/images/{image['id']}")["image"] == image
    assert account.request("GET", "/v2/images/nope").status == 404


def test_every_gpu_size_has_a_price_and_a_region_that_lists_it() -> None:
    account = SimulatedAccount(seed())
    sizes = account.get("/v2/sizes", per_page="200")["sizes"]
    regions = account.get("/v2/regions", per_page="200")["regions"]
    gpus = [size for size in sizes if size["slug"].startswith("gpu-")]
    assert len(gpus) == 9
    for size in gpus:
        assert size["price_hourly"] > 0.7
        listing = {region["slug"] for region in regions if size["slug"] in region["sizes"]}
        assert listing == set(size["regions"]) != set()


def test_a_size_that_a_fleet_names_exists_even_if_the_catalogue_lacks_it() -> None:
    account = SimulatedAccount(
        seed(extra_sizes=["s-16vcpu-64gb", "gpu-b300x8-2304gb", "s-1vcpu-1gb"])
    )
    droplet = account.create_droplet(size="s-16vcpu-64gb")
    assert (droplet["vcpus"], droplet["memory"]) == (16, 65536)
    slugs = [size["slug"] for size in account.get("/v2/sizes", per_page="200")["sizes"]]
    assert len(slugs) == len(set(slugs))


def test_a_route_that_is_not_modelled_says_so() -> None:
    answer = SimulatedAccount().request("GET", "/v2/kubernetes/clusters")
    assert (answer.status, answer.body["id"]) == (501, "not_modelled")
    assert "GET /v2/kubernetes/clusters" in answer.body["message"]
