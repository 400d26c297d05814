"""Pictures on remote storage: a real S3 server (moto's) and a real web server, both of this machine, over HTTP."""

from __future__ import annotations

import functools
import http.server
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from batch_tools import picture, tree
from spread_tools import fill, save_weights
from struck import ROWS, strike

from nircolor.batch import storage_log
from nircolor.batch.disk import Disk
from nircolor.batch.job import open_place
from nircolor.batch.manifest import LOG, rows
from nircolor.batch.remote import Remote
from nircolor.batch.storage import Storage
from nircolor.batch.storage_log import StorageLog
from nircolor.cli import main
from nircolor.errors import InputError, OutputError, UsageError

pytest.importorskip("s3fs", reason="s3fs is not here: pip install 'nircolor[remote]'")
moto: Any = pytest.importorskip("moto.server", reason="moto's server is not here: pip install 'moto[server]'")

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The URL of an empty bucket; the environment says where it is."""
    server = moto.ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    patch = pytest.MonkeyPatch()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        patch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem().mkdir("pictures")
    yield "s3://pictures"
    patch.undo()
    server.stop()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def batch(tiny: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*args: str | Path) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        engine = ("--weights", tiny, "--device", "cpu", "--precision", "fp32", "--json")
        code = main(["batch", *map(str, (*args, *engine))])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return run


def upload(folder: Path, url: str) -> None:
    for name, data in tree(folder).items():
        (Remote(url) / name).write(data)


def download(url: str) -> dict[str, bytes]:
    names = [item.name for item in Remote(url).list() if not item.name.startswith(LOG)]
    return {name: (Remote(url) / name).read() for name in names}


def test_from_bucket_to_bucket_and_on_from_there(bucket: str, batch: Run, tmp_path: Path) -> None:
    fill(tmp_path / "in", 5)
    (tmp_path / "in" / "zero.png").write_bytes(b"")
    source, target = f"{bucket}/a/in", f"{bucket}/a/out"
    upload(tmp_path / "in", source)
    assert batch(tmp_path / "in", tmp_path / "out")[0] == 1
    code, told, err = batch(source, target)
    assert (code, told["done"], told["failures"]) == (
        1, 5, [{"input": "zero.png", "error": "is empty (0 bytes); get a fresh copy"}],
    ), err  # fmt: skip
    assert download(target) == tree(tmp_path / "out")
    assert sorted(row.status for row in rows(Storage(Remote(target)))) == ["begun"] * 6 + ["done"] * 5 + ["failed"]

    (Remote(source) / "zero.png").write(picture(tmp_path / "x.png").read_bytes())  # mended
    (Remote(source) / "part0/x0.png").write((tmp_path / "x.png").read_bytes())  # changed
    (Remote(target) / "part1/x1_rgb.tif").remove()  # lost
    (Remote(source) / "part0/x2.tif").write((Remote(source) / "part0/x2.tif").read())  # the same again
    assert batch(source, target)[0] == 2  # outputs exist
    code, told, err = batch(source, target, "--resume")
    assert (code, told["done"], told["kept"]) == (0, 3, 3), err
    assert batch(source, target, "--resume")[1]["kept"] == 6


def test_output_below_input_is_no_input(bucket: str, batch: Run, tmp_path: Path) -> None:
    fill(tmp_path / "in", 2)
    upload(tmp_path / "in", f"{bucket}/b")
    for kept in (0, 2):
        code, told, err = batch(f"{bucket}/b", f"{bucket}/b/out", "--resume")
        assert (code, told["done"], told["kept"]) == (0, 2 - kept, kept), err
    code, told, err = batch(f"{bucket}/b", f"{bucket}/b", "--exclude", "out")
    assert (code, told["done"]) == (0, 2), err


def test_two_processes_write_to_a_bucket(bucket: str, batch: Run, tmp_path: Path) -> None:
    fill(tmp_path / "in", 6)
    code, _, err = batch(tmp_path / "in", f"{bucket}/c", "--workers", "2")
    assert code == 0, err
    assert batch(tmp_path / "in", tmp_path / "out")[0] == 0
    assert download(f"{bucket}/c") == tree(tmp_path / "out")
    assert batch(tmp_path / "in", f"{bucket}/c", "--resume")[1]["kept"] == 6


def test_killed_and_resumed(
    bucket: str, batch: Run, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_log, "_DEAD", 1e6)  # however long what follows takes
    fill(tmp_path / "in", 12)
    target = Remote(f"{bucket}/d")
    line = ("batch", tmp_path / "in", target.url, "--weights", tiny, "--device", "cpu")
    done = strike(ROWS, signal.SIGKILL, *line, cwd=tmp_path, calls=4)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert 3 <= len(download(target.url)) < 12
    code, told, _ = batch(tmp_path / "in", target.url, "--resume")
    assert (code, "is at work on this folder" in told["error"]) == (1, True)  # it might still be alive
    (target / LOG / "lock.json").remove()
    code, told, err = batch(tmp_path / "in", target.url, "--resume")
    assert (code, told["done"] + told["kept"]) == (0, 12), err
    assert len(download(target.url)) == 12


def test_the_marker_of_a_dead_batch_counts_for_nothing(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Remote(f"{bucket}/e")
    with StorageLog(folder, LOG), pytest.raises(OutputError, match=r"another nircolor batch .*process \d+"):
        StorageLog(folder, LOG).__enter__()
    with StorageLog(folder, LOG) as first:  # which then falls silent
        monkeypatch.setattr(storage_log, "_DEAD", 0.0)
        with StorageLog(folder, LOG) as second:
            second.add(["done"], now=False)
        first.add(["begun"], now=True)
    assert sorted(line for _, line in StorageLog(folder, LOG).lines()) == [b"begun", b"done"]
    assert [item.name for item in (folder / LOG).list() if item.name == "lock.json"] == []


def test_from_a_web_server(batch: Run, tmp_path: Path) -> None:
    fill(tmp_path / "in", 4)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "in"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        code, told, err = batch(url, tmp_path / "out")
        assert (code, told["done"]) == (0, 4), err
        assert batch(url, tmp_path / "out", "--resume")[1]["kept"] == 4
        assert batch(tmp_path / "in", url)[0] == 2
        (tmp_path / "list").write_text("part0/x0.png\ngone.png\n")
        code, told, err = batch(url, tmp_path / "out2", "--list", tmp_path / "list")
        assert (code, told["done"], told["failures"][0]["error"]) == (1, 1, "does not exist; check the name"), err
        server.shutdown()
    assert batch(tmp_path / "in", tmp_path / "out3")[0] == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "out3")


def test_what_cannot_be_reached_is_told_in_one_line(bucket: str, batch: Run, tmp_path: Path) -> None:
    code, told, err = batch("s3://no-such-bucket/x", tmp_path / "out")
    assert (code, told["error"].startswith("s3://no-such-bucket/x: ")) == (3, True), err
    code, told, err = batch(f"{bucket}/empty", tmp_path / "out")
    assert (code, "no pictures in it" in told["error"]) == (3, True), err
    with pytest.raises(UsageError, match=r"ftpx://a/b: no storage that fsspec knows"):
        open_place("ftpx://a/b")
    with pytest.raises(InputError, match="does not exist"):
        (Remote(bucket) / "gone").read()
    assert open_place("file:///a/b") == Disk(Path("/a/b"))
