"""The stand-in provider plugin as a process: `python -m infra_apply.rehearsal.plugin`.

The engine starts it and reads the port from its first line. It ends on SIGINT and SIGTERM, and
when the engine that started it is gone.
"""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from infra_apply.rehearsal.plugin.servicer import Provider

# A create holds a thread while it waits, and the engine may run many at once.
THREADS = 64
# Seconds between looks at whether the engine is still there.
PARENT_POLL = 0.25
MAX_MESSAGE_BYTES = 400 * 1024 * 1024


def main(version: str) -> None:
    parent = os.getppid()  # read before the port is printed, after which the engine may end
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server = grpc.server(
        ThreadPoolExecutor(THREADS),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not ended.wait(PARENT_POLL) and os.getppid() == parent:
        pass
    server.stop(grace=None)
    # Calls that still wait in other threads would keep the process alive.
    os._exit(0)


if __name__ == "__main__":
    main(os.environ.get("INFRA_APPLY_REHEARSAL_PLUGIN_VERSION", "0.0.0"))
