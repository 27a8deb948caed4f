"""Every stack's fleet as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra_apply.errors import Usage
from infra_apply.inputs import manifest as manifests
from infra_apply.inputs.pulumi_project import find
from infra_apply.plan.company import read_company
from tests.companies import manifest, write

SHOP = manifest("shop", service={"host": "lime", "port": 8080})
DEV = manifest("shop", environment="dev", service={"host": "basil", "port": 8081})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = write(tmp_path, {"shop/.infra.yaml": SHOP, "shop/.infra.dev.yaml": DEV})
    text = (found / "stacks/Pulumi.prod.yaml").read_text()
    (found / "stacks/Pulumi.dev.yaml").write_text(text)
    return found


def test_a_manifest_that_several_stacks_name_is_there_once(folder: Path) -> None:
    company = read_company(find(folder))
    assert [manifest.instance for manifest in company.fleet.manifests] == [
        ("shop", "dev"),
        ("shop", "prod"),
    ]
    assert company.findings.diagnostics == ()
    assert {name: [host.name for host in plan.hosts] for name, plan in company.plans.items()} == {
        "dev": ["basil"],
        "prod": ["lime"],
    }


def test_a_manifest_that_several_stacks_name_is_parsed_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = manifests.parse
    parsed: list[str] = []

    def counting(path: str, source: bytes) -> Any:
        parsed.append(Path(path).name)
        return parse(path, source)

    monkeypatch.setattr(manifests, "parse", counting)
    read_company(find(folder))
    assert sorted(parsed) == [".infra.dev.yaml", ".infra.yaml"]


def test_findings_of_every_stack_are_there_once(folder: Path) -> None:
    (folder / "projects/shop/.infra.yaml").write_text("provider: mac\n")
    stack = folder / "stacks/Pulumi.dev.yaml"
    stack.write_text(stack.read_text() + "  infra-apply:regoin: nyc3\n")
    company = read_company(find(folder))
    codes = [diagnostic.code.id for diagnostic in company.findings.diagnostics]
    assert sorted(codes) == ["IA101", "IA101", "IA802"]
    assert company.plans == {}


def test_a_company_without_a_stack_file_is_a_mistake(folder: Path) -> None:
    for file in (folder / "stacks").iterdir():
        file.unlink()
    with pytest.raises(Usage, match="has no stack file"):
        read_company(find(folder))
