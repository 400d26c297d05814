"""A real Ray cluster of this machine, two workers: one is killed, one picture kills, a batch goes on with --resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import settings_that_kill
from batch_tools import picture, tree
from settings_that_kill import DEADLY, DeadlySettings
from spread_tools import config, fill, make_alone, save_weights, spread

from nircolor.batch.disk import Disk
from nircolor.batch.entry import Row
from nircolor.batch.manifest import rows as rows_of
from nircolor.batch.settings import Settings
from nircolor.cli import main
from nircolor.errors import WeightsError

ray: Any = pytest.importorskip("ray", reason="Ray is not here: pip install 'nircolor[ray]'")


PATIENCE = {
    "agent_register_timeout_ms": 600_000,
    "gcs_rpc_server_connect_timeout_s": 600,
    "gcs_rpc_server_reconnect_timeout_s": 600,
    "gcs_server_port_wait_time_s": 600,
    "health_check_failure_threshold": 200,
    "worker_register_timeout_seconds": 600,
    "memory_monitor_refresh_ms": 0,
    "local_fs_capacity_threshold": 1,
}
"""Ray takes a busy machine for a broken one, and kills workers where memory or the disk is nearly full."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Its workers find this working copy, and the settings that kill."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PATIENCE.items():
            patch.setenv(f"RAY_{name}", str(value))
        begin()
        ray.cloudpickle.register_pickle_by_value(settings_that_kill)
        yield
        ray.shutdown()


def begin(tries: int = 3) -> None:
    """Start Ray. It gives its own processes 15 and 30 s, and no option changes that: what is slower cannot have one."""
    where = {"env_vars": {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}}
    small = {"num_cpus": 2, "object_store_memory": 100 << 20, "include_dashboard": False}
    try:
        ray.init(**small, logging_level="error", log_to_driver=False, runtime_env=where)
    except Exception as error:
        ray.shutdown()
        if "timed out during startup" not in str(error):
            raise
        if tries == 1:
            pytest.skip(f"Ray does not start on so busy a machine ({error})")
        begin(tries - 1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_weights(tmp_path_factory.mktemp("weights"))


@pytest.mark.usefixtures("cluster")
def test_a_killed_worker_and_a_deadly_picture_cost_one_row(tiny: Path, tmp_path: Path) -> None:
    from nircolor.batch.ray_crew import RayCrew

    fill(tmp_path / "in", 14)
    alone = Settings(Disk(tmp_path / "in"), Disk(tmp_path / "alone"))
    make_alone(alone)
    picture(tmp_path / "in" / DEADLY)
    settings = DeadlySettings(Disk(tmp_path / "in"), Disk(tmp_path / "out"))
    crew, victims = RayCrew("auto", 2, settings, config(tiny)), list[int]()
    assert crew.size == 2

    def kill_one(row: Row) -> None:
        if not victims:
            victims.append(crew.pids()[1])
            os.kill(victims[0], signal.SIGKILL)

    rows = spread(crew, settings, kill_one)
    assert len({row.input for row in rows}) == len(rows) == 15
    assert [(row.input, "died on it" in str(row.error)) for row in rows if row.status != "done"] == [(DEADLY, True)]
    made = tree(tmp_path / "out")
    del made["z_deadly_rgb.png"]
    assert made == tree(tmp_path / "alone")


@pytest.mark.usefixtures("cluster")
def test_what_keeps_an_actor_from_starting_is_raised(tmp_path: Path) -> None:
    from nircolor.batch.ray_crew import RayCrew

    picture(tmp_path / "in" / "x.png")
    settings = Settings(Disk(tmp_path / "in"), Disk(tmp_path / "out"))
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError):
        spread(RayCrew("auto", 1, settings, config(tmp_path / "bad.safetensors")), settings)


@pytest.mark.usefixtures("cluster")
def test_the_command_writes_one_manifest_and_resumes_from_it(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "in", 6)
    (tmp_path / "in" / "zero.png").write_bytes(b"")
    line = [
        "batch",
        str(tmp_path / "in"),
        str(tmp_path / "out"),
        "--weights",
        str(tiny),
        "--json",
        "--precision",
        "fp32",
    ]
    assert main([*line, "--ray", "auto", "--workers", "2"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["failed"], told["kernel"]) == (6, 1, "numba")
    assert sorted(row.status for row in rows_of(Disk(tmp_path / "out"))) == ["begun"] * 7 + ["done"] * 6 + ["failed"]
    (tmp_path / "in" / "zero.png").unlink()
    picture(tmp_path / "in" / "new.png")
    assert main([*line, "--resume", "--ray", "auto"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["kept"]) == (1, 6)


def test_no_cluster_at_an_address(tmp_path: Path, tiny: Path) -> None:
    picture(tmp_path / "in" / "x.png")
    line = [sys.executable, "-m", "nircolor", "batch", "in", "out", "--weights", str(tiny), "--ray", "127.0.0.1:1"]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}  # a process of its own: in this one there is a cluster already
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, "--ray 127.0.0.1:1: no cluster there" in done.stderr) == (5, True), done.stderr
