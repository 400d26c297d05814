"""The folder that ``nircolor demo`` makes, and onnxruntime-web from a registry: a loopback one here."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from demo_page import served
from onnx import helper

from nircolor.cli import main
from nircolor.demo import runtime
from nircolor.demo.build import build_demo
from nircolor.errors import InputError, OutputError, OutputExistsError, StoppedError, WeightsError
from nircolor.events import Event, Progress

SITE = Path(runtime.__file__).parent / "site"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[runtime.Release]:
    """A release that a server of this machine offers: the two files, each of a few bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        for member in runtime.FILES.values():
            entry = tarfile.TarInfo(member)
            entry.size = 3
            packed.addfile(entry, io.BytesIO(b"abc"))
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "web.tgz").write_bytes(stream.getvalue())
    checksum = base64.b64encode(hashlib.sha512(stream.getvalue()).digest()).decode()
    with served(folder) as url:
        yield runtime.Release("1.2.3", f"{url}web.tgz", f"sha512-{checksum}")


def test_the_folder_is_complete(site: Path, student: Path) -> None:
    names = {path.name for path in site.iterdir()}
    assert names == {path.name for path in SITE.iterdir()} | set(runtime.FILES) | {"page.css", "model.onnx"}
    assert (site / "model.onnx").read_bytes() == student.read_bytes()
    assert (site / "ort-wasm-simd-threaded.wasm").read_bytes()[:4] == b"\0asm"


def test_every_file_that_a_script_imports_is_there(site: Path) -> None:
    for script in SITE.glob("*.js"):
        for line in script.read_text().splitlines():
            if line.startswith("import "):
                assert (site / line.split('"')[1]).is_file(), (script.name, line)


def test_the_command(archive: Path, student: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    args = ["demo", str(tmp_path / "out"), "--weights", str(student), "--runtime", str(archive)]
    assert main([*args, "--json"]) == 0
    result = json.loads(capfd.readouterr().out)
    assert result["files"] == {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
    assert result["runtime"] == runtime.release().version
    assert main(args) == 2
    assert "--overwrite" in capfd.readouterr().err


def test_a_build_replaces_its_own_files_alone(archive: Path, student: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("an older one")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputExistsError):
        build_demo(tmp_path, weights=student, runtime=archive)
    build_demo(tmp_path, weights=student, runtime=archive, overwrite=True)
    assert (tmp_path / "index.html").read_bytes() == (SITE / "index.html").read_bytes()
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_it_is_fetched_with_a_bar(registry: runtime.Release) -> None:
    seen: list[tuple[int, int]] = []
    data = runtime.fetch(registry, lambda done, total: seen.append((done, total)))
    assert runtime.unpacked(data) == dict.fromkeys(runtime.FILES, b"abc")
    assert seen[-1] == (len(data), len(data))


def test_another_archive_is_not_used(registry: runtime.Release, tmp_path: Path) -> None:
    other = replace(registry, integrity="sha512-AAAA")
    with pytest.raises(InputError, match="checksum"):
        runtime.fetch(other)
    path = tmp_path / "web.tgz"
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="checksum"):
        runtime.read(registry, path)


@pytest.mark.parametrize("name", ["missing.tgz", ""])
def test_a_registry_that_has_it_not(registry: runtime.Release, name: str) -> None:
    with pytest.raises(InputError, match=r"npm pack onnxruntime-web@1\.2\.3"):
        runtime.fetch(replace(registry, url=registry.url.replace("web.tgz", name)))


def test_a_registry_that_does_not_answer(registry: runtime.Release) -> None:
    with pytest.raises(InputError, match="cannot be fetched"):
        runtime.fetch(replace(registry, url="http://127.0.0.1:1/web.tgz"))


def test_a_file_that_is_not_there(student: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        build_demo(tmp_path / "out", weights=student, runtime=tmp_path / "none.tgz")
    assert list(tmp_path.iterdir()) == []


def another_network(path: Path, output: str, channels: int) -> Path:
    """Of the same inputs; gives the picture several times."""
    nir = helper.make_tensor_value_info("nir", onnx.TensorProto.FLOAT, [1, 1, "H", "W"])
    rgb = helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, [1, channels, "H", "W"])
    node = helper.make_node("Concat", ["nir"] * channels, [output], axis=1)
    graph = helper.make_graph([node], "other", [nir], [rgb])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_only_a_student_becomes_a_page(tmp_path: Path) -> None:
    (tmp_path / "words.onnx").write_text("no network")
    networks = (
        tmp_path / "none.onnx",
        tmp_path / "words.onnx",
        another_network(tmp_path / "name.onnx", "colours", 3),
        another_network(tmp_path / "shape.onnx", "rgb", 2),
    )
    for path in networks:
        with pytest.raises(WeightsError, match=path.name):
            build_demo(tmp_path / "out", weights=path)
    assert not (tmp_path / "out").exists()


def test_targets_that_cannot_be(student: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file", tmp_path / "none" / "out"):
        with pytest.raises(OutputError):
            build_demo(target, weights=student)
    assert (tmp_path / "file").read_text() == "mine"


def test_it_can_be_stopped(archive: Path, student: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, Progress):
            stop.set()

    with pytest.raises(StoppedError):
        build_demo(tmp_path / "out", weights=student, runtime=archive, on_event=watch, stop=stop)
    assert list(tmp_path.iterdir()) == []
