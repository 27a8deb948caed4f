"""What the language host starts in the program's own interpreter: the program, or a question.

    python child.py run FD         the program described by one line of JSON on FD
    python child.py packages       the provider plugins its packages need, as JSON
    python child.py dependencies   its installed distributions, as JSON
    python child.py dynamic ...    Pulumi's own dynamic provider

The file is copied beside a built engine, so it imports the standard library and pulumi only, and
pulumi only where it is needed. Exit code 32 says "the error has been shown", as in Pulumi's own
host (sdk/python/cmd/pulumi-language-python, v3).
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import runpy
import signal
import stat
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType

ALREADY_SHOWN = 32


def main(arguments: list[str]) -> int:
    """Do what the first argument names; the exit code."""
    _remove_own_folder_from_path()
    command, *operands = arguments
    # The engine is on this machine, and grpc would send what is said to it through a proxy.
    os.environ["no_grpc_proxy"] = "127.0.0.1,localhost"  # noqa: SIM112 - it reads this one
    if command == "run":
        return run(int(operands[0]))
    if command == "dynamic":
        return _dynamic_provider(operands)
    answer: Callable[[], object] = {"packages": packages, "dependencies": dependencies}[command]
    print(json.dumps(answer()))  # noqa: T201 - the answer
    return 0


def run(descriptor: int) -> int:
    """Run the program of the request on `descriptor` inside a stack; 0, or 32 when it failed."""
    # Ended at once and silently on Ctrl-C, also where the parent ignored SIGINT: the engine
    # interrupts its plugins when it is done with them, and waits 5 s for those that stay.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A program lives for seconds and mostly imports: looking for cycles every 700 objects is a
    # sixth of that time.
    gc.set_threshold(50_000, 20, 100)
    request = _read_request(descriptor)
    import pulumi  # noqa: PLC0415 - absent where the other questions are asked
    import pulumi.runtime  # noqa: PLC0415

    _configure(request)
    os.chdir(request["pwd"])
    sys.argv = [request["program"]]
    loop = _event_loop(request["parallel"])
    try:
        loop.run_until_complete(
            pulumi.runtime.run_in_stack(
                lambda: _discard(runpy.run_path(request["program"], run_name="__main__"))
            )
        )
    except pulumi.RunError as error:
        pulumi.log.error(_harmless(str(error)))
    except Exception as error:  # noqa: BLE001 - whatever the program raises is shown, then reported
        if not _engine_is_gone(error):
            pulumi.log.error(_harmless(_format_traceback(error, Path(request["program"]))))
    else:
        return 0
    finally:
        _drop_pending(loop)
        sys.stdout.flush()
        sys.stderr.flush()
    return ALREADY_SHOWN


def packages() -> list[dict[str, Any]]:
    """The installed packages that name a provider plugin: name, version, server.

    Their `pulumi-plugin.json` says so: {"resource": true, "name", "version", "server"}.
    """
    plugins: dict[str, dict[str, Any]] = {}
    for folder in sys.path:
        for file in sorted(Path(folder or ".").glob("*/pulumi-plugin.json")):
            plugin = json.loads(file.read_text(encoding="utf-8"))
            if plugin.get("resource"):
                name = plugin.get("name") or file.parent.name.removeprefix("pulumi_")
                plugins.setdefault(name, {**plugin, "name": name})
    return [plugins[name] for name in sorted(plugins)]


def dependencies() -> dict[str, str]:
    """Every installed distribution: name -> version."""
    from importlib.metadata import distributions  # noqa: PLC0415 - slow, and only needed here

    return {distribution.metadata["Name"]: distribution.version for distribution in distributions()}


def _remove_own_folder_from_path() -> None:
    """Drop the engine's bin folder from the import path: it holds nothing for programs."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != here]


def _read_request(descriptor: int) -> dict[str, Any]:
    pipe = os.fdopen(descriptor, "rb")
    request: dict[str, Any] = json.loads(pipe.readline())
    threading.Thread(target=_exit_with_host, args=(pipe,), daemon=True).start()
    return request


def _exit_with_host(pipe: Any) -> None:
    """Leave when the other end of `pipe` closes: who started us is gone."""
    with contextlib.suppress(OSError):
        pipe.read()
    os._exit(1)


def _configure(request: dict[str, Any]) -> None:
    from pulumi import runtime  # noqa: PLC0415
    from pulumi.runtime.settings import reset_options  # noqa: PLC0415

    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    reset_options(
        project=request["project"],
        stack=request["stack"],
        root_directory=request["root_directory"],
        parallel=request["parallel"],
        engine_address=request["engine"],
        monitor_address=request["monitor"],
        preview=request["dry_run"],
        organization=request["organization"],
    )


def _event_loop(parallel: int) -> asyncio.AbstractEventLoop:
    """Give a loop whose threads can hold `parallel` resources in flight, four calls each."""
    import asyncio  # noqa: PLC0415
    import logging  # noqa: PLC0415
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    # A program that fails leaves futures nobody awaits: Pulumi's host silences these, too.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    workers = min(max(parallel, 1) * 4, 256)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=workers))
    return loop


def _discard(_names: object) -> None:
    """`run_in_stack` takes what its function returns for outputs; a program's names are not."""


def _drop_pending(loop: asyncio.AbstractEventLoop) -> None:
    import asyncio  # noqa: PLC0415

    for task in asyncio.all_tasks(loop):
        task.cancel()
        with contextlib.suppress(BaseException):
            loop.run_until_complete(task)
    loop.close()


def _engine_is_gone(error: BaseException) -> bool:
    """The engine closes its monitor to end a program: nothing is left to say, or to say it to."""
    import grpc  # noqa: PLC0415

    return isinstance(error, grpc.RpcError) and error.code() == grpc.StatusCode.UNAVAILABLE


def _format_traceback(error: BaseException, program: Path) -> str:
    """Format a traceback from the program's first frame on: what runs it is no news."""
    folder = program if program.is_dir() else program.parent
    first: TracebackType | None = error.__traceback__
    while first and not Path(first.tb_frame.f_code.co_filename).is_relative_to(folder):
        first = first.tb_next
    return "".join(traceback.format_exception(type(error), error, first or error.__traceback__))


def _harmless(text: str) -> str:
    """Escape what steers a terminal, a CI service or the engine: an error may quote any name.

    The same as infra_apply/terminal/safe_text.py, which a copy of this file cannot import.
    """
    printable = "".join(
        letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1]
        for letter in text
    )
    return _MARK.sub(lambda mark: f"{mark[0][:-1]}\\x{ord(mark[0][-1]):02x}", printable)


_MARK = re.compile(r"##(?=[A-Za-z]*\[)|<(?=\{%)|^[ \t]*:(?=:)", re.MULTILINE)


def _dynamic_provider(arguments: list[str]) -> int:
    # Python leaves SIGINT ignored where the parent ignored it; the provider waits for it to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        # The engine holds the other end for as long as it lives. Without a buffer: the end of the
        # interpreter would wait for the lock of one.
        engine = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - read until we end
        threading.Thread(target=_exit_with_host, args=(engine,), daemon=True).start()
    sys.argv = ["pulumi.dynamic", *arguments]
    # As `python -m` does: providers are found in the program's own modules.
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
