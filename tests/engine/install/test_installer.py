"""Installing: the methods in order, one at a time, all or nothing."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine.child_process import ChildFailed
from infra_apply.engine.install import find, trust
from infra_apply.engine.install.installer import BUILD, VENDOR, Method, _chosen_methods, install
from infra_apply.errors import Outage, Refusal, Usage
from infra_apply.terminal.layout import StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "c")}


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def status_line(stream: io.StringIO) -> StatusLine:
    return StatusLine(stream)


def engine_in(root: Path, version: str = "3.259.0") -> None:
    (root / "bin").mkdir(parents=True)
    for name, body in {"pulumi": f"echo v{version}", "pulumi-language-python": ""}.items():
        (root / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (root / "bin" / name).chmod(0o755)


def engine_in_cache() -> Path:
    """Put an engine where an earlier install would have; its program's path."""
    folder = find.cached_binary().parent.parent
    engine_in(folder)
    trust.record(folder)
    return folder / "bin" / "pulumi"


def works(root: Path, _environ: Mapping[str, str], _status_line: StatusLine) -> None:
    engine_in(root)


def fails(_root: Path, _environ: Mapping[str, str], _status_line: StatusLine) -> None:
    raise ChildFailed("its host cannot be reached")


def never(_root: Path, _environ: Mapping[str, str], _status_line: StatusLine) -> None:
    pytest.fail("this way should not be tried")


def cached_names() -> list[str]:
    return sorted(entry.name for entry in find.cache_folder().iterdir())


@pytest.mark.process
def test_the_first_way_that_works_fills_the_cache(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    methods = [Method("the first", "vendor", works), Method("the second", "build", never)]
    engine = install(environ, status_line, methods)
    assert engine.path == find.cached_binary()
    assert (engine.version, engine.origin) == ("3.259.0", "vendor")
    assert engine.why == "version 3.259.0, installed now: the first"
    assert cached_names() == ["lock", "v3.259.0"]


@pytest.mark.process
def test_an_engine_that_is_there_is_returned_at_once(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    engine_in_cache()
    engine = install(environ, status_line, [Method("any", "build", never)])
    assert engine.origin == "cache"


@pytest.mark.process
def test_a_way_that_fails_is_told_in_one_line_and_the_next_is_tried(
    environ: dict[str, str], status_line: StatusLine, stream: io.StringIO
) -> None:
    methods = [Method("the vendor's release", "vendor", fails), Method("a build", "build", works)]
    assert install(environ, status_line, methods).origin == "build"
    assert stream.getvalue() == (
        "engine: the vendor's release did not work: its host cannot be reached\n"
    )


def test_no_way_left_is_an_outage_that_names_every_reason(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    methods = [Method("the vendor's release", "vendor", fails), Method("a build", "build", fails)]
    with pytest.raises(Outage) as caught:
        install(environ, status_line, methods)
    assert caught.value.exit_code == 3
    assert str(caught.value) == textwrap.dedent("""\
        no Pulumi engine could be installed. Tried:
          the vendor's release: its host cannot be reached
          a build: its host cannot be reached
          state: no engine was installed; nothing was changed
          next:  put pulumi >= 3.259.0 on PATH, or give this machine access to a Go module \
registry and run `infra-apply engine install` again""")
    assert cached_names() == ["lock"]


@pytest.mark.process
def test_an_engine_that_does_not_run_is_not_moved_into_the_cache(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    def broken(root: Path, _environ: Mapping[str, str], _status_line: StatusLine) -> None:
        engine_in(root)
        (root / "bin" / "pulumi").write_text("#!/bin/sh\nexit 9\n")

    with pytest.raises(Outage, match=r"the engine it made does not run \(exit code 9\)"):
        install(environ, status_line, [Method("a build", "build", broken)])
    assert find.find(environ) is None


@pytest.mark.process
def test_an_engine_without_a_record_is_told_not_run_and_replaced(
    environ: dict[str, str], status_line: StatusLine, stream: io.StringIO, tmp_path: Path
) -> None:
    cached = find.cached_binary()
    engine_in(cached.parent.parent)
    cached.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    assert install(environ, status_line, [Method("a build", "build", works)]).origin == "build"
    assert stream.getvalue() == (
        f"engine: skipped: {cached} has no engine.sha256 beside it, which says what it is\n"
    )
    assert not (tmp_path / "was-run").exists()
    assert cached_names() == ["lock", "v3.259.0"]


@pytest.mark.process
def test_another_version_than_the_pinned_is_not_moved_into_the_cache(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    def newer(root: Path, _environ: Mapping[str, str], _status_line: StatusLine) -> None:
        engine_in(root, "3.260.0")

    with pytest.raises(Outage, match=r"the engine it made is version 3\.260\.0, not 3\.259\.0"):
        install(environ, status_line, [Method("a build", "build", newer)])
    assert cached_names() == ["lock"]


@pytest.mark.process
def test_a_new_engine_is_put_into_the_place_of_one_that_others_wrote_if_that_is_asked_for(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    cached = engine_in_cache()
    cached.write_text("#!/bin/sh\n")
    with pytest.raises(Refusal, match="is not what was put there"):
        install(environ, status_line, [Method("any", "build", never)])
    find.cache_folder().chmod(0o777)
    methods = [Method("a build", "build", works)]
    assert install(environ, status_line, methods, force=True).origin == "build"
    assert install(environ, status_line, [Method("any", "build", never)]).origin == "cache"
    assert cached_names() == ["lock", "v3.259.0"]


@pytest.mark.process
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_whatever_the_umask_nobody_else_may_write_what_was_installed(
    environ: dict[str, str], status_line: StatusLine, umask: int
) -> None:
    before = os.umask(umask)
    try:
        install(environ, status_line, [Method("a build", "build", works)])
        assert install(environ, status_line, [Method("any", "build", never)]).origin == "cache"
    finally:
        os.umask(before)


def test_nothing_is_installed_into_a_cache_that_is_a_link(
    environ: dict[str, str], status_line: StatusLine, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "infra-apply").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refusal, match="infra-apply is a link"):
        install(environ, status_line, [Method("any", "build", never)])


def test_a_lock_that_is_a_link_empties_nothing(
    environ: dict[str, str], status_line: StatusLine, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("text")
    find.cache_folder().mkdir(parents=True)
    (find.cache_folder() / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(Outage, match="symbolic links"):
        install(environ, status_line, [Method("any", "build", never)])
    assert (tmp_path / "precious").read_text() == "text"


@pytest.mark.process
def test_what_a_killed_install_left_is_cleared(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    litter = find.cache_folder() / ".staging-dead" / "root"
    litter.mkdir(parents=True)
    install(environ, status_line, [Method("a build", "build", works)])
    assert cached_names() == ["lock", "v3.259.0"]


@pytest.mark.process
def test_a_second_install_waits_says_for_whom_and_finds_what_the_first_made(
    environ: dict[str, str], status_line: StatusLine, stream: io.StringIO
) -> None:
    folder = find.cache_folder()
    folder.mkdir(parents=True)
    first = (folder / "lock").open("w", encoding="utf-8")
    first.write("process 4711")
    first.flush()
    fcntl.flock(first, fcntl.LOCK_EX)
    engines: list[find.Engine] = []

    def second() -> None:
        engines.append(install(environ, status_line, [Method("a build", "build", never)]))

    thread = threading.Thread(target=second)
    thread.start()
    while "waiting for process 4711, which is installing it" not in stream.getvalue():
        assert thread.is_alive()
    engine_in_cache()
    first.close()
    thread.join(20)
    assert [engine.origin for engine in engines] == ["cache"]


def test_an_interrupted_install_leaves_no_engine_and_no_litter(
    environ: dict[str, str], status_line: StatusLine
) -> None:
    def interrupted(root: Path, _environ: Mapping[str, str], _status_line: StatusLine) -> None:
        engine_in(root)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(environ, status_line, [Method("a build", "build", interrupted)])
    assert cached_names() == ["lock"]


@pytest.mark.process
def test_ctrl_c_during_a_build_ends_it_and_exits_130(
    environ: dict[str, str], script: Callable[[str, str], Path], tmp_path: Path
) -> None:
    script(
        "go/go",
        'case $1 in version) echo "go version go1.26.0 x";; *) echo a/b; exec sleep 60;; esac\n',
    )
    environ["PATH"] = f"{tmp_path / 'go'}:{environ['PATH']}"
    environ["INFRA_APPLY_ENGINE_FROM"] = "registry"
    program = (
        "import sys, argparse; from infra_apply.cli import engine;"
        "sys.exit(engine.run_install(argparse.Namespace(force=False)))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "starting go build" in line:
                break
        process.send_signal(signal.SIGINT)
        last_output = process.stderr.read()
    assert process.returncode == 130
    assert last_output.endswith("engine: interrupted; nothing was installed\n")
    assert cached_names() == ["lock"]


def test_a_cache_that_cannot_be_written_is_an_outage(
    environ: dict[str, str], status_line: StatusLine, tmp_path: Path
) -> None:
    (tmp_path / "c").write_text("a file where the cache should be")
    with pytest.raises(Outage, match="set XDG_CACHE_HOME") as caught:
        install(environ, status_line, [Method("a build", "build", never)])
    assert caught.value.exit_code == 3


def test_the_vendor_comes_first_and_registry_leaves_it_out() -> None:
    assert _chosen_methods({}) == (VENDOR, BUILD)
    assert _chosen_methods({"INFRA_APPLY_ENGINE_FROM": "registry"}) == (BUILD,)
    with pytest.raises(Usage, match="INFRA_APPLY_ENGINE_FROM=moon is not known"):
        _chosen_methods({"INFRA_APPLY_ENGINE_FROM": "moon"})
