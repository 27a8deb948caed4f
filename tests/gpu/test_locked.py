"""A pool whose stack somebody else holds, with the real engine."""

from __future__ import annotations

from pathlib import Path

from tests.gpu.stage import ENGINE_IN_THIS_PROCESS, stage

LOCK = '{"pid":7,"username":"bob","hostname":"there","timestamp":"2026-11-22T10:00:00Z"}'

pytestmark = ENGINE_IN_THIS_PROCESS


def test_another_s_lock_stops_a_pool_until_somebody_lifts_it(tmp_path: Path) -> None:
    it = stage(tmp_path)
    locks = it.directory / "engine/state/.pulumi/locks/organization/infra-apply/prod.gpu.train"
    locks.mkdir(parents=True)
    lock, brother = locks / "a.json", locks.with_name("prod") / "b.json"
    brother.parent.mkdir()
    lock.write_text(LOCK)
    brother.write_text(LOCK)
    refused = it.scale(1, "--wait", "0s")
    assert refused.code == 3 and it.gpus() == [] and lock.exists()
    assert (
        "stack prod.gpu.train is locked by bob@there (process 7) since 2026-11-22T10:00:00Z\n"
        "  state: nothing was changed by this run\n"
        "  next:  wait for it and run this again; if that process is gone for certain: run this "
        "again with --lift-lock\n"
    ) in refused.err
    lifted = it.scale(1, "--lift-lock")
    assert lifted.code == 0, lifted.err
    assert "the lock of bob@there (process 7) since 2026-11-22T10:00:00Z is lifted" in lifted.err
    assert len(it.gpus()) == 1 and not lock.exists() and brother.exists()
