"""The vendor's release: only the archive whose sum is pinned, and nothing else that is sent."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra_apply.engine.child_process import ChildFailed
from infra_apply.engine.install import build, find, vendor
from infra_apply.engine.language import files
from infra_apply.terminal.layout import StatusLine

PLATFORM = vendor.this_platform()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "staging" / "root").mkdir(parents=True)
    return tmp_path / "staging" / "root"


def archive(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


RELEASE = archive(("pulumi/pulumi", b"the program"), ("pulumi/pulumi-language-go", b"another"))


@contextmanager
def vendor_that_sends(
    content: bytes, status: int = 200, *, missing: int = 0
) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer on this machine; yields the address and the paths that were asked for.

    The connection ends `missing` bytes before the length that was announced.
    """
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content) + missing))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}/sdk", paths
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def install(root: Path, releases: str, sums: Mapping[str, str]) -> str:
    """Install, and return what was said meanwhile."""
    stream = io.StringIO()
    environ = {"PATH": os.environ["PATH"]}
    status_line = StatusLine(stream, between=0)
    vendor.install(root, environ, status_line, releases=releases, sums=sums)
    return stream.getvalue()


def sum_of(content: bytes) -> dict[str, str]:
    return {PLATFORM: hashlib.sha256(content).hexdigest()}


@pytest.mark.process
def test_the_pinned_release_is_unpacked_and_gets_the_language_host(root: Path) -> None:
    with vendor_that_sends(RELEASE) as (address, paths):
        install(root, address, sum_of(RELEASE))
    assert paths == [f"/sdk/pulumi-v3.259.0-{PLATFORM}.tar.gz"]
    assert (root / "bin" / "pulumi").read_bytes() == b"the program"
    assert os.access(root / "bin" / "pulumi", os.X_OK)
    names = {file.name for file in (root / "bin").iterdir()}
    assert names == {"pulumi", *files.contents()}
    assert os.listdir(root.parent) == ["root"]  # noqa: PTH208 - the archive is gone


@pytest.mark.process
def test_another_archive_than_the_pinned_is_refused_in_words_and_nothing_is_left(
    root: Path,
) -> None:
    hostile = archive(("pulumi/pulumi", b"#!/bin/sh\n"), ("../../escaped", b"x"))
    with (
        vendor_that_sends(hostile) as (address, _),
        pytest.raises(ChildFailed, match="what its host sent is not the release: the SHA-256 is"),
    ):
        install(root, address, sum_of(RELEASE))
    assert list(root.parent.rglob("*")) == [root]


@pytest.mark.process
@pytest.mark.parametrize(
    "odd", [b"", b"no archive", RELEASE[:40], archive(("pulumi/other", b"x"))], ids=range(4)
)
def test_a_release_of_another_shape_is_refused_in_words(root: Path, odd: bytes) -> None:
    with (
        vendor_that_sends(odd) as (address, _),
        pytest.raises(ChildFailed, match=r"tar\.gz cannot be unpacked"),
    ):
        install(root, address, sum_of(odd))


def test_a_program_in_the_archive_that_is_a_folder_is_refused(root: Path, tmp_path: Path) -> None:
    folder = tarfile.TarInfo("pulumi/pulumi")
    folder.type = tarfile.DIRTYPE
    with tarfile.open(tmp_path / "odd.tar.gz", "w:gz") as tar:
        tar.addfile(folder)
    with pytest.raises(ChildFailed, match="has no file pulumi/pulumi"):
        vendor._unpack(tmp_path / "odd.tar.gz", root / "bin" / "pulumi")


@pytest.mark.process
def test_half_an_archive_is_not_the_pinned_one(root: Path) -> None:
    half = RELEASE[: len(RELEASE) // 2]
    with (
        vendor_that_sends(half, missing=len(half)) as (address, _),
        pytest.raises(ChildFailed, match=r"^(the download broke off|what its host sent is not)"),
    ):
        install(root, address, sum_of(RELEASE))
    assert list(root.parent.rglob("*")) == [root]


@pytest.mark.process
def test_a_vendor_that_refuses_is_one_line(root: Path) -> None:
    with (
        vendor_that_sends(b"", 403) as (address, _),
        pytest.raises(ChildFailed, match=r"^its host answered 403$"),
    ):
        install(root, address, sum_of(RELEASE))
    assert list(root.parent.rglob("*")) == [root]


@pytest.mark.process
def test_a_vendor_out_of_reach_is_one_line(root: Path) -> None:
    with vendor_that_sends(b"") as (address, _):
        pass  # nobody listens there any more
    with pytest.raises(ChildFailed, match=r"^its host cannot be reached \(.*refused.*\)$"):
        install(root, address, sum_of(RELEASE))


def test_a_platform_without_a_pinned_sum_is_asked_for_nothing(root: Path) -> None:
    with pytest.raises(ChildFailed, match=f"the sum of no release for {PLATFORM} is pinned"):
        install(root, "http://127.0.0.1:9", {})


def test_the_sums_are_of_the_version_that_is_built_elsewhere_and_come_over_https() -> None:
    assert set(vendor.SHA256) == {"linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"}
    assert len(set(vendor.SHA256.values())) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", pinned) for pinned in vendor.SHA256.values())
    assert vendor.RELEASES.startswith("https://")
    modules = (build.PINS / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{find.VERSION}" in modules


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux-x64"),
        ("Linux", "aarch64", "linux-arm64"),
        ("Darwin", "arm64", "darwin-arm64"),
        ("FreeBSD", "amd64", "freebsd-x64"),
        ("Linux", "riscv64", "linux-riscv64"),
    ],
)
def test_a_platform_is_named_as_the_vendor_names_it(
    system: str, machine: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert vendor.this_platform() == expected
