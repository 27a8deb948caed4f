"""A quarantined project hurts nobody: whatever its manifests hold, all others are read as usual."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_apply.cli.main import main
from tests.fleet.test_attacks import SERVICE, check, company, manifest, stack

__all__ = ["company"]

WIKI = {"host": "basil", "port": 8088}


def quarantine(*names: str, **owners: object) -> None:
    stack("prod", owners={"quarantined": list(names), **owners})


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from([".infra.yaml", ".infra.dev.yaml", ".infra.yml"]))
@example(b"[" * 300_000, ".infra.yaml")
@example(b"a: &a [*a]", ".infra.dev.yaml")
@example(b"project: wiki\n", ".infra.staging.yaml")
@pytest.mark.usefixtures("company")
def test_a_quarantined_manifest_of_any_bytes_stops_nobody(
    capsys: pytest.CaptureFixture[str], content: bytes, file: str
) -> None:
    quarantine("shop")
    manifest("wiki", service=WIKI, depends_on=["shop"])
    folder = Path("projects/shop")
    folder.mkdir(exist_ok=True)
    (folder / file).write_bytes(content)
    assert check(capsys) == []
    for command in ("plan", "mesh", "map", "cost"):
        assert main([command]) == 0, command
        assert "wiki" in capsys.readouterr().out


@pytest.mark.usefixtures("company")
def test_a_quarantined_manifest_that_never_ends_is_not_opened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shop")
    folder = Path("projects/shop")
    folder.mkdir(parents=True)
    os.mkfifo(folder / ".infra.yaml")
    (folder / ".infra.dev.yaml").symlink_to("/proc/self/environ")
    manifest("wiki", service=WIKI)
    assert check(capsys) == []


@pytest.mark.usefixtures("company")
def test_a_quarantined_projects_folder_is_the_one_its_owners_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shop", projects={"shop": "projects/store"})
    manifest("shop", "store", service=SERVICE).write_text("[")
    path = manifest("notes", "shop", service=WIKI)
    assert check(capsys) == []
    path.write_text("[")
    assert {where for _, where, _ in check(capsys)} == {str(path)}


@pytest.mark.usefixtures("company")
def test_a_manifest_elsewhere_that_names_a_quarantined_project_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shop")
    manifest("shop", "elsewhere", service={"host": "nowhere", "port": 22})
    manifest("shop", "further", file=".dev", service={"host": "nowhere", "port": 22})
    manifest("wiki", service=WIKI)
    assert check(capsys) == []


@pytest.mark.usefixtures("company")
def test_a_link_to_a_quarantined_folder_does_not_lead_round_the_quarantine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shop")
    manifest("shop", service=SERVICE).write_text("[")
    Path("projects/a").symlink_to("shop", target_is_directory=True)
    manifest("wiki", service=WIKI)
    assert check(capsys) == []


@pytest.mark.usefixtures("company")
def test_a_quarantine_in_one_stack_holds_for_every_stack(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shop")
    stack("dev")
    manifest("shop", service=SERVICE).write_text("[")
    manifest("wiki", service=WIKI)
    assert check(capsys) == []
    assert main(["plan", "--stack", "dev"]) == 0
    assert "shop  it is quarantined" in capsys.readouterr().out


@pytest.mark.usefixtures("company")
def test_a_quarantined_folder_that_is_named_is_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else nobody could see whether its manifest is mended."""
    quarantine("shop")
    manifest("shop", service=SERVICE)
    assert main(["check", "projects/shop", "--stack", "prod"]) == 0
    assert capsys.readouterr().out == "1 manifest: no mistakes found\n"
    Path("projects/shop/.infra.yaml").write_text("[")
    assert main(["check", "projects/shop", "--stack", "prod"]) == 1


@pytest.mark.usefixtures("company")
def test_a_quarantined_checkout_may_be_gone(capsys: pytest.CaptureFixture[str]) -> None:
    stack("prod", projects=["projects/wiki", "projects/shop"], owners={"quarantined": ["shop"]})
    manifest("wiki", service=WIKI, depends_on=["shop"])
    assert check(capsys) == []


@pytest.mark.usefixtures("company")
def test_a_misspelt_quarantine_is_a_warning_with_the_name_that_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shpo")
    manifest("shop", service=SERVICE)
    main(["check", "--format", "json"])
    (finding,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (finding["code"], finding["severity"]) == ("IA814", "warning")
    assert finding["hint"] == "did you mean `shop`?"


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("name", ["shop", "shop-dev"])
def test_what_is_quarantined_cannot_be_retired(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    stack("prod", owners={"quarantined": ["shop"]}, retired={name: "destroy"})
    manifest("shop", service=SERVICE)
    ((code, _, message),) = check(capsys)
    assert code == "IA815"
    assert message.startswith(f"`{name}` is retired")


@pytest.mark.usefixtures("company")
def test_a_project_with_the_name_of_a_quarantined_instance_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shop")
    manifest("shop", service=SERVICE)
    path = manifest("shop-dev", service=WIKI)
    ((code, where, _),) = check(capsys)
    assert (code, where) == ("IA815", str(path))


def test_the_services_map_keeps_a_quarantined_entry_byte_for_byte(
    capsys: pytest.CaptureFixture[str], company: Path
) -> None:
    odd = '"shop": {"port":  8.08e3,\n\t"note": "\\u00e9", "deep": {"a": [1.50]}}'
    text = '{\n  "hosts": {"lime": {}, "basil": {}},\n  "services": {' + odd + "}\n}\n"
    (company / "mesh.json").write_text(text)
    quarantine("shop")
    manifest("shop", service=SERVICE).write_text("[")
    assert main(["mesh", "--check"]) == 0
    assert main(["mesh", "--write"]) == 0
    assert (company / "mesh.json").read_text() == text
    manifest("wiki", service=WIKI)
    assert main(["mesh", "--check"]) == 1
    assert "removes" not in capsys.readouterr().err
    assert main(["mesh", "--write"]) == 0
    written = (company / "mesh.json").read_text()
    assert odd in written
    assert set(json.loads(written)["services"]) == {"shop", "wiki"}
    assert main(["mesh", "--check"]) == 0


@pytest.mark.usefixtures("company")
def test_a_plan_says_what_is_quarantined_and_who_depends_on_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quarantine("shop")
    manifest("shop", service=SERVICE)
    manifest("wiki", service=WIKI, depends_on=["shop"])
    assert main(["plan", "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["not_rendered"]
    assert entry == {
        "project": "shop",
        "environment": "prod",
        "provider": None,
        "reason": "it is quarantined: what it has stays as it is;"
        " nothing new is opened on it for `wiki`",
    }


@pytest.mark.usefixtures("company")
def test_the_map_shows_what_is_quarantined(capsys: pytest.CaptureFixture[str]) -> None:
    quarantine("shop")
    manifest("shop", service=SERVICE)
    manifest("wiki", service=WIKI)
    assert main(["map", "--format", "json"]) == 0
    nodes = {node["id"]: node for node in json.loads(capsys.readouterr().out)["nodes"]}
    assert nodes["external:shop"]["detail"] == "quarantined: its manifests are not read"
