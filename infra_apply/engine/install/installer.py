"""Puts an engine into the user's cache: the vendor's release, else a build from Go modules."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infra_apply.engine.child_process import ChildFailed
from infra_apply.engine.install import build, find, trust, vendor
from infra_apply.engine.install.find import VERSION, Engine
from infra_apply.engine.install.lock import file_lock
from infra_apply.engine.install.tool_environ import tool_environ
from infra_apply.engine.language import files
from infra_apply.errors import Outage, Refusal, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from infra_apply.terminal.layout import StatusLine

ENGINE_FROM = "INFRA_APPLY_ENGINE_FROM"
"""Environment variable: `registry` leaves the vendor's release out, for machines that may only
reach package registries. Unset or empty tries every method."""

_STAGING = ".staging-"


@dataclass(frozen=True, slots=True)
class Method:
    """A way to get an engine: `install` fills `bin` in a folder or raises ChildFailed."""

    name: str
    origin: Literal["vendor", "build"]
    install: Callable[[Path, Mapping[str, str], StatusLine], None]


VENDOR = Method("the vendor's release", "vendor", vendor.install)
BUILD = Method("a build from Go modules", "build", build.install)


def install(
    environ: Mapping[str, str],
    status_line: StatusLine,
    methods: Sequence[Method] | None = None,
    *,
    force: bool = False,
) -> Engine:
    """The engine to use; installed into the cache unless one is found, or anyway with `force`.

    One process installs at a time: a second waits and finds what the first made. An interrupted
    or killed install leaves no engine and no litter beyond the next install. Raises Usage for a
    wrong `INFRA_APPLY_ENGINE_FROM`, Refusal for a cached engine that others may have written, and
    Outage, with every method's reason, when none works.
    """
    methods = _chosen_methods(environ) if methods is None else methods
    if not force and (engine := _find_engine(environ, status_line)):
        return engine
    folder = find.cache_folder()
    try:
        _prepare(folder)
        with file_lock(folder / "lock", status_line):
            if not force and (engine := _find_engine(environ, status_line, repeat=False)):
                return engine
            _clear_leftovers(folder)
            return _try_methods(methods, environ, status_line)
    except OSError as error:
        raise Outage(
            f"installing an engine below {folder}: {error}",
            state="no engine was installed",
            next_step="make that folder writable, or set XDG_CACHE_HOME to one that is",
        ) from error
    finally:
        status_line.end()


def _chosen_methods(environ: Mapping[str, str]) -> tuple[Method, ...]:
    engine_from = environ.get(ENGINE_FROM, "")
    if engine_from not in {"", "registry"}:
        raise Usage(
            f"{ENGINE_FROM}={engine_from} is not known",
            next_step=f"unset it, or set {ENGINE_FROM}=registry"
            " to build from package registries only",
        )
    return (BUILD,) if engine_from else (VENDOR, BUILD)


def _find_engine(
    environ: Mapping[str, str], status_line: StatusLine, *, repeat: bool = True
) -> Engine | None:
    """Give the engine that is there, the language host in a cached one brought up to date."""
    for candidate in find.search(environ):
        if isinstance(candidate, Engine):
            if candidate.origin == "cache":
                _refresh_language_host(candidate.path.parent)
            return candidate
        if candidate.untrusted:
            raise candidate.refusal()
        if repeat:
            status_line.say(f"engine: skipped: {candidate.why}")
    return None


def _refresh_language_host(bin_folder: Path) -> None:
    # A read-only cache (a shared image) keeps the host that it was built with.
    with contextlib.suppress(OSError):
        files.install(bin_folder)


def _prepare(folder: Path) -> None:
    """Make the cache's folders, or take them back: from now on nobody else may write there.

    What others may have put there before is not used: the engine in it is replaced. Raises
    Refusal for folders that are links or somebody else's, and OSError.
    """
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    for ours in (folder.parent, folder):
        ours.mkdir(mode=0o755, exist_ok=True)
        trust.take_back(ours)
    try:
        trust.check_folders(folder, folder.parent)
    except trust.Untrusted as reason:
        raise Refusal(
            f"an engine in {folder} {reason}",
            state="no engine was installed",
            next_step="set XDG_CACHE_HOME to a folder of your own",
        ) from None


def _clear_leftovers(folder: Path) -> None:
    """Remove what killed installs left. The lock is held, so none of it is in use."""
    for leftover in folder.glob(f"{_STAGING}*"):
        # Go keeps its module cache read-only; nothing of it is staged, but be sure.
        shutil.rmtree(leftover, ignore_errors=True)


def _try_methods(
    methods: Sequence[Method], environ: Mapping[str, str], status_line: StatusLine
) -> Engine:
    reasons: list[str] = []
    for method in methods:
        folder = find.cache_folder()
        with tempfile.TemporaryDirectory(
            prefix=_STAGING, dir=folder, ignore_cleanup_errors=True
        ) as staging:
            root = Path(staging, "root")
            root.mkdir()
            try:
                method.install(root, tool_environ(environ), status_line)
                return _move_into_cache(root, method, environ)
            except ChildFailed as failed:
                reasons.append(f"{method.name}: {failed}")
                status_line.say(f"engine: {method.name} did not work: {failed}")
    tried = "\n  ".join(reasons)
    raise Outage(
        f"no Pulumi engine could be installed. Tried:\n  {tried}",
        state="no engine was installed; nothing was changed",
        next_step=(
            f"put pulumi >= {VERSION} on PATH, or give this machine access to a Go module"
            " registry and run `infra-apply engine install` again"
        ),
    )


def _move_into_cache(root: Path, method: Method, environ: Mapping[str, str]) -> Engine:
    """Move a filled folder into the cache in one step, if its engine runs."""
    try:
        version = find.version_of(root / "bin" / "pulumi", environ)
    except ValueError as reason:
        raise ChildFailed(f"the engine it made {reason}") from None
    if version != VERSION:
        raise ChildFailed(f"the engine it made is version {version}, not {VERSION}")
    trust.record(root)
    target = find.cached_binary().parent.parent
    if os.path.lexists(target):  # it is not used, or is to be replaced
        target.rename(root.with_name("former"))
    root.replace(target)
    engine = find.examine_cached()
    if isinstance(engine, find.Skipped):
        raise engine.refusal()
    return dataclasses.replace(
        engine, origin=method.origin, why=f"version {version}, installed now: {method.name}"
    )
