"""Puts an engine into the user's cache: the vendor's release, else a build from Go modules."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infra_apply.engine.child_process import ChildFailed
from infra_apply.engine.install import build, find, vendor
from infra_apply.engine.install.find import VERSION, Engine
from infra_apply.engine.install.lock import file_lock
from infra_apply.engine.language import files
from infra_apply.errors import Outage, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from infra_apply.terminal.layout import StatusLine

ENGINE_FROM = "INFRA_APPLY_ENGINE_FROM"
"""Environment variable: `registry` leaves the vendor's installer out, for machines that may only
reach package registries. Unset or empty tries every method."""

_STAGING = ".staging-"


@dataclass(frozen=True, slots=True)
class Method:
    """A way to get an engine: `install` makes `bin/pulumi` in a folder or raises ChildFailed."""

    name: str
    origin: Literal["vendor", "build"]
    install: Callable[[Path, Mapping[str, str], StatusLine], None]


VENDOR = Method("the vendor's installer", "vendor", vendor.install)
BUILD = Method("a build from Go modules", "build", build.install)


def install(
    environ: Mapping[str, str], status_line: StatusLine, methods: Sequence[Method] | None = None
) -> Engine:
    """The engine to use; installed into the cache unless one is found.

    One process installs at a time: a second waits and finds what the first made. An interrupted
    or killed install leaves no engine and no litter beyond the next install. Raises Usage for a
    wrong `INFRA_APPLY_ENGINE_FROM` and Outage, with every method's reason, when none works.
    """
    methods = _chosen_methods(environ) if methods is None else methods
    if engine := _find_engine(environ, status_line):
        return engine
    folder = find.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file_lock(folder / "lock", status_line):
            if engine := _find_engine(environ, status_line, repeat=False):
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
    """Give the engine that is there, the language host in a built one brought up to date."""
    for candidate in find.search(environ):
        if isinstance(candidate, Engine):
            if candidate.origin == "cache" and files.installed_in(candidate.path.parent):
                _refresh_language_host(candidate.path.parent)
            return candidate
        if repeat:
            status_line.say(f"engine: skipped: {candidate.why}")
    return None


def _refresh_language_host(bin_folder: Path) -> None:
    # A read-only cache (a shared image) keeps the host that it was built with.
    with contextlib.suppress(OSError):
        files.install(bin_folder)


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
                method.install(root, environ, status_line)
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
    fresh = root / "bin" / "pulumi"
    try:
        version = find.version_of(fresh, environ)
    except ValueError as reason:
        raise ChildFailed(f"the engine it made {reason}") from None
    target = find.cached_binary().parent.parent
    if target.exists():  # it does not run, or it would have been found
        target.rename(root.with_name("broken"))
    root.replace(target)
    engine = find.find(environ)
    if engine is None:
        raise ChildFailed("the engine it made has no language host for Python")
    return dataclasses.replace(
        engine, version=version, origin=method.origin, why=f"installed now by {method.name}"
    )
