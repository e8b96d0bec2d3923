from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datasets.errors import UsageError
from training.folder_lock import LOCK_NAME, alone_in

_HOLDS = """
import sys
from pathlib import Path
from training.folder_lock import alone_in
with alone_in(Path(sys.argv[1]), "works"):
    print("holds", flush=True)
    sys.stdin.read()
"""


def test_a_folder_belongs_to_one_process_until_that_ends_however_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    root = Path(__file__).parent.parent.parent
    other = subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"holds\n"
        with pytest.raises(UsageError, match=f"^another process works in {folder}; wait"), alone_in(folder, "works"):
            pytest.fail("two processes hold one folder")
        other.kill()
    with pytest.raises(KeyError), alone_in(folder, "works"):
        raise KeyError
    with alone_in(folder, "works"):
        assert [path.name for path in folder.iterdir()] == [LOCK_NAME]
