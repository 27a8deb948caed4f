"""Which engine is used, and what is said about those that are not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine.install import find, trust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Script = Callable[[str, str], Path]


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}


def pulumi(script: Script, folder: str, version: str) -> Path:
    script(f"{folder}/pulumi-language-python", "")
    return script(f"{folder}/pulumi", f"echo v{version}\n")


def cached(script: Script) -> Path:
    path = pulumi(script, "cache/infra-apply/engine/v3.259.0/bin", "3.259.0")
    trust.record(path.parent.parent)
    return path


def skipped(environ: Mapping[str, str]) -> list[str]:
    return [
        candidate.why for candidate in find.search(environ) if isinstance(candidate, find.Skipped)
    ]


@pytest.mark.process
@pytest.mark.parametrize("version", ["3.259.0", "3.260.1", "3.1000.0", "4.0.0"])
def test_a_new_enough_pulumi_on_the_path_is_taken_and_said_so(
    script: Script, environ: dict[str, str], version: str
) -> None:
    path = pulumi(script, "bin", version)
    cached(script)
    why = f"version {version} on PATH, new enough (>= 3.259.0)"
    assert find.find(environ) == find.Engine(path, version, "path", why)


@pytest.mark.process
def test_an_old_pulumi_on_the_path_is_skipped_for_the_cached_one_and_the_reason_is_said(
    script: Script, environ: dict[str, str]
) -> None:
    old = pulumi(script, "bin", "3.99.0")
    new = cached(script)
    engine = find.find(environ)
    assert engine is not None
    assert (engine.path, engine.origin) == (new, "cache")
    assert skipped(environ) == [f"{old} is version 3.99.0, older than 3.259.0"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo broken >&2; exit 3\n", "does not run (broken)"),
        ("exit 3\n", "does not run (exit code 3)"),
        ("echo hello\n", "does not say its version (it says 'hello')"),
    ],
)
def test_a_pulumi_that_does_not_run_is_skipped_and_the_reason_is_said(
    script: Script, environ: dict[str, str], body: str, reason: str
) -> None:
    path = script("bin/pulumi", body)
    assert find.find(environ) is None
    assert skipped(environ) == [f"{path} {reason}"]


@pytest.mark.process
def test_a_pulumi_for_another_machine_is_skipped(script: Script, environ: dict[str, str]) -> None:
    path = script("bin/pulumi", "")
    path.write_bytes(b"\x7fELF not for here")
    assert skipped(environ) == [f"{path} does not run (Exec format error)"]


@pytest.mark.process
def test_a_pulumi_without_a_language_host_is_skipped(
    script: Script, environ: dict[str, str]
) -> None:
    path = script("bin/pulumi", "echo v3.270.0\n")
    assert skipped(environ) == [f"{path} has no pulumi-language-python beside it or on PATH"]


def test_nothing_anywhere_is_no_engine(environ: dict[str, str]) -> None:
    assert find.search(environ) == []
    assert find.find(environ) is None


@pytest.mark.process
def test_the_cached_engine_counts_as_cached_also_when_its_folder_is_on_the_path(
    script: Script, environ: dict[str, str]
) -> None:
    path = cached(script)
    environ["PATH"] = f"{path.parent}:{environ['PATH']}"
    engine = find.find(environ)
    assert engine is not None
    assert engine.origin == "cache"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have folders of their own")
@pytest.mark.parametrize(
    ("cache_home", "expected"),
    [
        ("/srv/cache", "/srv/cache/infra-apply/engine"),
        (None, "/home/ada/.cache/infra-apply/engine"),
        ("", "/home/ada/.cache/infra-apply/engine"),
        # The XDG base directory specification has relative values ignored.
        ("relative/cache", "/home/ada/.cache/infra-apply/engine"),
    ],
)
def test_the_cache_is_below_home_unless_an_absolute_one_is_given(
    monkeypatch: pytest.MonkeyPatch, cache_home: str | None, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if cache_home is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache_home)
    assert str(find.cache_folder()) == expected
