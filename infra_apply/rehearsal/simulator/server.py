"""The simulated API over HTTP, on the loopback interface only.

Requests are answered one after the other. Every change is in `account.json` before its answer is
sent, so a killed client or server loses nothing that was answered. `account.json` holds the state
that the package `account` reads and changes, and may be edited while the server runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final

from infra_apply.rehearsal.simulator.account.messages import ChangeHook, State, allow_change
from infra_apply.rehearsal.simulator.api import Api, new_token
from infra_apply.rehearsal.simulator.faults import Fault, FaultInjector
from infra_apply.rehearsal.simulator.limits import RateLimits
from infra_apply.rehearsal.simulator.listener import listen
from infra_apply.rehearsal.simulator.storage import AccountFiles

# Seconds that the end of `serve` waits at most for the listening thread.
SHUTDOWN_POLL: Final = 0.01


@dataclass(frozen=True, slots=True)
class Server:
    """A running simulated API.

    `token` is one that it accepts. `unmodelled`: the requests that were answered 501, in order.
    """

    url: str
    token: str
    account_path: Path
    requests_path: Path
    unmodelled: list[str]
    _api: Api

    def state(self) -> State:
        """Return the account's present state, which is not to be mutated."""
        return self._api.read()

    def edit(self, change: Callable[[State], State]) -> None:
        """Change the account without a request, as a person in the console would.

        Raises ErrorResponse if the change hook refuses it.
        """
        self._api.edit(change)


@contextmanager
def serve(  # noqa: PLR0913  (settings, each with a default)
    directory: Path,
    seed: State,
    *,
    token: str | None = None,
    faults: Sequence[Fault] = (),
    clock_scale: float = 1.0,
    limits: bool = False,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    port: int = 0,
    on_change: ChangeHook = allow_change,
) -> Iterator[Server]:
    """Serve an account on 127.0.0.1 until the block ends.

    `directory` keeps `account.json` and `requests.jsonl`; `seed` is used only if it holds no
    account yet. `token` is the one accepted (None: any that starts with "rehearsal-"; `new_token`
    makes one that nobody knows).
    `clock_scale` divides the simulator's waits; `limits` keeps DigitalOcean's rate limits; `now`
    gives seconds since 1970; `sleep` waits for the seconds of a fault's delay. `port` 0: any.
    `on_change` is called with the account before and after each change, before it is written; an
    ErrorResponse that it raises is the answer, and the account stays as it was.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = AccountFiles(directory, seed)
    rate_limits = RateLimits(clock_scale) if limits else None
    api = Api(files, token, FaultInjector(faults), rate_limits, clock_scale, now, sleep, on_change)
    with listen(api.respond, port) as (httpd, url):
        thread = Thread(target=httpd.serve_forever, args=(SHUTDOWN_POLL,), daemon=True)
        thread.start()
        try:
            accepted = token or new_token()
            yield Server(
                url, accepted, files.account_path, files.requests_path, api.unmodelled, api
            )
        finally:
            httpd.shutdown()
            thread.join()
            api.settle()
