"""The graph of a network for small machines: its interface, that it computes what torch does, and that it is small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nircolor import Colorizer, scenes
from nircolor.errors import DeviceError, UsageError, WeightsError
from nircolor.model import PRESETS
from nircolor.model.edge import Edge
from nircolor.twin.edge import edge_model
from nircolor.twin.export import export_onnx
from nircolor.twin.file import half_way, sealed
from nircolor.weights import load, locate, save

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

NIR = scenes.render(3, 100, 130).nir.astype(np.float32)
SIZES = [(1, 1), (1, 40), (33, 5), (100, 130), (300, 260)]
Floats = np.ndarray[Any, np.dtype[np.float32]]


def network() -> Edge:
    torch.manual_seed(0)
    made = Edge(PRESETS["edge"])
    made.prior_branch.pyramid.encoder.load_pretrained(locate("lite"))
    torch.nn.init.normal_(made.prior_branch.pyramid.head.weight, std=0.05)
    with torch.no_grad():
        made.train()(torch.from_numpy(NIR)[None, None])
    return made.eval()


def exported(folder: Path, made: Edge) -> Path:
    path = folder / "x.safetensors"
    save(path, made.state_dict(), {"config": made.config.to_dict(), "license": "CC0-1.0"})
    export_onnx(path, path.with_suffix(".onnx"), overwrite=True)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("weights"), network())


def session(data: bytes) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(data, options, ["CPUExecutionProvider"])


def picture(size: tuple[int, int]) -> Floats:
    return scenes.render(5, *(max(side, 8) for side in size)).nir[: size[0], : size[1]].astype(np.float32)


def test_the_interface_is_a_picture_in_and_its_colours_out(path: Path) -> None:
    model = onnx.load(path.with_suffix(".onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert [(one.domain, one.version <= 17) for one in model.opset_import] == [("", True)]
    given, made = session(model.SerializeToString()).get_inputs(), session(model.SerializeToString()).get_outputs()
    assert [(one.name, one.shape, one.type) for one in given] == [("nir", [1, 1, "H", "W"], "tensor(float)")]
    assert [(one.name, one.shape, one.type) for one in made] == [("rgb", [1, 3, "H", "W"], "tensor(float)")]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("eight_bits", [False, True])
def test_it_computes_what_torch_does(eight_bits: bool, size: tuple[int, int]) -> None:
    made, nir = network(), picture(size)[None, None]
    (found,) = session(edge_model(made, eight_bits).SerializeToString()).run(None, {"nir": nir})
    made.prior_branch.eight_bits = eight_bits
    with torch.no_grad():
        wanted = made(torch.from_numpy(nir))[0].clamp(0, 1).numpy()
    assert found.shape == (1, 3, *size)
    if eight_bits:  # a number that lies between two whole ones is rounded either way
        assert np.abs(found - wanted).mean() < 0.01
    else:
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_eight_bits_are_near_to_floats() -> None:
    made, feed = network(), {"nir": NIR[None, None]}
    exact, near = (session(edge_model(made, bits).SerializeToString()).run(None, feed)[0] for bits in (False, True))
    assert 0 < np.abs(exact - near).mean() < 0.02


def test_what_was_never_trained_has_no_ranges() -> None:
    with pytest.raises(UsageError, match="knows no ranges"):
        edge_model(Edge(PRESETS["edge"]))


def test_colours_are_those_of_the_colorizer(path: Path) -> None:
    nir = scenes.quantise(picture((120, 90)), 8)
    (graph,) = session(path.with_suffix(".onnx").read_bytes()).run(
        None, {"nir": nir[None, None].astype(np.float32) / np.float32(255)}
    )
    engine = Colorizer.from_weights(str(path), engine="onnx", threads=1)
    found = engine.colorize(nir)
    assert engine.info.kernel == "onnxruntime"
    assert np.abs(found - graph[0].transpose(1, 2, 0) * 255).max() < 0.51
    tiled = Colorizer.from_weights(
        str(path), engine="onnx", threads=1, tiling=replace(engine.tiling, tile=48, overlap=8)
    )
    assert np.abs(tiled.colorize(nir).astype(int) - found).max() <= 1


def test_both_engines_agree_where_both_count_in_eight_bits() -> None:
    nir = picture((120, 90))
    dark = {"light": scenes.quantise(nir * 0.9, 8)}
    one, other = (
        Colorizer.from_weights("edge", engine=engine, device="cpu", precision="fp32")  # type: ignore[arg-type]
        for engine in ("onnx", "torch")
    )
    other.networks.network.prior_branch.eight_bits = True
    for seen, options in ((scenes.quantise(nir, 8), {}), (nir, dark)):
        difference = one.colorize(seen, **options).astype(int) - other.colorize(seen, **options)  # type: ignore[arg-type]
        assert np.abs(difference).mean() < 1.5


def test_half_of_the_way_spares_the_painting(path: Path) -> None:
    whole = path.with_suffix(".onnx").read_bytes()
    half, feed = session(half_way(whole)), {"nir": NIR[None, None], "painting": np.array([False])}
    rgb, parts = half.run(["rgb", "coefficients"], feed)
    assert rgb.size == 0
    assert parts.shape[:2] == (1, 9)
    rgb, same = half.run(["rgb", "coefficients"], {"nir": NIR[None, None]})
    np.testing.assert_array_equal(parts, same)
    np.testing.assert_array_equal(rgb, session(whole).run(None, {"nir": NIR[None, None]})[0])


def test_the_same_weights_make_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.onnx"
    export_onnx(path, again)
    assert again.read_bytes() == path.with_suffix(".onnx").read_bytes()


def test_other_weights_and_other_numbers_are_found_out(tmp_path: Path) -> None:
    path = exported(tmp_path, network())
    twin, loaded = path.with_suffix(".onnx"), load(path)
    model = onnx.load(twin)
    del model.metadata_props[-1:]  # its seal
    largest = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    for node in model.graph.initializer:
        if node.data_type == onnx.TensorProto.FLOAT and node.dims == [6, 16, 1, 1]:
            node.raw_data = bytes(len(node.raw_data))
    assert len(largest.raw_data) > 1000
    twin.write_bytes(sealed(model.SerializeToString()))
    with pytest.raises(DeviceError, match="makes something else"):
        Colorizer.from_weights(str(path), engine="onnx")
    save(path, loaded.state, {**loaded.meta, "description": "another"})
    with pytest.raises(WeightsError, match="made from other weights"):
        Colorizer.from_weights(str(path), engine="onnx")


def test_the_packaged_file_is_small_and_that_of_its_weights(tmp_path: Path) -> None:
    twin = locate("edge").with_suffix(".onnx")
    assert twin.stat().st_size <= 3_000_000
    export_onnx("edge", tmp_path / "x.onnx")
    assert (tmp_path / "x.onnx").read_bytes() == twin.read_bytes()
