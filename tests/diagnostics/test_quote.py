"""What of a file's line is quoted is decided by place: only values of known keys are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.cli.main import main
from infra_apply.diagnostics.quote import MANIFEST_KEYS, SETTINGS_KEYS, quotable
from infra_apply.inputs.manifest import json_schema
from infra_apply.inputs.settings_schema import KNOWN

VALID = "apiVersion: infra/v1\nproject: shop\nprovider: mac\n"
SECRET = "hunter2"
HIDING_PLACES = (
    "PGPASSWORD: {}",
    "DBPASS: '{}'",
    'clientsecret: "{}"',
    "slack: https://hooks.slack.com/services/T0/B0/{}",
    "whatever: [a, {}]",
    "whatever:\n  - x: 1\n    y: {}",
    "whatever: |\n  first\n  {}",
    "whatever: {{a: {}, b: 1}}",
    "whatever: {{{}: 1, {}: 2}}",
    "project: {{a: {}}}",
    "depends_on: [{{a: {}}}]",
    "gpu: {{mode: on-demand, mode: on-demand, webhook: {}}}",
    "'what\\ever' : {}",
    '"what\\x65ver": {}',
    "service: [{{port: {}}}]",
    "whatever: !{} x",
    "whatever: &{} x",
    "whatever: *{}",
    "whatever: 2024-13-45T{}",
    "? [{}]\n: 1",
    "? {{a: {}}}\n: 1",
    "whatever: 1 # {}",
    "# {}\nwhatever: 1",
    "service: {{hots: lime, DBPASS: {}}}",
    "service:\n  port: x\n  note: {}",
    "database: {{cluster: a, name: b, user: c, key: {}}}",
    "<<: {{DBPASS: {}}}",
    "whatever: '{}\n",
    "whatever: @{}",
    "whatever: {}\n\tport: 1",
    "PGPASSWORD={}",
    "- {}",
    "{}",
)


@pytest.mark.parametrize("output_format", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize("lines", HIDING_PLACES)
def test_a_value_under_a_key_that_is_not_the_conventions_is_never_quoted(
    lines: str,
    output_format: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop").mkdir()
    for content in (VALID + lines, lines, lines + "\n" + VALID):
        Path("shop/.infra.yaml").write_text(
            content.replace("{}", SECRET).replace("{{", "{").replace("}}", "}")
        )
        assert main(["check", "shop", "--format", output_format]) == 1
        assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.parametrize("number", range(1, 8))
def test_every_line_of_a_manifest_hides_what_is_not_the_conventions(number: int) -> None:
    lines = [
        "project: shop",
        "service: {host: lime, PGPASS: hunter2, port: 80}  # hunter2",
        "db: hunter2",
        "depends_on:",
        "  - catalog",
        "webhook: |",
        "  hunter2 is: the word",
    ]
    shown = [
        "project: shop",
        "service: {host: lime, PGPASS: •••, port: 80}  # •••",
        "db: •••",
        "depends_on:",
        "  - catalog",
        "webhook: •••",
        "  •••",
    ]
    assert quotable("/x/.infra.yaml", lines).line(number) == shown[number - 1]


def test_a_stack_file_shows_our_settings_and_nothing_else() -> None:
    lines = [
        "encryptionsalt: v1:hunter2",
        "config:",
        "  digitalocean:token: hunter2",
        "  infra-apply:meshHosts: mesh.json",
        "  infra-apply:hosts: {lime: {size: s, tags: [a], note: hunter2}}",
        "  infra-apply:external: {pay: https://x, api_token: hunter2}",
        "  infra-apply:other: hunter2",
    ]
    source = quotable("/x/Pulumi.prod.yaml", lines)
    assert [source.line(number + 1) for number in range(len(lines))] == [
        "encryptionsalt: •••",
        "config:",
        "  digitalocean:token: •••",
        "  infra-apply:meshHosts: mesh.json",
        "  infra-apply:hosts: {lime: {size: s, tags: [a], note: •••}}",
        "  infra-apply:external: {pay: https://x, api_token: •••}",
        "  infra-apply:other: •••",
    ]


def test_of_a_mesh_file_nothing_is_quoted() -> None:
    assert quotable("/x/mesh-hosts.json", ['{"hosts": {}}']).lines == ()


@given(st.text(max_size=80))
def test_any_text_at_all_can_be_quoted(text: str) -> None:
    lines = text.split("\n")
    source = quotable("/x/.infra.yaml", lines)
    for number in range(1, len(lines) + 1):
        source.line(number)


def test_the_keys_that_are_shown_are_those_of_the_convention_and_of_the_settings() -> None:
    properties = json_schema()["properties"]
    schema = {(): set(properties)} | {
        (name,): set(part["properties"])
        for name, part in properties.items()
        if "properties" in part
    }
    assert schema == {path: set(names or ()) for path, names in MANIFEST_KEYS.items()}
    for path, keys in KNOWN.items():
        assert set(SETTINGS_KEYS[path] or ()) <= {*keys, *_ADDED}, path
        assert set(keys) <= set(SETTINGS_KEYS[path] or ()), path


_ADDED = ("owners", "projects", "reservedPorts")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "secret.env").write_text("PGPASSWORD=hunter2\nproject: hunter2\n")
    (tmp_path / "shop-secrets").mkdir()
    (tmp_path / "shop-secrets" / "secret.env").write_text("project: hunter2\n")
    return tmp_path / "shop"


@pytest.mark.parametrize("output_format", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize(
    "target", ["/proc/self/environ", "../secret.env", "../shop-secrets/secret.env", "inner/env"]
)
def test_a_symlinked_manifest_that_leaves_its_folder_is_refused_and_not_quoted(
    target: str,
    output_format: str,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    (shop / "inner").symlink_to("..")
    (shop.parent / "env").write_text("project: hunter2\n")
    (shop / ".infra.yaml").symlink_to(target)
    assert main(["check", "shop", "--format", output_format]) == 1
    printed = "".join(capsys.readouterr())
    assert SECRET not in printed
    assert "leads out of the project's folder" in printed
    if output_format == "json":
        (only,) = json.loads(printed)["diagnostics"]
        assert only["code"] == "IA011"


def test_a_symlink_inside_the_projects_folder_is_followed(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "infra").mkdir()
    (shop / "infra" / "prod").write_text(VALID)
    (shop / ".infra.yaml").symlink_to("infra/prod")
    assert main(["check", "shop"]) == 0
    assert "no mistakes found" in capsys.readouterr().out


@pytest.mark.parametrize("output_format", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize("target", ["/proc/self/environ", "../secret.env"])
def test_of_a_stack_file_that_is_a_link_to_another_file_nothing_is_quoted(
    target: str,
    output_format: str,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    (shop / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (shop / "Pulumi.prod.yaml").symlink_to(target)
    assert main(["check", "-C", "shop", "--format", output_format]) == 2
    printed = "".join(capsys.readouterr())
    assert SECRET not in printed
    assert "leads out of the project's folder" in printed
