"""What holds for every sequence of requests."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra_apply.rehearsal.simulator.account.messages import Request
from infra_apply.rehearsal.simulator.account.routes import ROUTES, handle
from infra_apply.rehearsal.simulator.seed.build import seed
from tests.rehearsal.harness import NOW, SimulatedAccount, recorded_account

CLUSTER = "bbbb0001-0000-4000-8000-000000000001"
IDS = st.sampled_from(
    ["400000001", "400000002", "web", "Web", "x", CLUSTER, "512190", "default", "defaultdb", "²"]
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**40) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
RULES = st.lists(
    st.fixed_dictionaries(
        {"protocol": st.sampled_from(["tcp", "icmp", 3]), "ports": st.just("22") | ODD},
        optional={
            "sources": st.just({"tags": ["web"]}) | ODD,
            "destinations": st.just({"addresses": ["0.0.0.0/0"]}) | ODD,
            "type": st.just("tag"),
            "value": st.just("web") | ODD,
        },
    ),
    max_size=2,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["web", "app", "a_b", ""]) | ODD,
    "names": st.just(["a", "b"]) | ODD,
    "region": st.sampled_from(["nyc1", "nyc2"]) | ODD,
    "size": st.sampled_from(["s-1vcpu-1gb", "s-1vcpu-2gb", "gpu-h100x1-80gb", 5]) | ODD,
    "image": st.sampled_from(["ubuntu-24-04-x64", 155133621]) | ODD,
    "ssh_keys": st.just([512190]) | ODD,
    "tags": st.just(["web"]) | st.just(["web", "Web", "x"]) | ODD,
    "vpc_uuid": ODD,
    "ip_range": st.sampled_from(["10.1.0.0/24", "10.100.0.0/16"]) | ODD,
    "ipv6": st.booleans(),
    "disk": st.booleans(),
    "type": st.sampled_from(["power_off", "power_on", "resize", "rename", "reboot"]) | ODD,
    "public_key": st.just("ssh-rsa AAAA k") | ODD,
    "purpose": st.just("p") | ODD,
    "is_default": st.booleans(),
    "default": st.booleans(),
    "droplet_ids": st.just([400000001]) | ODD,
    "inbound_rules": RULES | ODD,
    "outbound_rules": RULES | ODD,
    "rules": RULES | ODD,
    "resources": st.lists(
        st.fixed_dictionaries({"resource_id": IDS, "resource_type": st.just("droplet") | ODD})
    )
    | st.just([f"do:dbaas:{CLUSTER}"])
    | ODD,
    "user": st.just("doadmin") | ODD,
    "db": st.just("defaultdb") | ODD,
    "mode": st.just("session") | ODD,
    "mysql_settings": ODD,
    "settings": ODD,
}
BODIES = st.none() | ODD | st.fixed_dictionaries({}, optional=FIELDS)
USUAL = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["web", "app"]),
        "region": st.just("nyc1"),
        "size": st.just("s-1vcpu-1gb"),
        "image": st.just("ubuntu-24-04-x64"),
        "tags": st.sampled_from([[], ["web"], ["x", "web"]]),
    }
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    route = draw(st.sampled_from(ROUTES))
    path = "/".join(
        draw(IDS) if word.startswith("{") else word for word in route.pattern.split("/")
    )
    query = draw(
        st.dictionaries(
            st.sampled_from(["page", "per_page", "tag_name", "name", "type", "private"]),
            st.sampled_from(["1", "2", "0", "-1", "web", "gpus", "³", ""]),
            max_size=2,
        )
    )
    body = draw(USUAL | BODIES) if route.method != "GET" else None
    return Request(route.method, f"/v2/{path}", query, body)


@given(st.lists(st.tuples(requests(), st.floats(0, 20)), max_size=25))
@settings(max_examples=150, deadline=None)
def test_no_sequence_of_requests_breaks_the_account(steps: list[tuple[Request, float]]) -> None:
    state, now = recorded_account(), NOW
    written = json.dumps(state)
    for request, wait in steps:
        now += wait
        changed, response = handle(state, request, now)
        assert json.dumps(state) == written, "the state was mutated"
        assert 200 <= response.status < 500
        assert (response.body is None) == (response.status == 204)
        if response.status >= 400:
            assert set(response.body) == {"id", "message", "request_id"}
        json.dumps(response.body, allow_nan=False)
        state, written = changed, json.dumps(changed, allow_nan=False)
        check_consistent(SimulatedAccount(state), now)


def check_consistent(account: SimulatedAccount, now: float) -> None:
    """Tags count their members, firewalls name existing droplets, no required field is null."""
    account.now = now
    ids = {droplet["id"] for droplet in account.state["droplets"]}
    for tag in account.get("/v2/tags", per_page="200")["tags"]:
        for kind in ("droplets", "databases"):
            members = [item for item in account.state[kind] if tag["name"] in item["tags"]]
            assert tag["resources"][kind]["count"] == len(members)
    names = {tag["name"] for tag in account.state["tags"]}
    for droplet in account.state["droplets"]:
        assert set(droplet["tags"]) <= names
        assert droplet["region"]
        assert droplet["size"]["slug"] == droplet["size_slug"]
        assert droplet["networks"].keys() == {"v4", "v6"}
    for firewall in account.state["firewalls"]:
        assert set(firewall["droplet_ids"]) <= ids
        assert set(firewall["tags"]) <= names
    assert sum(project["is_default"] for project in account.state["projects"]) == 1


@given(count=st.integers(0, 45), size=st.integers(1, 25))
@settings(max_examples=60, deadline=None)
def test_pages_cover_everything_exactly_once(count: int, size: int) -> None:
    account = SimulatedAccount(seed(ssh_keys=[f"k{number}" for number in range(count)]))
    query = {"page": "1", "per_page": str(size)}
    ids: list[int] = []
    for _ in range(count + 2):
        page = account.get("/v2/account/keys", **query)
        assert page["meta"]["total"] == count
        assert len(page["ssh_keys"]) <= size
        ids += [key["id"] for key in page["ssh_keys"]]
        following = page["links"].get("pages", {}).get("next")
        if not following:
            break
        assert following.startswith("https://api.digitalocean.com/v2/account/keys?")
        query = dict(pair.split("=") for pair in following.partition("?")[2].split("&"))
    assert ids == [key["id"] for key in account.state["keys"]]
