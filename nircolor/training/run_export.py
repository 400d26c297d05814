"""From a run to one file to use and to pass on: its weights, how they came about, how good they are, on what terms.

    export_run(Path("runs/mine"), Path("nircolor-mine.safetensors"), ExportConfig(license="CC BY 4.0"))

The metadata of the file: ``config`` and ``recipe`` (ModelConfig and Recipe as JSON), ``step``, ``data`` (what the run
wrote of its pairs), ``metrics`` (the run's scores at that step), ``license``, ``description`` and ``calibration``. What
is not known is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nircolor import weights
from nircolor.errors import UsageError, WeightsError, display_name
from nircolor.events import Observer, Reporter, nobody
from nircolor.files import check_output
from nircolor.hub import WEIGHTS_SUFFIX
from nircolor.training.calibration import Calibration, calibrated_model, calibrated_state, changes
from nircolor.training.checkpoint import differences
from nircolor.training.run_folder import WRITTEN, by_folder, data_of, scores_at, weights_of

if TYPE_CHECKING:
    from torch import Tensor

    from nircolor.model import ModelConfig

Warn = Callable[[str], None]
DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


@dataclass(frozen=True)
class ExportConfig:
    """What an export adds to the run. The defaults change no weight.

    start_share: the share of the weights that the run started from, at least 0 and below 1, in a mean with its own:
    what it forgot comes back (Wortsman et al., Robust fine-tuning of zero-shot models, 2022).
    """

    license: str = ""
    description: str = ""
    calibration: Calibration = field(default_factory=Calibration)
    dtype: Literal["fp32", "fp16", "bf16"] = "fp32"
    start_share: float = 0.0


@dataclass(frozen=True)
class _Member:
    """The weights of one run, calibrated, and what is known of them."""

    model: ModelConfig
    state: dict[str, Tensor]
    history: dict[str, Any]


def export_run(
    run: Path | Sequence[Path],
    out: Path,
    config: ExportConfig | None = None,
    *,
    best: bool | None = None,
    average: bool = False,
    overwrite: bool = False,
    on_event: Observer = nobody,
) -> dict[str, object]:
    """Write ``out`` and return its metadata.

    Args:
        run: its folder; several of one network become an ensemble, whose metadata has what is known of each member.
        best: the weights of the best validation, or (False) those of the last step; None: the best where there are any.
        average: several runs become one network instead, of the mean of their weights (a model soup: Wortsman et al.
            2022). Right for runs that started from the same weights, ``start_from``, and only for those.
        overwrite: whether a file that is there is replaced.
        on_event: gets a warning about everything that is missing for passing ``out`` on, such as the licence.

    Raises InputError for a folder that holds no run, WeightsError for a run without these weights, OutputExistsError,
    OutputError, and UsageError for a calibration that the network cannot take, for a share of the beginning of a run
    that had none, and for runs of different networks, or of different beginnings where they are to be averaged.
    """
    config, runs = config or ExportConfig(), [run] if isinstance(run, Path) else list(run)
    warn = Reporter(on_event).warn
    sources = [weights_of(folder, best) for folder in runs]
    _check_out(out, runs, overwrite)
    members = [_member(folder, source, config, warn) for folder, source in zip(runs, sources, strict=True)]
    model = members[0].model
    for folder, member in zip(runs, members, strict=True):
        if member.model != model:
            changed = "; ".join(differences(model.to_dict(), member.model.to_dict(), "model"))
            raise UsageError(f"of another network than {runs[0]}: {changed}", path=folder)
    history, state = _together(runs, members, average)
    weights.save(out, _cast(state, config.dtype), {"config": model.to_dict(), **history, **_terms(config, warn)})
    return weights.read_meta(out)


def _member(run: Path, source: Path, config: ExportConfig, warn: Warn) -> _Member:
    from nircolor.model import Generator
    from nircolor.weights_network import restored

    loaded = weights.load(source)
    trained = restored(loaded, Generator).config
    model = calibrated_model(trained, config.calibration)
    history = _history(run, loaded, warn)
    since = [*changes(trained, config.calibration), *([f"storage as {config.dtype}"] if config.dtype != "fp32" else [])]
    if config.start_share:
        since.append(f"start_share {config.start_share:g}")
        history["start_share"] = config.start_share
    if "metrics" in history and since:
        history["metrics"]["measured_before"] = since
    state = _drawn_back(loaded, config.start_share) if config.start_share else loaded.state
    return _Member(model, calibrated_state(state, config.calibration), history)


def _drawn_back(loaded: weights.LoadedWeights, share: float) -> dict[str, Tensor]:
    """The weights of a run, towards those that it started from."""

    def refuse(reason: str, remedy: str) -> UsageError:
        return UsageError(reason, option="start_share", value=share, remedy=remedy)

    recipe = loaded.meta["recipe"]
    beginning = recipe.get("start_from") if isinstance(recipe, dict) else None
    if not 0 <= share < 1:
        raise refuse("is no share", "give at least 0 and less than 1")
    if not beginning:
        raise refuse(f"{display_name(loaded.path)} started from nothing", "leave it out")
    start = weights.load(beginning).state
    if {k: v.shape for k, v in start.items()} != {k: v.shape for k, v in loaded.state.items()}:
        raise refuse(f"{display_name(loaded.path)} started from another network", "leave it out")
    return {name: value.float().lerp(start[name].float(), share) for name, value in loaded.state.items()}


def _together(
    runs: Sequence[Path], members: Sequence[_Member], average: bool
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What is known of the members, and their weights as those of one network or of an ensemble."""
    histories, states = [member.history for member in members], [member.state for member in members]
    if len(members) == 1:
        return histories[0], states[0]
    if not average:
        if members[0].model.prior.kind == "edge":
            raise UsageError("networks of one branch make no ensemble", path=runs[0], remedy="give one run")
        return {"members": histories}, _joined(states)
    for run, history in zip(runs, histories, strict=True):
        beginning = history["recipe"].get("start_from")
        if not beginning or beginning != histories[0]["recipe"].get("start_from"):
            reason = f"did not start from the same weights as {runs[0]}; their mean would know nothing"
            raise UsageError(reason, path=run)
    return {"average_of": histories}, _mean(states)


def _mean(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    import torch

    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def _joined(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Under the names of an ensemble: ``prior_branch.members.0...``."""
    return {
        f"{branch}.members.{i}.{rest}": value
        for i, state in enumerate(states)
        for name, value in state.items()
        for branch, _, rest in [name.partition(".")]
    }


def _check_out(out: Path, runs: Sequence[Path], overwrite: bool) -> None:
    if out.suffix != WEIGHTS_SUFFIX:
        remedy = f"end the name in {WEIGHTS_SUFFIX}"
        raise UsageError("weights are saved as safetensors only", path=out, remedy=remedy)
    if out.resolve() in [(run / name).resolve() for run in runs for name in WRITTEN]:
        reason = "is a file of the run itself, which stays as it is"
        raise UsageError(reason, path=out, remedy="choose another name")
    check_output(out, overwrite)


def _history(run: Path, loaded: weights.LoadedWeights, warn: Warn) -> dict[str, Any]:
    """What is known of the training: the file's own word first, since the run may have gone on, then the folder's."""
    recipe, step = loaded.meta.get("recipe"), loaded.meta.get("step")
    if not isinstance(recipe, dict) or not isinstance(step, int):
        reason = "has no recipe or no step in it; only weights of `nircolor train` have both"
        raise WeightsError(reason, path=loaded.path)
    history: dict[str, Any] = {"recipe": recipe, "step": step}
    if data := loaded.meta.get("data") or data_of(run):
        history["data"] = data
    else:
        warn(f"{run}: has no data.json; the file will say what it was trained on by its recipe alone")
    if scores := by_folder(loaded.meta.get("metrics")) or scores_at(run, step):
        history["metrics"] = {"protocol": "srgb8", "scores": scores}
    else:
        warn(f"{run}: its log has no scores of step {step}; the file will not say how good it is")
    return history


def _terms(config: ExportConfig, warn: Warn) -> dict[str, Any]:
    if not config.license.strip():
        warn("no `license`: weights without a licence cannot be passed on")
    texts = {"license": config.license.strip(), "description": config.description.strip()}
    known: dict[str, Any] = {key: text for key, text in texts.items() if text}
    return known | ({"calibration": factors} if (factors := config.calibration.factors) else {})


def _cast(state: Mapping[str, Tensor], dtype: str) -> dict[str, Tensor]:
    import torch

    cast = {name: t.to(getattr(torch, DTYPES[dtype])) if t.is_floating_point() else t for name, t in state.items()}
    for name, tensor in cast.items():
        if not torch.equal(torch.isfinite(tensor), torch.isfinite(state[name])):
            reason = f"{name} holds values too large for it"
            raise UsageError(reason, option="dtype", value=dtype, remedy="take bf16 or fp32")
    return cast
