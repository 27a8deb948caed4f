"""Pulumi's language host for Python, for an engine built without one.

The engine starts `pulumi-language-python [flags] ENGINE_ADDRESS`, reads a port from the first
line of stdout and calls the `LanguageRuntime` service of pulumi/language.proto there. Programs run
in a child process each (`child.py`, beside this file), in the first of these
interpreters that can import pulumi: the `virtualenv` option of Pulumi.yaml, `.venv` in the
program's folder, `$VIRTUAL_ENV`, `python3` on PATH.

Copied beside a built engine: it imports the standard library, grpc and pulumi only.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    LanguageRuntimeServicer,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = "0.1.0"
CHILD = Path(__file__).with_name(Path(__file__).name.replace("host", "child"))
ALREADY_SHOWN = 32
NO_SDK = "no Python with the Pulumi SDK was found for {folder}; make one there: {recipe}"
RECIPE = "python3 -m venv .venv && .venv/bin/pip install pulumi"
_HAS_SDK = "import importlib.util as u; raise SystemExit(u.find_spec('pulumi') is None)"


def main(arguments: list[str]) -> None:
    """Serve until the engine interrupts us or goes away. `arguments` end with its address."""
    over = threading.Event()
    # Set even where SIGINT came ignored (a script's background job): the engine ends its plugins
    # with SIGINT and waits 5 s for those that stay.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    # An unknown call is answered UNIMPLEMENTED; grpc would also print a traceback.
    logging.getLogger("grpc").addHandler(logging.NullHandler())
    logging.getLogger("grpc").propagate = False
    host = LanguageHost(_engine_address(arguments), os.environ)
    server = grpc.server(
        ThreadPoolExecutor(max_workers=8),
        options=[("grpc.max_receive_message_length", 400 << 20)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)  # noqa: T201 - the protocol
    server.start()
    threading.Thread(target=_end_with_the_engine, args=(over,), daemon=True).start()
    over.wait()
    host.end_programs()
    server.stop(grace=0)


class LanguageHost(LanguageRuntimeServicer):
    """The service; `environ` is what programs get and where interpreters are looked for."""

    def __init__(self, engine: str, environ: Mapping[str, str]) -> None:
        self._engine = engine
        self._environ = environ
        self._programs: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """An engine that attaches says its address here."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Say our own version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        """List the provider plugins the interpreter's packages name: the engine uses these."""
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(
                    name=package["name"],
                    kind="resource",
                    version=_with_v(package.get("version", "")),
                    server=package.get("server", ""),
                    parameterization=_parameterization(package),
                )
                for package in self._ask("packages", request.info, context)
            ]
        )

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name the interpreter that would run the program."""
        python = self._interpreter(request.info, context)
        version = subprocess.run(  # noqa: S603 - an interpreter we chose
            [python, "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            check=False,
            text=True,
        ).stdout.strip()
        return language_pb2.AboutResponse(executable=python, version=version)

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """List every distribution installed for the program."""
        versions = self._ask("dependencies", request.info, context)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=versions[name])
                for name in sorted(versions, key=str.lower)
            ]
        )

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """`pulumi new` has nothing to ask: no option is needed."""
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """`pulumi install`: nothing is installed behind a project's lock file; say what to do."""
        python = self._interpreter(request.info, context)
        yield language_pb2.InstallDependenciesResponse(
            stdout=(
                f"Python packages are left as they are; the program runs with {python}.\n"
                f"To change them: {python} -m pip install --require-hashes -r <the lock file>\n"
            ).encode()
        )

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program to its end; its output goes to our stdout, which the engine shows."""
        python = self._interpreter(request.info, context)
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as pipe:
            try:
                program = subprocess.Popen(  # noqa: S603 - an interpreter we chose
                    [python, "-u", str(CHILD), "run", str(reader)],
                    stdin=subprocess.DEVNULL,
                    env={**self._environ, **_configuration(request)},
                    pass_fds=[reader],
                )
            finally:
                os.close(reader)
            self._programs.add(program)
            # The pipe stays open while we live: its end tells the child that we are gone.
            with contextlib.suppress(BrokenPipeError):
                pipe.write(json.dumps(self._child_request(request)).encode() + b"\n")
                pipe.flush()
            code = program.wait()
            self._programs.discard(program)
        if code in {0, ALREADY_SHOWN}:
            return language_pb2.RunResponse(bail=code == ALREADY_SHOWN)
        ending = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        return language_pb2.RunResponse(error=f"the program {ending}")

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Stop what runs."""
        self.end_programs()
        return empty_pb2.Empty()

    def end_programs(self) -> None:
        """Kill the programs that still run: the engine has no more use for what they register."""
        for program in tuple(self._programs):
            program.kill()

    def _child_request(self, request: Any) -> dict[str, Any]:
        info = request.info
        return {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization or "organization",
            "root_directory": info.root_directory,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "pwd": request.pwd,
            "program": str(Path(info.program_directory, info.entry_point or ".")),
        }

    def _interpreter(self, info: Any, context: Any) -> str:
        python = find_interpreter(info, self._environ)
        if python is None:
            folder = info.program_directory or str(Path.cwd())
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, NO_SDK.format(folder=folder, recipe=RECIPE)
            )
        return str(python)

    def _ask(self, question: str, info: Any, context: Any) -> Any:
        python = self._interpreter(info, context)
        result = subprocess.run(  # noqa: S603 - an interpreter we chose
            [python, str(CHILD), question],
            capture_output=True,
            check=False,
            text=True,
            cwd=info.program_directory or None,
        )
        if result.returncode:
            last = (result.stderr.strip().splitlines() or ["no output"])[-1]
            context.abort(
                grpc.StatusCode.INTERNAL, f"{python} could not list its {question}: {last}"
            )
        return json.loads(result.stdout)


def find_interpreter(info: Any, environ: Mapping[str, str]) -> str | None:
    """Give the first interpreter that can import pulumi for a `ProgramInfo`, or None."""
    folders = [Path(folder) for folder in (info.program_directory, info.root_directory) if folder]
    option = dict(info.options).get("virtualenv", "")
    venvs = [folder / option for folder in reversed(folders) if option]
    venvs += [folder / ".venv" for folder in folders]
    venvs += [Path(active) for active in [environ.get("VIRTUAL_ENV", "")] if active]
    candidates = [str(venv / "bin" / "python") for venv in venvs]
    search = environ.get("PATH", "")
    candidates += [shutil.which(name, path=search) or "" for name in ("python3", "python")]
    # Ours comes last: the launcher chose it by the same rule, from the folder it was started in.
    candidates.append(sys.executable)
    return next((python for python in dict.fromkeys(candidates) if _has_sdk(python)), None)


def _has_sdk(python: str) -> bool:
    if not python or not os.access(python, os.X_OK):
        return False
    if python == sys.executable:
        return True
    command = [python, "-c", _HAS_SDK]
    return not subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603


def _configuration(request: Any) -> dict[str, str]:
    """Give programs the stack's configuration where Pulumi's SDK looks for it."""
    return {
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


def _parameterization(plugin: dict[str, Any]) -> Any:
    import base64  # noqa: PLC0415 - rare

    parameters = plugin.get("parameterization")
    if not parameters:
        return None
    return plugin_pb2.PackageParameterization(
        name=parameters["name"],
        version=parameters["version"],
        value=base64.b64decode(parameters["value"]),
    )


def _with_v(version: str) -> str:
    return f"v{version.removeprefix('v')}" if version else ""


def _engine_address(arguments: list[str]) -> str:
    """The one argument that is no flag (the engine may add `--logtostderr -v=9 --tracing X`)."""
    return arguments[-1] if arguments and not arguments[-1].startswith("-") else ""


def _end_with_the_engine(over: threading.Event) -> None:
    """Set `over` when stdin ends: the engine holds its other end for as long as it lives."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return
    while os.read(0, 4096):
        pass
    over.set()


if __name__ == "__main__":
    main(sys.argv[1:])
