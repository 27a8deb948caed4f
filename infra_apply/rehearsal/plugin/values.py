"""Values between the plugin and the engine: protobuf structs as plain Python, and back."""

from __future__ import annotations

from typing import Final

from google.protobuf.struct_pb2 import Struct, Value

from infra_apply.rehearsal.plugin.schema import JSON, Object

# How the engine marks an object as something else than a plain object, and a secret as one.
MARK: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (the mark of one, no secret)


def decoded(struct: Struct) -> Object:
    """A struct as a dict: whole numbers are ints, secrets are their plain values."""
    return {key: plain(value) for key, value in struct.fields.items()}


def encoded(values: Object) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def secret(value: JSON) -> Object:
    return {MARK: SECRET, "value": value}


def plain(value: Value) -> JSON:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        fields = decoded(value.struct_value)
        return fields["value"] if fields.get(MARK) == SECRET else fields
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return value.bool_value
    return None
