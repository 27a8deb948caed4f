"""Values of the engine's protocol: protobuf structs as plain Python, and back."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from google.protobuf.struct_pb2 import Struct, Value

JSON: TypeAlias = Any
Object: TypeAlias = dict[str, Any]

# How the engine writes a value that is not known yet.
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

# The key by which the engine marks an object as a special value, and its content for a secret.
SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (the mark of one, no secret)


def from_struct(struct: Struct) -> Object:
    """Return a struct as a dict: whole numbers are ints, secrets are their plain values."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def to_struct(values: Object) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def secret_value(value: JSON) -> Object:
    """Mark a value as a secret."""
    return {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value}


def _from_value(value: Value) -> JSON:
    value_kind = value.WhichOneof("kind")
    if value_kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if value_kind == "struct_value":
        fields = from_struct(value.struct_value)
        return fields["value"] if fields.get(SIGNATURE_KEY) == SECRET_SIGNATURE else fields
    if value_kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if value_kind == "string_value":
        return value.string_value
    if value_kind == "bool_value":
        return value.bool_value
    return None
