"""Grants: what keeps a PostgreSQL database to its project, as a resource of the stack.

The module's path and the names of the two classes stand in people's states: they never change. Its
properties hold no secret; what administers the cluster is asked of DigitalOcean each time, because
a refresh and a destroy come before the program, with the configuration of the last update.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import pulumi
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from infra_apply.digitalocean.client import Client, find_credentials
from infra_apply.errors import Failure
from infra_apply.inputs.api_endpoint import DEFAULT, host_of, is_loopback
from infra_apply.postgres.admin import read_admin, read_password
from infra_apply.postgres.differences import (
    find_differences,
    find_obstacles,
    find_others,
    turns,
)
from infra_apply.postgres.model import Separation, Server
from infra_apply.postgres.separate import look, separate
from infra_apply.terminal.printing import print_remark

REHEARSAL: Final = "INFRA_APPLY_REHEARSAL_POSTGRES"
"""Environment variable: `off` in a rehearsal whose clusters are no real servers."""


class GrantsProvider(ResourceProvider):
    """Makes a database's grants what they should be, and sees where they no longer are.

    Inputs: `clusterId`, `database`, `users`, `connections` (left out: a share), and `enforce`; if
    that is false, nothing is looked at or changed. Outputs: the same, `drift` (sentences; what an
    update mends), `turns`: whether another user could take over from one, and `open`: the databases
    of the cluster that everybody may connect to.
    """

    serialize_as_secret_always = False  # else the state would keep this class's name encrypted
    _config: Mapping[str, str | None]

    def configure(self, req: ConfigureRequest) -> None:
        """Keep what leads to DigitalOcean; a failure is then said without this program's source."""
        sys.tracebacklimit = 0
        self._config = {key: req.config.get(f"digitalocean:{key}") for key in _CONNECTION}

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Separate the database. Raises Failure."""
        return CreateResult(f"{props['clusterId']}/{props['database']}", self._separate(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Likewise, where it is to be enforced."""
        return UpdateResult(self._separate(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Say what is no longer as it should be. What cannot be looked at stays as it was."""
        outputs = {**props}
        if self._is_exercised(props):
            separation = _separation(props)
            try:
                server = look(read_admin(self._client(), props["clusterId"]), separation)
            except Failure as failure:
                # The engine shows what a provider writes to stderr.
                database = props["database"]
                print_remark(f"warning: the grants of {database} were not verified: {failure}")
            else:
                outputs |= _outputs(separation, server)
        # As an input it is what an update takes away, so that any preview shows what it says.
        inputs = _inputs(props) | ({"drift": outputs["drift"]} if outputs.get("drift") else {})
        return ReadResult(id_, outputs, inputs)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Say whether something is to be done: other inputs, or what is to be mended."""
        changed = any(olds.get(key) != news.get(key) for key in _INPUTS)
        return DiffResult(changes=changed or bool(news.get("enforce") and olds.get("drift")))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Forget it. Nothing is opened again."""

    def _separate(self, props: Mapping[str, Any]) -> dict[str, Any]:
        inputs = _inputs(props)
        if not self._is_exercised(props):
            return {**inputs, "drift": [], "turns": False}
        separation = _separation(props)
        client, cluster_id = self._client(), props["clusterId"]
        passwords = partial(read_password, client, cluster_id)
        server = separate(read_admin(client, cluster_id), separation, passwords)
        return {**inputs, **_outputs(separation, server)}

    def _is_exercised(self, props: Mapping[str, Any]) -> bool:
        """Say whether there is a server to ask: a rehearsal may have none, a real account has."""
        rehearsed = is_loopback(host_of(self._endpoint or DEFAULT))
        return bool(props.get("enforce")) and not (rehearsed and os.environ.get(REHEARSAL) == "off")

    @property
    def _endpoint(self) -> str | None:
        return os.environ.get("DIGITALOCEAN_API_URL") or self._config.get("apiEndpoint")

    def _client(self) -> Client:
        """Connect as the environment says; what the configuration says may be of an old update."""
        known = {"token": self._config.get("token"), "apiEndpoint": self._endpoint}
        if any(os.environ.get(name) for name in _TOKENS):
            del known["token"]
        return Client(find_credentials(os.environ, known))


class Grants(Resource, module="infra-apply", name="Grants"):
    """`Grants <instance>` below the database that it keeps to its project.

    `Grants <cluster>` stands alone, and closes the cluster's default database.
    """

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(GrantsProvider(), name, {**inputs}, opts)


def _separation(props: Mapping[str, Any]) -> Separation:
    connections = props.get("connections")
    return Separation(
        database=props["database"],
        users=tuple(props["users"]),
        connections=int(connections) if connections is not None else None,  # a number is a float
    )


def _inputs(props: Mapping[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in _INPUTS if props.get(key) is not None}


def _outputs(separation: Separation, server: Server) -> dict[str, Any]:
    differences = [held.sentence for held in find_differences(separation, server)]
    drift = [*differences, *find_obstacles(separation, server)]
    return {
        "drift": drift or list(find_others(separation, server)),
        "turns": turns(separation, server),
        "open": sorted(server.open_databases),
    }


_INPUTS: Final = ("clusterId", "database", "users", "connections", "enforce")
_CONNECTION: Final = ("token", "apiEndpoint")
_TOKENS: Final = ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN")
