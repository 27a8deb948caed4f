"""The language host as the engine meets it: started by its launcher, called over gRPC."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import empty_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from infra_apply.engine.language import child, files
from infra_apply.engine.language.host import VERSION, find_interpreter
from infra_apply.terminal.safe_text import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script = Callable[[str, str], Path]


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    files.install(tmp_path / "bin")
    return tmp_path / "bin" / "pulumi-language-python"


@pytest.fixture
def host(launcher: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with start(launcher, tmp_path) as process:
        yield process
        process.kill()


def start(launcher: Path, folder: Path, *prefix: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, launcher, "--logtostderr", "127.0.0.1:1"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "VIRTUAL_ENV": sys.prefix},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def stub(host: subprocess.Popen[str]) -> Iterator[Any]:
    assert host.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{host.stdout.readline().strip()}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)


@pytest.fixture
def info(tmp_path: Path) -> language_pb2.ProgramInfo:
    return program_info(tmp_path)


def program_info(folder: Path, **options: str) -> language_pb2.ProgramInfo:
    info = language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point="."
    )
    info.options.update(options)
    return info


@pytest.mark.process
def test_every_call_the_engine_makes_is_answered(stub: Any, info: language_pb2.ProgramInfo) -> None:
    python = f"{sys.prefix}/bin/python"
    stub.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == VERSION
    about = stub.About(language_pb2.AboutRequest(info=info))
    assert (about.executable, about.version) == (python, sys.version.split()[0])
    prompts = stub.RuntimeOptionsPrompts(language_pb2.RuntimeOptionsRequest(info=info))
    assert list(prompts.prompts) == []
    answers = stub.InstallDependencies(language_pb2.InstallDependenciesRequest(info=info))
    assert f"{python} -m pip install" in b"".join(answer.stdout for answer in answers).decode()
    listed = stub.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest(info=info))
    assert "pulumi" in {dependency.name for dependency in listed.dependencies}
    stub.Cancel(empty_pb2.Empty())


@pytest.mark.process
def test_the_provider_plugins_of_the_installed_packages_are_named_with_their_versions(
    stub: Any, info: language_pb2.ProgramInfo
) -> None:
    answer = stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info))
    packages = [(package.name, package.kind, package.version) for package in answer.packages]
    assert ("digitalocean", "resource", f"v{version('pulumi-digitalocean')}") in packages


@pytest.mark.process
def test_a_call_the_host_does_not_know_is_unimplemented(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Pack(language_pb2.PackRequest())
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_host_at_once_also_where_sigint_is_ignored(
    launcher: Path, tmp_path: Path, number: signal.Signals
) -> None:
    ignoring = ["/bin/sh", "-c", 'trap \'\' INT; exec "$0" "$@"']
    with start(launcher, tmp_path, *ignoring) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        process.send_signal(number)
        assert process.wait(4) == 0  # the engine kills it after 5 s


@pytest.mark.process
def test_the_host_ends_with_the_engine(launcher: Path, tmp_path: Path) -> None:
    with start(launcher, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline().strip().isdigit()
        process.stdin.close()
        assert process.wait(10) == 0


def python_in(script: Script, name: str, *, has_sdk: bool) -> str:
    return str(script(f"{name}/bin/python", f"exit {0 if has_sdk else 1}\n"))


@pytest.mark.process
def test_the_interpreter_is_the_first_that_can_import_pulumi(
    script: Script, tmp_path: Path
) -> None:
    environ = {"VIRTUAL_ENV": str(tmp_path / "active"), "PATH": str(tmp_path / "path")}
    info = program_info(tmp_path, virtualenv="named")
    script("path/python3", "exit 0\n")
    order = ["path/python3"]
    for name in ("active", ".venv", "named"):
        python_in(script, name, has_sdk=True)
        order.append(f"{name}/bin/python")
    for expected in reversed(order):
        assert find_interpreter(info, environ) == str(tmp_path / expected)
        (tmp_path / expected).write_text("#!/bin/sh\nexit 1\n")
    assert find_interpreter(info, environ) == sys.executable


@pytest.mark.process
def test_the_launcher_reads_the_virtualenv_of_the_project_file(
    launcher: Path, script: Script, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text(
        'name: x\nruntime:\n  name: python\n  options:\n    virtualenv: "my venv" # ours\n'
    )
    script("my venv/bin/python", 'case $1 in -c) exit 0;; esac; echo "chosen $*"\n')
    (tmp_path / "below").mkdir()
    answer = subprocess.run(
        [launcher, "address"], cwd=tmp_path / "below", capture_output=True, text=True, check=True
    )
    assert answer.stdout == f"chosen -u {launcher.parent}/language_host.py address\n"


@pytest.mark.process
def test_without_any_sdk_the_launcher_says_how_to_make_one(tmp_path: Path) -> None:
    files.install(tmp_path, python="/nowhere/python")
    answer = subprocess.run(
        [tmp_path / "pulumi-language-python", "address"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "python3 -m venv .venv && .venv/bin/pip install pulumi" in answer.stderr


def test_the_files_are_written_again_only_when_they_differ(tmp_path: Path) -> None:
    files.install(tmp_path)
    written = tmp_path / "language_host.py"
    inode = written.stat().st_ino
    files.install(tmp_path)
    assert written.stat().st_ino == inode
    written.write_text("old")
    files.install(tmp_path)
    assert written.read_bytes() == Path(files.__file__).with_name("host.py").read_bytes()
    assert os.access(tmp_path / "pulumi-language-python", os.X_OK)
    assert not list(tmp_path.glob(".*"))


def test_a_traceback_starts_in_the_program(tmp_path: Path) -> None:
    program = tmp_path / "__main__.py"
    program.write_text("def broken():\n    raise ValueError('oh')\nbroken()\n")
    try:
        exec(compile(program.read_text(), program, "exec"), {})  # noqa: S102 - a program of ours
    except ValueError as error:
        lines = child._format_traceback(error, tmp_path).splitlines()
    assert lines[1] == f'  File "{program}", line 3, in <module>'
    assert lines[-1] == "ValueError: oh"


@pytest.mark.process
def test_a_dynamic_provider_ends_with_the_engine(launcher: Path, tmp_path: Path) -> None:
    provider = launcher.with_name("pulumi-resource-pulumi-python")
    with start(provider, tmp_path) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline().strip().isdigit()  # it serves
        assert process.poll() is None
        process.stdin.close()
        process.stdin = None
        assert process.wait(30) != 0


@given(
    st.lists(
        st.sampled_from(["::", "##[", "##vso[", "<{%", "\n", "\r", " ", "\x1b[31m"])
        | st.text(st.characters(codec=None, categories=None))
    ).map("".join)
)
def test_what_an_error_says_is_escaped_as_everywhere_else(text: str) -> None:
    assert child._harmless(text) == safe(text)
