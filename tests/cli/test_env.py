"""`infra-apply env` as its user runs it, on the outputs that an engine prints."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_apply.cli import env
from infra_apply.cli.main import main
from infra_apply.engine.install.find import Engine
from infra_apply.variables import FORMATS
from tests.cli.output_fuzz import NAMES
from tests.cli.test_output import ATTACKS, captured, require_harmless

PASSWORD = "AVNS_0123456789"
URL = f"postgresql://shop:{PASSWORD}@pg.example:25060/shop?sslmode=require"
SHOP = {"DATABASE_URL": URL, "DATABASE_PASSWORD": PASSWORD, "GEO_URL": "http://100.64.0.11:8080"}
ANSWER = (
    f"DATABASE_PASSWORD='{PASSWORD}'\nDATABASE_URL='{URL}'\nGEO_URL='http://100.64.0.11:8080'\n"
)
STACK = ["--stack", "prod"]

Outputs = Callable[..., None]


@pytest.fixture
def outputs(company: Path, monkeypatch: pytest.MonkeyPatch) -> Outputs:
    """Let the stack have these instances, by project their variables; None is no such stack."""
    del company
    engine = Engine(Path("/nowhere/pulumi"), "3.259.0", "path", "")
    monkeypatch.setattr(env, "install", lambda *_: engine)

    def set_outputs(instances: dict[str, Any] | None) -> None:
        entries = {name: {"env": variables} for name, variables in (instances or {}).items()}
        answer = None if instances is None else {"instances": entries}
        monkeypatch.setattr(env, "read_outputs", lambda *_: answer)

    set_outputs({"shop": SHOP, "mail": {}})
    return set_outputs


@pytest.fixture
def pulumi(
    company: Path, monkeypatch: pytest.MonkeyPatch, script: Callable[[str, str], Path]
) -> Callable[[str], None]:
    """Put a script in the engine's place."""
    del company

    def write(body: str) -> None:
        engine = Engine(script("pulumi", body), "3.259.0", "path", "")
        monkeypatch.setattr(env, "install", lambda *_: engine)

    return write


def test_it_prints_every_variable_and_says_nothing_beside_it(
    outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    assert main(["env", "shop", *STACK]) == 0
    assert capsys.readouterr() == (ANSWER, "")


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_each_format_is_printed_as_it_is(
    form: str, outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    assert main(["env", "shop", *STACK, "--format", form]) == 0
    assert capsys.readouterr().out == FORMATS[form](SHOP)


def test_a_file_is_written_for_its_owner_alone_and_no_value_is_printed(
    outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    file = Path("shop.env")
    file.write_text("old\n")
    file.chmod(0o644)
    assert main(["env", "shop", *STACK, "--output", "shop.env"]) == 0
    assert capsys.readouterr() == ("", "shop.env: wrote 3 variables\n")
    assert file.read_text() == ANSWER
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_nothing_but_a_file_is_replaced(
    kind: str, outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    file, other = Path("shop.env"), Path("other")
    other.write_text("old\n")
    if kind == "link":
        file.symlink_to(other)
    else:
        file.mkdir()
    assert main(["env", "shop", *STACK, "--output", "shop.env"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "shop.env cannot be written" in printed.err
    assert PASSWORD not in printed.err
    assert other.read_text() == "old\n"


def test_a_project_without_variables_is_told_of_and_fine(
    outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    assert main(["env", "mail", *STACK]) == 0
    assert capsys.readouterr() == ("", "mail has no variables in stack prod\n")
    assert main(["env", "mail", *STACK, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {}
    assert main(["env", "mail", *STACK, "--format", "systemd", "--output", "mail.env"]) == 0
    assert Path("mail.env").read_bytes() == b""  # a service whose file is missing does not start


def test_a_project_that_nobody_knows_is_a_slip(
    outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    assert main(["env", "shp", *STACK]) == 2
    assert capsys.readouterr().err == (
        "infra-apply: there is no project `shp` in stack prod\n  next:  did you mean `shop`?\n"
    )


@pytest.mark.parametrize("has_mistakes", [False, True])
def test_a_project_that_is_declared_and_not_applied_is_to_be_applied(
    has_mistakes: bool, outputs: Outputs, company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs({"mail": {}})
    if has_mistakes:
        (company / "projects/wiki/.infra.yaml").write_text("provider: mac\n")
    assert main(["env", "shop", *STACK]) == 1
    error = capsys.readouterr().err
    assert "shop has a manifest, and was not applied to stack prod yet" in error
    assert "next:  apply it: infra-apply up --stack prod\n" in error


def test_neither_mistakes_in_manifests_nor_a_missing_stack_file_matter_to_what_was_applied(
    outputs: Outputs, company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    (company / "projects/shop/.infra.yaml").write_text("provider: mac\n")
    (company / "stacks/Pulumi.prod.yaml").unlink()
    assert main(["env", "shop", *STACK]) == 0
    assert capsys.readouterr() == (ANSWER, "")
    assert main(["env", "shp", *STACK]) == 2


@pytest.mark.parametrize("nothing", ["no stack", "no outputs"])
def test_a_stack_that_was_never_applied_is_to_be_applied(
    nothing: str,
    outputs: Outputs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outputs(None)
    if nothing == "no outputs":
        monkeypatch.setattr(env, "read_outputs", lambda *_: {})
    assert main(["env", "shop", "-C", ".", *STACK]) == 1
    error = capsys.readouterr().err
    assert "stack prod does not exist, or was never applied" in error
    assert "next:  apply it: infra-apply up -C . --stack prod\n" in error


def test_a_rehearsal_that_applied_nothing_names_its_own_command(
    outputs: Outputs, account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del outputs
    assert main(["env", "shop", *STACK, "--account", str(account)]) == 1
    assert f"infra-apply up --stack prod --account {account}\n" in capsys.readouterr().err
    assert main(["env", "shop", *STACK, "--account", "nowhere"]) == 2


def test_the_stack_has_to_be_named(outputs: Outputs, capsys: pytest.CaptureFixture[str]) -> None:
    del outputs
    assert main(["env", "shop"]) == 2
    assert "name the environment's stack" in capsys.readouterr().err
    assert main(["env", "shop", "--config-file", "stacks/Pulumi.prod.yaml"]) == 0


def test_a_value_that_is_not_known_is_no_empty_password(
    outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs({"shop": {**SHOP, "DATABASE_PASSWORD": None}})
    assert main(["env", "shop", *STACK]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "the stack's outputs hold no text for DATABASE_PASSWORD of shop" in printed.err
    assert PASSWORD not in printed.err


@pytest.mark.parametrize(
    ("value", "encoding"), [("##[error]x", "utf-8"), ("<{%x%}>", "utf-8"), ("café", "ascii")]
)
def test_what_stdout_would_change_is_refused_and_stands_in_a_file_and_in_json(
    value: str, encoding: str, outputs: Outputs
) -> None:
    outputs({"shop": {"API_URL": value}})

    def run(*words: str) -> Any:
        return captured(lambda: main(["env", "shop", *STACK, *words]), encoding=encoding)

    refused = run()
    assert (refused.code, refused.answer) == (1, "")
    assert "API_URL holds what" in refused.remarks
    assert value not in refused.remarks
    assert json.loads(run("--format", "json").answer) == {"API_URL": value}
    assert run("--output", "shop.env").code == 0
    assert Path("shop.env").read_text(encoding="utf-8") == f"API_URL='{value}'\n"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.sampled_from(sorted(FORMATS)), name=st.just("API_URL") | NAMES, value=NAMES)
@example(form="json", name=ATTACKS[0], value=ATTACKS[0])
@example(form="dotenv", name="API_URL", value="\n::error::x")
def test_no_name_or_value_steers_a_reader(
    form: str, name: str, value: str, outputs: Outputs
) -> None:
    outputs({"shop": {name: value}})
    printed = captured(lambda: main(["env", "shop", *STACK, "--format", form]))
    require_harmless(f"--format {form}", printed)
    assert printed.code in {0, 1}
    assert printed.code == 1 or printed.answer == FORMATS[form]({name: value})


@pytest.mark.process
def test_it_reads_what_the_engine_prints(
    pulumi: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(f"""echo '{json.dumps({"instances": {"shop": {"env": SHOP}}})}'""")
    assert main(["env", "shop", *STACK]) == 0
    assert capsys.readouterr() == (ANSWER, "")


@pytest.mark.process
def test_outputs_that_cannot_be_read_are_an_outage_that_names_what_is_needed(
    pulumi: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(f"echo 'error: failed to decrypt {URL}: incorrect passphrase' >&2; exit 1")
    assert main(["env", "shop", *STACK]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "the state of stack prod cannot be read: failed to decrypt" in printed.err
    assert "incorrect passphrase" in printed.err
    assert "PULUMI_CONFIG_PASSPHRASE" in printed.err
    assert PASSWORD not in printed.err
