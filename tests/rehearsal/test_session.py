"""What a rehearsal serves, and the environment in which the engine runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import urllib3

from infra_apply.errors import Refusal, Usage
from infra_apply.inputs.pulumi_project import Project
from infra_apply.rehearsal.session import Options, serve_api, start_rehearsal
from infra_apply.rehearsal.simulator.server import Server


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
        assert rehearsal.env["DIGITALOCEAN_TOKEN"] == rehearsal.server.token
        assert rehearsal.env["DIGITALOCEAN_API_URL"] == rehearsal.server.url
        assert rehearsal.env["PULUMI_BACKEND_URL"].startswith(directory.as_uri())
        assert rehearsal.env["INFRA_APPLY_REHEARSAL_CLOCK"] == "20.0"
        assert rehearsal.folder.is_relative_to(directory)


def get(server: Server, path: str, token: str = "") -> urllib3.BaseHTTPResponse:
    headers = {"Authorization": f"Bearer {token or server.token}"}
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request("GET", f"{server.url}/v2/{path}", headers=headers)


def test_the_api_is_served_with_the_faults_of_a_file(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("- {path: /v2/account, status: 503}\n")
    with serve_api(Options(None, tmp_path / "rehearsal", faults), None) as server:
        statuses = [get(server, "account").status for _ in range(2)]
    assert statuses == [503, 200]


@pytest.mark.parametrize("limits", [False, True])
def test_the_api_keeps_the_rate_limits_that_were_asked_for(tmp_path: Path, limits: bool) -> None:
    options = Options(None, tmp_path, clock_scale=1e-3, limits=limits)
    with serve_api(options, None) as server:
        answers = [get(server, "account/keys") for _ in range(11)]
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


@pytest.mark.parametrize("token", ["rehearsal-token", "rehearsal-reader", "rehearsal-"])
def test_a_token_that_is_not_of_this_rehearsal_opens_nothing(tmp_path: Path, token: str) -> None:
    with serve_api(Options(None, tmp_path), None) as server:
        assert get(server, "droplets", token).status == 401
        first = server.token
    with serve_api(Options(None, tmp_path), None) as server:
        assert get(server, "droplets", first).status == 401
        assert get(server, "droplets").status == 200


def passphrases(project: Project, *directories: Path) -> list[str]:
    """The passphrase of the state of a rehearsal in each directory, in order."""
    found = []
    for directory in directories:
        with start_rehearsal(project, "prod", Options(None, directory), plan=None) as rehearsal:
            found.append(rehearsal.env["PULUMI_CONFIG_PASSPHRASE"])
    return found


def test_a_kept_account_keeps_its_passphrase_and_no_other_has_the_same(
    project: Project, tmp_path: Path
) -> None:
    kept, other = tmp_path / "kept", tmp_path / "other"
    first, again, another = passphrases(project, kept, kept, other)
    assert first == again != another
    assert len(first) > 40
    assert (kept / "engine" / "passphrase").stat().st_mode & 0o777 == 0o600


def test_a_state_that_is_older_than_its_passphrases_file_still_opens(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "old" / "engine" / "state" / ".pulumi").mkdir(parents=True)
    assert passphrases(project, tmp_path / "old") == ["rehearsal"]


@pytest.mark.parametrize("kind", ["link", "dangling link", "open to others", "pipe", "empty"])
def test_a_passphrase_that_somebody_else_may_have_made_is_refused(
    project: Project, tmp_path: Path, kind: str
) -> None:
    directory = tmp_path / "kept"
    file = directory / "engine" / "passphrase"
    file.parent.mkdir(parents=True)
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "secret").chmod(0o600)
    if kind == "pipe":
        os.mkfifo(file, 0o600)
    elif "link" in kind:
        file.symlink_to(tmp_path / ("nowhere" if kind == "dangling link" else "secret"))
    else:
        file.write_text("" if kind == "empty" else "guessed")
        file.chmod(0o600 if kind == "empty" else 0o640)
    with pytest.raises(Refusal, match="passphrase"):
        passphrases(project, directory)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "name", ["engine", "engine/state", "engine/home", "engine/project/Pulumi.yaml"]
)
def test_an_account_folder_that_came_with_a_repository_leads_nowhere_else(
    project: Project, tmp_path: Path, name: str
) -> None:
    directory, precious = tmp_path / "kept", tmp_path / "precious"
    link = directory / name
    link.parent.mkdir(parents=True)
    if link.suffix:
        precious.write_text("kept")
    else:
        precious.mkdir()
    link.symlink_to(precious)
    with pytest.raises(Refusal, match="link"):
        passphrases(project, directory)
    assert precious.read_text() == "kept" if link.suffix else not list(precious.iterdir())


@pytest.mark.parametrize("name", ["account.json", "requests.jsonl", "account.new"])
def test_a_pipe_in_an_account_folder_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(Usage, match="rehearsal"), serve_api(Options(None, tmp_path), None):
        pass


def test_a_directory_that_is_a_file_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal"
    file.touch()
    with pytest.raises(Usage, match="rehearsal"), serve_api(Options(None, file), None):
        pass
