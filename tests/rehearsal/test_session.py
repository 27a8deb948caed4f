"""What a rehearsal serves, and the environment in which the engine runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import urllib3

from infra_apply.errors import Usage
from infra_apply.inputs.pulumi_project import Project
from infra_apply.rehearsal.session import TOKEN, Options, serve_api, start_rehearsal


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: infra\nruntime: python\n")
    (folder / "Pulumi.prod.yaml").write_text("config: {}\n")
    return Project(folder, "infra", folder)


def test_no_variable_that_leads_to_a_real_account_or_state_reaches_the_engine(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "DIGITALOCEAN_ACCESS_TOKEN",
        "DIGITALOCEAN_HTTP_RETRY_MAX",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG",
        "SPACES_SECRET_ACCESS_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "VAULT_TOKEN",
        "http_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "grpc_proxy",
    ):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "dop_v1_real")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    directory = tmp_path / "rehearsal"
    options = Options(None, directory, clock_scale=20.0)
    with start_rehearsal(project, "prod", options, plan=None) as rehearsal:
        assert "real" not in rehearsal.env.values()
        assert rehearsal.env["LC_ALL"] == "C.UTF-8"
        assert rehearsal.env["DIGITALOCEAN_TOKEN"] == TOKEN
        assert rehearsal.env["DIGITALOCEAN_API_URL"] == rehearsal.server.url
        assert rehearsal.env["PULUMI_BACKEND_URL"].startswith(directory.as_uri())
        assert rehearsal.env["INFRA_APPLY_REHEARSAL_CLOCK"] == "20.0"
        assert rehearsal.folder.is_relative_to(directory)


def test_the_api_is_served_with_the_faults_of_a_file(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("- {path: /v2/account, status: 503}\n")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        serve_api(Options(None, tmp_path / "rehearsal", faults), None) as server,
        urllib3.PoolManager(retries=False, headers=headers) as pool,
    ):
        statuses = [pool.request("GET", f"{server.url}/v2/account").status for _ in range(2)]
    assert statuses == [503, 200]


@pytest.mark.parametrize("limits", [False, True])
def test_the_api_keeps_the_rate_limits_that_were_asked_for(tmp_path: Path, limits: bool) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        serve_api(Options(None, tmp_path, clock_scale=1e-3, limits=limits), None) as server,
        urllib3.PoolManager(retries=False, headers=headers) as pool,
    ):
        answers = [pool.request("GET", f"{server.url}/v2/account/keys") for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429 if limits else 200]
    assert ("ratelimit-limit" in answers[0].headers) == limits


@pytest.mark.parametrize(
    ("content", "message"),
    [("- {path: v2, drop: true}", "path is required"), (None, "No such file")],
)
def test_a_faults_file_that_cannot_be_used_is_a_usage_error(
    tmp_path: Path, content: str | None, message: str
) -> None:
    faults = tmp_path / "faults.yaml"
    if content is not None:
        faults.write_text(content)
    with (
        pytest.raises(Usage, match=message),
        serve_api(Options(None, tmp_path / "rehearsal", faults), None),
    ):
        pass


def test_a_directory_that_is_a_file_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal"
    file.touch()
    with pytest.raises(Usage, match="rehearsal"), serve_api(Options(None, file), None):
        pass
