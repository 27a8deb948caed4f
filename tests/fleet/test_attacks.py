"""What one project's manifest could do to its neighbours, each attack by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_apply.cli.main import main
from infra_apply.fleet.characters import misnamed
from infra_apply.inputs.manifest import parse

SERVICE = {"host": "lime", "port": 8080}


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    hosts = {"lime": {"kind": "digitalocean"}, "basil": {}, "fennel": {"kind": "mac"}}
    (tmp_path / "mesh.json").write_text(json.dumps({"hosts": hosts}))
    stack("prod")
    return tmp_path


def stack(name: str, **values: Any) -> None:
    """Write a stack file with one setting a line, so that a place tells which."""
    values = {"projects": ["projects/*"], "meshHosts": "mesh.json", "fleet": "acme"} | values
    values = {"network": {"ssh": [], "mesh": ["udp/51820"]}} | values
    config = {f"infra-apply:{key}": value for key, value in values.items()}
    Path(f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))


def manifest(project: str, folder: str | None = None, file: str = "", **values: Any) -> Path:
    path = Path("projects", folder or project, f".infra{file}.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    environment = {"environment": "dev"} if file else {}
    content = {"apiVersion": "infra/v1", "project": project, "provider": "digitalocean"}
    path.write_text(yaml.safe_dump(content | environment | values))
    return path


def check(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str]]:
    """Return code, path and message of everything that is found."""
    main(["check", "--format", "json"])
    printed, stderr = capsys.readouterr()
    assert stderr == ""
    return [
        (diagnostic["code"], diagnostic["path"], diagnostic["message"])
        for diagnostic in json.loads(printed)["diagnostics"]
    ]


UNITS = ["web", "web.service", "worker@1.service", "w@.service", r"dev-disk\x2d1.mount", "a:b"]
HOSTILE = ["$(id)", "a\nb", "[Service]", "a b;c", "`id`", "a|b", "a'b", "\x1b[31m", "é", "a/../b\0"]


@pytest.mark.parametrize("unit", UNITS)
def test_what_systemd_takes_as_a_units_name_is_taken(unit: str) -> None:
    assert _misnamed(service={"systemd_unit": unit}) == []


@pytest.mark.parametrize("unit", [*HOSTILE, "", "@web.service", "a" * 256, "web service", "web\n"])
def test_what_systemd_does_not_take_as_a_units_name_is_an_error(unit: str) -> None:
    assert _misnamed(service={"systemd_unit": unit}) == ["service.systemd_unit"]


@pytest.mark.parametrize("runtime", ["python 3.12", "node:22-alpine", "x.com/a@sha256:00", "c++"])
def test_a_runtime_is_a_remark_of_ordinary_characters(runtime: str) -> None:
    assert _misnamed(service={"runtime": runtime}) == []


@pytest.mark.parametrize("value", [*HOSTILE, "-rf", ".", "a\n"])
@pytest.mark.parametrize("at", ["project", "service.host", "database.cluster"])
def test_a_name_with_a_command_or_a_line_break_is_an_error(at: str, value: str) -> None:
    part, _, key = at.partition(".")
    values: dict[str, Any] = {part: {key: value} if key else value}
    if part == "database":
        values["database"] |= {"name": "a", "user": "b"}
    assert _misnamed(**values) == [at]


def _misnamed(**values: Any) -> list[str]:
    content = {"apiVersion": "infra/v1", "project": "shop", "provider": "mac"} | values
    parsed, problems = parse("/x/.infra.yaml", json.dumps(content).encode())
    assert parsed is not None, problems
    return [".".join(wrong.at) for wrong in misnamed(parsed)]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    key=st.sampled_from(["host", "runtime", "systemd_unit"]),
    value=st.text(
        st.sampled_from("ab1.-_ :@$()[]\n;`|&<>\\\"'\x1b\u202e"), min_size=1, max_size=12
    ),
)
def test_nothing_goes_into_the_services_map_unchecked(
    key: str, value: str, company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest("shop", service=SERVICE | {"host": "fennel", key: value}, provider="mac")
    before = (company / "mesh.json").read_bytes()
    code = main(["mesh", "--write"])
    capsys.readouterr()
    written = (company / "mesh.json").read_text()
    (company / "mesh.json").write_bytes(before)
    hostile = set("$[];`|&<>\n\"'\x1b\u202e") & set(value)
    if hostile:
        assert code == 1
        assert written == before.decode()


@pytest.mark.usefixtures("company")
def test_a_manifest_on_port_22_opens_no_ssh_between_hosts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = manifest("shop", service={"host": "lime", "port": 22})
    manifest("wiki", service={"host": "basil", "port": 8080}, depends_on=["shop"])
    ((code, where, message),) = check(capsys)
    assert (code, where) == ("IA711", str(path))
    assert "no manifest opens it" in message


@pytest.mark.usefixtures("company")
def test_a_port_that_any_stack_reserves_is_no_manifests(capsys: pytest.CaptureFixture[str]) -> None:
    stack("dev", hosts={"lime": {"reservedPorts": [8080], "lookup": True}})
    path = manifest("shop", service=SERVICE)
    assert ("IA711", str(path)) in [found[:2] for found in check(capsys)]
    assert "`hosts.lime.reservedPorts`" in check(capsys)[-1][2]


@pytest.mark.usefixtures("company")
def test_a_project_settles_only_where_the_settings_let_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack("prod", hosts={"lime": {"projects": ["shop"]}})
    manifest("shop", service=SERVICE)
    assert check(capsys) == []
    path = manifest("evil", service=SERVICE | {"port": 8081})
    ((code, where, message),) = check(capsys)
    assert (code, where) == ("IA712", str(path))
    assert "`hosts.lime.projects`" in message


@pytest.mark.usefixtures("company")
def test_a_public_project_without_ports_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    manifest("shop", service=SERVICE)
    stack("prod", network={"ssh": [], "public": ["shop"]})
    ((code, _, message),) = check(capsys)
    assert code == "IA811"
    assert "its manifests then choose the port" in message
    stack("prod", network={"ssh": [], "public": {"shop": [8080]}})
    assert check(capsys) == []


@pytest.mark.usefixtures("company")
def test_a_dev_variant_from_another_folder_does_not_take_over_a_projects_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack("dev", hosts={"lime": {"lookup": True}})
    manifest("search", service=SERVICE)
    evil = manifest("search", "evil", ".dev", service=SERVICE | {"port": 8081})
    assert [found[:2] for found in check(capsys)] == [("IA606", str(evil))]
    stack("prod", owners={"projects": {"search": "projects/search"}})
    assert [found[:2] for found in check(capsys)] == [("IA607", str(evil))]


@pytest.mark.parametrize("folders", [("a", "z"), ("z", "a")])
@pytest.mark.usefixtures("company")
def test_of_two_that_would_get_one_name_the_one_outside_its_owners_folder_is_blamed(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    stack("dev", hosts={"lime": {"lookup": True}})
    owner, stranger = folders
    owners = {"projects": {"search": f"projects/{owner}"}}
    stack("prod", owners=owners)
    manifest("search", owner, service=SERVICE)
    manifest("search", owner, ".dev", service=SERVICE | {"port": 8081})
    evil = manifest("search-dev", stranger, service=SERVICE | {"port": 8082})
    assert [found[:2] for found in check(capsys)] == [("IA706", str(evil))]


@pytest.mark.usefixtures("company")
def test_the_real_search_dev_is_not_blamed_for_a_strangers_dev_variant_of_search(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack("dev", hosts={"lime": {"lookup": True}})
    manifest("search", service=SERVICE)
    manifest("search-dev", service=SERVICE | {"port": 8082})
    evil = manifest("search", "evil", ".dev", service=SERVICE | {"port": 8081})
    assert {found[:2] for found in check(capsys)} == {("IA606", str(evil)), ("IA706", str(evil))}


@pytest.mark.usefixtures("company")
def test_a_cluster_and_a_profile_are_used_only_by_those_the_owners_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    profiles = {"big": {"size": "gpu-h100x1-80gb", "image": "worker"}}
    owners = {"clusters": {"pg": ["shop"]}, "profiles": {"big": ["shop"]}}
    stack("prod", gpu={"profiles": profiles}, owners=owners)
    gpu = {"mode": "on-demand", "droplet": "big"}
    manifest("shop", database={"cluster": "pg", "name": "shop", "user": "shop"}, gpu=gpu)
    assert check(capsys) == []
    evil = manifest("evil", database={"cluster": "pg", "name": "evil", "user": "evil"}, gpu=gpu)
    assert [found[:2] for found in check(capsys)] == [("IA205", str(evil)), ("IA406", str(evil))]


@pytest.mark.usefixtures("company")
def test_a_security_setting_without_effect_is_a_finding(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest("shop", service=SERVICE)
    manifest("studio", provider="mac", service={"host": "fennel", "port": 8080})
    network = {"ssh": [], "public": {"studio": [8080], "shop": [8080]}}
    hosts = {
        "lime": {"firewall": "managed"},
        "basil": {"reservedPorts": [9100], "firewall": "managed", "projects": []},
    }
    owners = {"projects": {"shpo": "x"}, "clusters": {"pg": []}, "profiles": {"big": []}}
    stack("prod", network=network, hosts=hosts, owners=owners)
    messages = [message for code, _, message in check(capsys) if code == "IA805"]
    assert sorted(messages) == [
        "nobody renders `basil`, so its `firewall` guards nothing",
        "nobody renders `basil`, so its `projects` guards nothing",
        "nobody renders `basil`, so its `reservedPorts` guards nothing",
        "there is no `big` among the profiles of the manifests",
        "there is no `pg` among the clusters of the manifests",
        "there is no `shpo` among the projects of the manifests",
        "this stack renders no host of `studio`, so it opens no port of it",
    ]


@pytest.mark.usefixtures("company")
def test_a_managed_firewall_of_a_host_that_is_looked_up_is_a_finding(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest("shop", service=SERVICE)
    stack("prod", hosts={"lime": {"lookup": True, "firewall": "managed"}})
    ((code, _, message),) = check(capsys)
    assert code == "IA805"
    assert "only looked up here" in message


@pytest.mark.parametrize(
    ("key", "value", "codes"),
    [
        ("token", "in-plain-text", ["IA812"]),
        ("token", {"secure": "v1:x"}, ["IA812"]),
        ("apiEndpoint", "http://api.example.com", ["IA813"]),
        ("apiEndpoint", "HTTP://127.0.0.1.example.com", ["IA813"]),
        ("apiEndpoint", "http://127.0.0.1@example.com", ["IA813"]),
        ("apiEndpoint", "api.example.com", ["IA813"]),
        ("apiEndpoint", "http://[::1", ["IA813"]),
        ("apiEndpoint", "https://evil.example\\@api.digitalocean.com", ["IA813"]),
        ("apiEndpoint", "https://evil.example", ["IA816"]),
        ("apiEndpoint", "https://api.digitalocean.com.evil.example", ["IA816"]),
        ("apiEndpoint", "https://api.digitalocean.com", []),
        ("apiEndpoint", "http://127.0.0.1:8000", []),
        ("apiEndpoint", "http://[::1]:8000", []),
    ],
)
@pytest.mark.usefixtures("company")
def test_a_token_in_a_stack_file_and_an_endpoint_elsewhere_are_findings(
    key: str, value: object, codes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    manifest("shop", service=SERVICE)
    with Path("Pulumi.prod.yaml").open("a") as file:
        file.write(f"  digitalocean:{key}: {json.dumps(value)}\n")
    found = check(capsys)
    assert [code for code, _, _ in found] == codes
    assert "in-plain-text" not in str(found)
