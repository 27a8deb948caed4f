"""SSH keys of the account, addressed by id or by fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Response,
    State,
    not_found,
    text,
    unprocessable,
)

KINDS = ("ssh-rsa", "ssh-ed25519", "ssh-dss", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")


def list_keys(state: State, call: Call) -> Answer:
    return state, store.page(call, "ssh_keys", state["keys"])


def get_key(state: State, call: Call) -> Answer:
    return state, Response(200, {"ssh_key": addressed(state, call)})


def create_key(state: State, call: Call) -> Answer:
    name, public_key = text(call.body, "name"), text(call.body, "public_key")
    if not public_key.startswith(KINDS):
        raise unprocessable("Key invalid, key should be of the format `type key [comment]`")
    if any(material(key["public_key"]) == material(public_key) for key in state["keys"]):
        raise unprocessable("SSH Key is already in use on your account")
    state, number = store.next_number(state, "key")
    key = made(number, name, public_key)
    return store.added(state, "keys", key), Response(201, {"ssh_key": key})


def update_key(state: State, call: Call) -> Answer:
    key = addressed(state, call) | {"name": text(call.body, "name")}
    return store.changed(state, "keys", key), Response(200, {"ssh_key": key})


def delete_key(state: State, call: Call) -> Answer:
    gone = addressed(state, call)["id"]
    return store.removed(state, "keys", lambda key: key["id"] == gone), Response(204, None)


def made(number: int, name: str, public_key: str) -> Object:
    return {
        "id": number,
        "fingerprint": fingerprint(public_key),
        "public_key": public_key,
        "name": name,
    }


def addressed(state: State, call: Call) -> Object:
    identifier = call.path["key"]
    for key in state["keys"]:
        if identifier in {str(key["id"]), key["fingerprint"]}:
            found: Object = key
            return found
    raise not_found()


def material(public_key: str) -> str:
    """The key itself, without its kind and comment."""
    words = public_key.split()
    return words[1] if len(words) > 1 else public_key


def fingerprint(public_key: str) -> str:
    """MD5 of the key's bytes as colon-separated pairs, the API's form of it."""
    written = material(public_key)
    try:
        content = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        content = written.encode()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
