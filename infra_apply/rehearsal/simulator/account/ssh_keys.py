"""SSH keys of the account, found by id or by fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    Object,
    Response,
    Result,
    State,
    not_found,
    required_string,
    unprocessable,
)
from infra_apply.rehearsal.simulator.account.paging import page

KEY_TYPES = ("ssh-rsa", "ssh-ed25519", "ssh-dss", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")


def list_keys(state: State, call: Call) -> Result:
    return state, page(call, "ssh_keys", state["keys"])


def get_key(state: State, call: Call) -> Result:
    return state, Response(200, {"ssh_key": _find_key(state, call)})


def create_key(state: State, call: Call) -> Result:
    name, public_key = required_string(call.body, "name"), required_string(call.body, "public_key")
    if not public_key.startswith(KEY_TYPES):
        raise unprocessable("Key invalid, key should be of the format `type key [comment]`")
    if any(_key_data(key["public_key"]) == _key_data(public_key) for key in state["keys"]):
        raise unprocessable("SSH Key is already in use on your account")
    state, number = store.next_number(state, "key")
    key = new_key(number, name, public_key)
    return store.add(state, "keys", key), Response(201, {"ssh_key": key})


def update_key(state: State, call: Call) -> Result:
    key = _find_key(state, call) | {"name": required_string(call.body, "name")}
    return store.replace(state, "keys", key), Response(200, {"ssh_key": key})


def delete_key(state: State, call: Call) -> Result:
    number = _find_key(state, call)["id"]
    return store.remove(state, "keys", lambda key: key["id"] == number), Response(204, None)


def new_key(number: int, name: str, public_key: str) -> Object:
    return {
        "id": number,
        "fingerprint": _fingerprint(public_key),
        "public_key": public_key,
        "name": name,
    }


def _find_key(state: State, call: Call) -> Object:
    identifier = call.params["key"]
    keys: list[Object] = state["keys"]
    for key in keys:
        if identifier in {str(key["id"]), key["fingerprint"]}:
            return key
    raise not_found()


def _key_data(public_key: str) -> str:
    """Return the encoded key itself, without its type and comment."""
    words = public_key.split()
    return words[1] if len(words) > 1 else public_key


def _fingerprint(public_key: str) -> str:
    """Return the MD5 of the key's bytes in colon-separated pairs, as the API writes it."""
    data = _key_data(public_key)
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        content = data.encode()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
