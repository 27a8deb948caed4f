"""The plugin's gRPC service, the provider protocol of the engine."""

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
from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.configuration import ConfigurationError, client_from_config
from infra_apply.rehearsal.plugin.data_sources.table import DATA_SOURCES
from infra_apply.rehearsal.plugin.errors import ImportFailed, InitFailed, ProviderError, Vanished
from infra_apply.rehearsal.plugin.resources.table import RESOURCES
from infra_apply.rehearsal.plugin.schema import ResourceType
from infra_apply.rehearsal.plugin.values import Object, from_struct, to_struct

Context: TypeAlias = grpc.ServicerContext
pb = provider_pb2

CONFIG_PREFIX = "digitalocean:config:"

# Words of pulumi-terraform-bridge, pkg/tfbridge/provider.go.
_GONE_WHILE_UPDATING = (
    "Resource provider reported that the resource did not exist while updating {}.\n\n"
    "This is usually a result of the resource having been deleted outside of Pulumi, and can often"
    " be fixed by running `pulumi refresh` before updating."
)


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The stand-in provider; `connect` makes a client of a configuration and an environment."""

    def __init__(
        self,
        version: str,
        env: Mapping[str, str] = os.environ,
        connect: Callable[[Mapping[str, str], Mapping[str, str]], Client] = client_from_config,
    ) -> None:
        self._version = version
        self._env = env
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
            key.removeprefix(CONFIG_PREFIX): str(value)
            for key, value in {**from_struct(request.args), **request.variables}.items()
            if isinstance(value, str | int | float)
        }
        try:
            self._client = self._connect(config, self._env)
        except ConfigurationError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return pb.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        resource_type = _resource_type(request.urn, context)
        name = request.urn.rpartition("::")[2]
        proposed = request.autonaming.proposed_name if request.HasField("autonaming") else None
        autonaming = checking.Autonaming(request.randomSeed, proposed)
        inputs, reasons = checking.check_inputs(
            resource_type, name, from_struct(request.olds), from_struct(request.news), autonaming
        )
        failures = [pb.CheckFailure(reason=reason) for reason in reasons]
        return pb.CheckResponse(inputs=to_struct(inputs), failures=failures)

    def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        resource_type = _resource_type(request.urn, context)
        difference = diffing.compare(
            resource_type,
            from_struct(request.olds),
            from_struct(request.news),
            set(request.ignoreChanges),
        )
        property_kinds = pb.PropertyDiff.Kind
        detailed = {}
        for path, kind_name in difference.detailed.items():
            replacing = path.partition("[")[0] in difference.replaces
            kind = property_kinds.Value(f"{kind_name}_REPLACE" if replacing else kind_name)
            detailed[path] = pb.PropertyDiff(kind=kind)
        changes = pb.DiffResponse.DIFF_SOME if difference.diffs else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(
            replaces=difference.replaces,
            stables=difference.stables,
            deleteBeforeReplace=difference.delete_before_replace,
            changes=changes,
            diffs=difference.diffs,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: pb.CreateRequest, context: Context) -> pb.CreateResponse:
        resource_type = _resource_type(request.urn, context)
        inputs = from_struct(request.properties)
        planned = outputs.planned_outputs(resource_type, inputs, None)
        if request.preview:
            return pb.CreateResponse(
                properties=to_struct(outputs.mark_secrets(resource_type, planned))
            )
        try:
            identifier, live = resource_type.create(self._configured_client(context), inputs)
        except InitFailed as error:
            partial = outputs.mark_secrets(
                resource_type, outputs.final_outputs(planned, error.outputs)
            )
            _fail_init(context, f"creating {request.urn}: ", error, partial)
        except Vanished:
            context.abort(
                grpc.StatusCode.UNKNOWN,
                f"expected non-nil error with nil state during Create of {request.urn}",
            )
        except (ApiError, ProviderError) as error:
            _fail(context, str(error))
        created = outputs.mark_secrets(resource_type, outputs.final_outputs(planned, live))
        return pb.CreateResponse(id=identifier, properties=to_struct(created))

    def Read(self, request: pb.ReadRequest, context: Context) -> pb.ReadResponse:
        """Refresh a resource, or import it if the request has no properties."""
        resource_type = _resource_type(request.urn, context)
        olds, inputs = from_struct(request.properties), from_struct(request.inputs)
        try:
            answer = resource_type.read(self._configured_client(context), request.id, olds or None)
        except ImportFailed as error:
            _fail(context, str(error), f"importing {request.id}: ")
        except (ApiError, ProviderError) as error:
            _fail(context, str(error), f"refreshing {request.urn}: ")
        if answer is None:
            return pb.ReadResponse()
        identifier, live = answer
        current = outputs.final_outputs(olds, live)
        inputs = (
            outputs.refreshed_inputs(resource_type, inputs, current)
            if olds
            else outputs.imported_inputs(resource_type, current)
        )
        properties = to_struct(outputs.mark_secrets(resource_type, current))
        return pb.ReadResponse(id=identifier, properties=properties, inputs=to_struct(inputs))

    def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        resource_type = _resource_type(request.urn, context)
        olds, news = from_struct(request.olds), from_struct(request.news)
        planned = outputs.planned_outputs(resource_type, news, olds)
        if request.preview or resource_type.update is None:
            # What cannot be updated has nothing to update: the engine asks because its create
            # failed after the resource was made.
            return pb.UpdateResponse(
                properties=to_struct(outputs.mark_secrets(resource_type, planned))
            )
        try:
            live = resource_type.update(
                self._configured_client(context), request.id, olds, planned, news
            )
        except Vanished:
            context.abort(grpc.StatusCode.UNKNOWN, _GONE_WHILE_UPDATING.format(request.urn))
        except (ApiError, ProviderError) as error:
            # The real provider cannot tell how far it came, and answers with what was planned.
            partial = outputs.mark_secrets(resource_type, outputs.final_outputs(planned, {}))
            failure = InitFailed(request.id, partial, str(error))
            _fail_init(context, f"updating {request.urn}: ", failure, partial)
        updated = outputs.mark_secrets(resource_type, outputs.final_outputs(planned, live))
        return pb.UpdateResponse(properties=to_struct(updated))

    def Delete(self, request: pb.DeleteRequest, context: Context) -> Empty:
        resource_type = _resource_type(request.urn, context)
        try:
            resource_type.delete(
                self._configured_client(context), request.id, from_struct(request.properties)
            )
        except (ApiError, ProviderError) as error:
            _fail(context, str(error), f"deleting {request.urn}: ")
        return Empty()

    def Invoke(self, request: pb.InvokeRequest, context: Context) -> pb.InvokeResponse:
        source = DATA_SOURCES.get(request.tok)
        if source is None:
            _fail(context, f"the rehearsal's stand-in has no data source {request.tok}")
        try:
            result: Object = source(self._configured_client(context), from_struct(request.args))
        except (ApiError, ProviderError) as error:
            _fail(context, str(error), f"invoking {request.tok}: ")
        # `return` is a keyword of Python.
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(result))
        return response

    def Cancel(self, _request: Empty, _context: Context) -> Empty:
        return Empty()

    def _configured_client(self, context: Context) -> Client:
        if self._client is None:
            _fail(context, "the provider is not configured")
        return self._client


def _resource_type(urn: str, context: Context) -> ResourceType:
    """Return the resource type of a URN; ends the call with an error if there is none."""
    token = urn.split("::")[2].rpartition("$")[2]
    resource_type = RESOURCES.get(token)
    if resource_type is None:
        _fail(context, f"the rehearsal's stand-in has no resource type {token}")
    return resource_type


def _fail(context: Context, message: str, prefix: str = "") -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, f"{prefix}1 error occurred:\n\t* {message}\n\n")
    raise AssertionError("abort raises")


def _fail_init(context: Context, prefix: str, error: InitFailed, partial: Object) -> NoReturn:
    """End the call with an error that lets the engine keep the resource in its state."""
    text = f"{prefix}1 error occurred:\n\t* {error}\n\n"
    detail = pb.ErrorResourceInitFailed(
        id=error.identifier, properties=to_struct(partial), reasons=[text]
    )
    packed = Packed()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text)
    status.details.append(packed)
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    context.set_trailing_metadata(details)
    context.abort(grpc.StatusCode.UNKNOWN, text)
    raise AssertionError("abort raises")
