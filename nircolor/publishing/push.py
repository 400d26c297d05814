"""The verb: the weights of a run, or a file of weights, with a model card -> a repository of the Hub.

print(push_to_hub("runs/mine", "org/repo", license="CC BY 4.0", dry_run=True))
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any

from nircolor import weights
from nircolor.engine import EngineConfig
from nircolor.errors import OutputExistsError, UsageError, WeightsError
from nircolor.events import Observer, Reporter, nobody
from nircolor.hub import MODEL_FILE, HubRef, is_commit
from nircolor.wording import one_line

if TYPE_CHECKING:
    from nircolor.publishing.repository import Remote

_SIZES = ("prior_size", "paint_size")  # an export calibrates them: the network is the same
_FORM = "expected org/repo in letters, digits, '-', '_' and '.'"


@dataclass(frozen=True)
class PushResult:
    """What went up, or would. ``name``: what loads these weights anywhere. ``card``: the whole text of the model card.
    ``files``: bytes by name. ``commit``: None for a dry run; ``changed``: False where all of it was there already.
    """

    name: str
    files: dict[str, int]
    card: str
    commit: str | None = None
    changed: bool = False
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor weights push --json`` prints."""
        return asdict(self)

    def __str__(self) -> str:
        listed = [f"{size:>12,}  {one_line(name)}" for name, size in self.files.items()]
        if self.commit is None:
            return "\n".join([f"would go to {self.name}; nothing was sent", *listed, "", self.card])
        return "\n".join([f"{self.name}: {'commit' if self.changed else 'unchanged since'} {self.commit}", *listed])


@dataclass(frozen=True)
class _Choices:
    """What the caller decided, checked."""

    place: HubRef
    license: str
    description: str
    best: bool | None
    private: bool
    overwrite: bool


def push_to_hub(
    source: str | Path,
    repo: str,
    *,
    revision: str | None = None,
    private: bool = False,
    license: str = "",
    description: str = "",
    best: bool | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    device: str = "auto",
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> PushResult:
    """Publish weights on the Hugging Face Hub: one commit, with a model card written from what they say of themselves.

    Args:
        source: the folder of a training run, which is exported first, or what ``locate`` takes: a name or a path.
        repo: ``org/repo``; it is made where it is missing.
        revision: a branch, made where it is missing; None: the default branch.
        private: a new repository is private, and one that is public is refused.
        license, description: of a run; a file says so itself.
        best: of a run, the weights of the best validation, or (False) of the last step; None: the best, if there are.
        overwrite: whether weights of another network, or a card that somebody else wrote, may be replaced. Their
            commits stay in the history of the repository either way.
        dry_run: write the card and render its pictures, but send nothing and ask the Hub nothing.
        device: what paints the pictures of the card: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        stop: once set, the work ends with StoppedError. on_event: gets Progress, Note, Warned and EngineReady events.

    The token is that of ``hf auth login`` or HF_TOKEN. A push that ends with an error, or is stopped, has changed
    nothing that others see, and can be repeated. Raises UsageError, OutputExistsError, OutputError for what the Hub
    refuses, InputError and WeightsError for what is no run or no weights, DeviceError, StoppedError.
    """
    choices = _Choices(_place(repo, revision), license, description, best, private, overwrite)
    EngineConfig(device=device).check()
    with Reporter(on_event, stop) as reporter, tempfile.TemporaryDirectory(prefix="nircolor-") as folder:
        origin = _origin(source, choices)
        remote = None if dry_run else _asked(origin, choices)
        path = _exported(Path(source), Path(folder), choices, reporter) if Path(source).is_dir() else origin
        return _pushed(path, remote, choices, device, reporter)


def _place(repo: str, revision: str | None) -> HubRef:
    try:
        HubRef(repo)
    except WeightsError as error:
        raise UsageError(error.reason, path=repo, remedy=_FORM) from error
    try:
        place = HubRef(repo, revision)
    except WeightsError as error:
        reason = error.reason.removeprefix("the revision ")
        raise UsageError(reason, option="revision", remedy="give a branch") from error
    if is_commit(revision):
        reason = "is a commit, to which nothing can be added"
        raise UsageError(reason, option="revision", value=revision, remedy="give a branch")
    return place


def _origin(source: str | Path, choices: _Choices) -> Path:
    """The file of weights that the folder of a run has, or that ``source`` names; sound, and no checkpoint."""
    from nircolor.training.run_folder import weights_of

    if Path(source).is_dir():
        return weights_of(Path(source), choices.best)
    for name in ("license", "description", "best"):
        if getattr(choices, name) not in ("", None):
            reason = "is for the folder of a run; a file of weights says so itself"
            raise UsageError(reason, option=name, remedy="leave it out, or export the run again with it")
    path = weights.locate(source)
    weights.verify(path)
    return path


def _exported(run: Path, folder: Path, choices: _Choices, reporter: Reporter) -> Path:
    """The file of weights to publish."""
    from nircolor.training.run_export import ExportConfig, export_run

    out, config = folder / "weights.safetensors", ExportConfig(choices.license, choices.description)
    export_run(run, out, config, best=choices.best, on_event=_within(reporter))
    return out


def _within(reporter: Reporter) -> Observer:
    """For a verb within this one: its warnings are ours."""
    from nircolor.events import Event, Warned

    def observe(event: Event) -> None:
        if isinstance(event, Warned):
            reporter.warn(event.text)

    return observe


def _asked(origin: Path, choices: _Choices) -> Remote:
    """What is there, before any work is done for it. Raises what forbids to add to it."""
    from nircolor.publishing.repository import check_access, look

    check_access(choices.place)
    remote = look(choices.place)
    if choices.private and remote.commit is not None and not remote.private:
        reason = f"{choices.place.repo} is there already, and everybody can see it"
        remedy = "make it private on its page first, or choose another repository"
        raise UsageError(reason, option="private", remedy=remedy)
    if not choices.overwrite:
        _check_replaced(remote, weights.read_meta(origin), choices.place)
    return remote


def _pushed(path: Path, remote: Remote | None, choices: _Choices, device: str, reporter: Reporter) -> PushResult:
    from nircolor.colorizer import Colorizer
    from nircolor.publishing.card import CARD_FILE, Subject, write_card
    from nircolor.publishing.examples import example_names, render_examples
    from nircolor.publishing.repository import Upload, send
    from nircolor.weights_file import read_shapes
    from nircolor.weights_info import verify_weights

    info = verify_weights(path)
    if info.network is None:
        raise WeightsError("describes no network that colorizes", path=path, remedy="give other weights")
    place = replace(choices.place, file=remote.file if remote else MODEL_FILE)
    parameters = sum(map(math.prod, read_shapes(path).values()))
    card = write_card(Subject(place, info.meta, parameters, info.bytes, info.sha256, example_names()))
    engine = Colorizer.from_weights(str(path), device=device)
    files: dict[str, bytes | Path] = {str(place.file): path, **render_examples(engine, reporter)}
    files = {CARD_FILE: card.encode(), **files}
    sizes = {name: len(data) if isinstance(data, bytes) else info.bytes for name, data in files.items()}
    if remote is None:
        return PushResult(str(choices.place), sizes, card, warnings=tuple(reporter.warnings))
    commit = send(Upload(choices.place, files, _message(info.meta), choices.private), remote, reporter)
    changed = commit != remote.commit
    return PushResult(str(choices.place), sizes, card, commit, changed, tuple(reporter.warnings))


def _check_replaced(remote: Remote, meta: Mapping[str, Any], place: HubRef) -> None:
    """Raises OutputExistsError where the push would take the place of what is not of its kind."""
    from nircolor.publishing.card import own_card

    remedy = "choose another repository, a branch of its own with `revision=NAME`, or add `overwrite=True`"
    if remote.network is not None and (there := _network_of(remote.network)) != _network_of(meta):
        whose = f"weights of another network ({one_line(str(there['name']))[:60]})" if there else "no nircolor weights"
        raise OutputExistsError(f"holds {whose} in {remote.file}", path=str(place), remedy=remedy)
    if remote.card is not None and not own_card(remote.card):
        reason = "its model card was written or changed by somebody, whose text would go"
        raise OutputExistsError(reason, path=str(place), remedy=remedy)


def _network_of(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a network but for what an export may change; empty for what is none."""
    config = meta.get("config")
    try:
        known = json.loads(config) if isinstance(config, str) else json.loads(json.dumps(config))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(known, dict) or "name" not in known:
        return {}
    return {key: value for key, value in known.items() if key not in _SIZES}


def _message(meta: Mapping[str, Any]) -> str:
    step = meta.get("step")
    return "Weights of nircolor" + (f", step {step}" if isinstance(step, int) else "")
