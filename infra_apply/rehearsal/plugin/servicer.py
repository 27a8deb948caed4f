"""The plugin's gRPC service: what the engine calls, answered by the tables."""

# ruff: noqa: N802  (the methods have the names of the protocol)

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from infra_apply.rehearsal.plugin import checking, diffing, outputs
from infra_apply.rehearsal.plugin.client import ApiError, Client, EndpointError, configured
from infra_apply.rehearsal.plugin.data_sources.table import DATA_SOURCES
from infra_apply.rehearsal.plugin.resources.table import RESOURCES
from infra_apply.rehearsal.plugin.schema import Failed, Object, Resource, Unfinished
from infra_apply.rehearsal.plugin.values import decoded, encoded

Context: TypeAlias = grpc.ServicerContext
pb = provider_pb2

CONFIG_PREFIX = "digitalocean:config:"


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The stand-in. `connect` makes the client of a configuration and an environment."""

    def __init__(
        self,
        version: str,
        environment: Mapping[str, str] = os.environ,
        connect: Callable[[Mapping[str, str], Mapping[str, str]], Client] = configured,
    ) -> None:
        self._version = version
        self._environment = environment
        self._connect = connect
        self._client: Client | None = None

    def GetPluginInfo(self, _request: Empty, _context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    def Attach(self, _request: plugin_pb2.PluginAttach, _context: Context) -> Empty:
        return Empty()

    def GetSchema(self, _request: pb.GetSchemaRequest, _context: Context) -> pb.GetSchemaResponse:
        schema = f'{{"name": "digitalocean", "version": "{self._version}"}}'
        return pb.GetSchemaResponse(schema=schema)

    def CheckConfig(self, request: pb.CheckRequest, _context: Context) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: pb.DiffRequest, _context: Context) -> pb.DiffResponse:
        return pb.DiffResponse()

    def Configure(self, request: pb.ConfigureRequest, context: Context) -> pb.ConfigureResponse:
        config = {
            key.removeprefix(CONFIG_PREFIX): value
            for key, value in {**decoded(request.args), **request.variables}.items()
            if isinstance(value, str)
        }
        try:
            self._client = self._connect(config, self._environment)
        except EndpointError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return pb.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        resource = known(request.urn, context)
        logical = request.urn.rpartition("::")[2]
        proposed = request.autonaming.proposed_name if request.HasField("autonaming") else None
        naming = checking.Naming(request.randomSeed, proposed)
        inputs, reasons = checking.checked(
            resource, logical, decoded(request.olds), decoded(request.news), naming
        )
        failures = [pb.CheckFailure(reason=reason) for reason in reasons]
        return pb.CheckResponse(inputs=encoded(inputs), failures=failures)

    def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        resource = known(request.urn, context)
        found = diffing.difference(
            resource, decoded(request.olds), decoded(request.news), set(request.ignoreChanges)
        )
        kinds = pb.PropertyDiff.Kind
        detailed = {}
        for path, what in found.detailed.items():
            replacing = path.partition("[")[0] in found.replaces
            kind = kinds.Value(f"{what}_REPLACE" if replacing else what)
            detailed[path] = pb.PropertyDiff(kind=kind)
        some = pb.DiffResponse.DIFF_SOME if found.diffs else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(
            replaces=found.replaces,
            stables=found.stables,
            deleteBeforeReplace=found.delete_first,
            changes=some,
            diffs=found.diffs,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: pb.CreateRequest, context: Context) -> pb.CreateResponse:
        resource = known(request.urn, context)
        inputs = decoded(request.properties)
        plan = outputs.planned(resource, inputs, None)
        if request.preview:
            return pb.CreateResponse(properties=encoded(outputs.sealed(resource, plan)))
        try:
            identifier, live = resource.create(self.client(context), inputs)
        except Unfinished as error:
            kept = outputs.sealed(resource, outputs.settled(plan, error.outputs))
            unfinished(context, error, kept, inputs)
        except (ApiError, Failed) as error:
            failed(context, str(error))
        made = outputs.sealed(resource, outputs.settled(plan, live))
        return pb.CreateResponse(id=identifier, properties=encoded(made))

    def Read(self, request: pb.ReadRequest, context: Context) -> pb.ReadResponse:
        """A refresh, or an import when the engine knows nothing but the id."""
        resource = known(request.urn, context)
        olds, inputs = decoded(request.properties), decoded(request.inputs)
        try:
            found = resource.read(self.client(context), request.id, olds or None)
        except (ApiError, Failed) as error:
            failed(context, str(error))
        if found is None:
            return pb.ReadResponse()
        identifier, live = found
        both = outputs.settled(olds, live)
        read = (
            outputs.refreshed_inputs(resource, inputs, both)
            if olds
            else outputs.imported_inputs(resource, both)
        )
        properties = encoded(outputs.sealed(resource, both))
        return pb.ReadResponse(id=identifier, properties=properties, inputs=encoded(read))

    def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        resource = known(request.urn, context)
        olds, news = decoded(request.olds), decoded(request.news)
        plan = outputs.planned(resource, news, olds)
        if request.preview:
            return pb.UpdateResponse(properties=encoded(outputs.sealed(resource, plan)))
        if resource.update is None:
            failed(context, f"{resource.urn_type} cannot be updated")
        try:
            live = resource.update(self.client(context), request.id, olds, plan, news)
        except (ApiError, Failed) as error:
            failed(context, str(error))
        updated = outputs.sealed(resource, outputs.settled(plan, live))
        return pb.UpdateResponse(properties=encoded(updated))

    def Delete(self, request: pb.DeleteRequest, context: Context) -> Empty:
        resource = known(request.urn, context)
        try:
            resource.delete(self.client(context), request.id, decoded(request.properties))
        except (ApiError, Failed) as error:
            failed(context, str(error))
        return Empty()

    def Invoke(self, request: pb.InvokeRequest, context: Context) -> pb.InvokeResponse:
        source = DATA_SOURCES.get(request.tok)
        if source is None:
            failed(context, f"the rehearsal's stand-in has no data source {request.tok}")
        try:
            found: Object = source(self.client(context), decoded(request.args))
        except (ApiError, Failed) as error:
            failed(context, str(error), f"invoking {request.tok}: ")
        # The field is named like a keyword of Python.
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(encoded(found))
        return response

    def Cancel(self, _request: Empty, _context: Context) -> Empty:
        return Empty()

    def client(self, context: Context) -> Client:
        if self._client is None:
            failed(context, "the provider is not configured")
        return self._client


def known(urn: str, context: Context) -> Resource:
    """The table of an urn's type, or the end of the call."""
    token = urn.split("::")[2].rpartition("$")[2]
    resource = RESOURCES.get(token)
    if resource is None:
        failed(context, f"the rehearsal's stand-in has no resource type {token}")
    return resource


def failed(context: Context, message: str, prefix: str = "") -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, f"{prefix}1 error occurred:\n\t* {message}\n\n")
    raise AssertionError("abort raises")


def unfinished(context: Context, error: Unfinished, kept: Object, inputs: Object) -> NoReturn:
    """Fail, and tell the engine what to remember: the resource exists."""
    text = f"1 error occurred:\n\t* {error}\n\n"
    detail = pb.ErrorResourceInitFailed(
        id=error.identifier, properties=encoded(kept), inputs=encoded(inputs), reasons=[text]
    )
    packed = Packed()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text)
    status.details.append(packed)
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    context.set_trailing_metadata(details)
    context.abort(grpc.StatusCode.UNKNOWN, text)
    raise AssertionError("abort raises")
