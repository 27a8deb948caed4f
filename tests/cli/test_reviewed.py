"""What a reviewed plan is written to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra_apply.cli.common.reviewed import write_private
from infra_apply.errors import Usage


def test_what_is_written_is_its_users_alone_also_where_a_file_was_open_to_all(
    tmp_path: Path,
) -> None:
    file = tmp_path / "plan.json"
    file.write_text("longer than what follows")
    file.chmod(0o644)
    write_private(file, "text")
    assert file.read_text() == "text"
    assert file.stat().st_mode & 0o777 == 0o600


def test_no_link_is_followed_and_no_pipe_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(Usage, match="cannot be written"):
            write_private(tmp_path / name, "text")
    assert (tmp_path / "precious").read_text() == "kept"
