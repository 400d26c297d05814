"""What is asked for, checked and planned before the output folder is touched, cheap checks first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nircolor.batch import manifest
from nircolor.batch.disk import Disk
from nircolor.batch.entry import made_with
from nircolor.batch.manifest import Past
from nircolor.batch.places import Place
from nircolor.batch.plan import Plan, Policy, check_formats, check_outputs, find, settle
from nircolor.batch.remote import Remote
from nircolor.batch.result import left_out
from nircolor.batch.settings import Settings
from nircolor.batch.storage import Storage
from nircolor.batch.walk import Naming, Selection
from nircolor.engine import EngineConfig, check_device, check_weights
from nircolor.errors import InputError, UsageError
from nircolor.events import Reporter
from nircolor.files import check_output
from nircolor.image import Stretch
from nircolor.image.formats import by_name
from nircolor.picture import Reading, Writing
from nircolor.reference import Guidance


@dataclass(frozen=True)
class Job:
    """The arguments of ``colorize_folder``."""

    source: Place
    target: Place
    engine: EngineConfig
    reading: Reading
    writing: Writing
    select: Selection
    naming: Naming
    policy: Policy
    workers: int | None = None
    ray: str | None = None
    together: int | None = None
    fail_fast: bool = False
    watch: bool = False
    contact_sheet: Path | None = None
    guidance: Guidance = field(default_factory=Guidance)

    @property
    def devices(self) -> tuple[str, ...]:
        """``cuda:0,1`` is ``cuda:0`` and ``cuda:1``."""
        first, *others = self.engine.device.split(",")
        kind = first.partition(":")[0]
        return first, *(f"{kind}:{other}" if other.isdecimal() else other for other in others)

    @property
    def spread(self) -> bool:
        """Whether others do the work: processes, or the workers of a cluster."""
        return bool(self.ray) or (self.workers or len(self.devices)) > 1

    @property
    def again(self) -> bool:
        """Whether what is there may be made anew."""
        return self.policy in ("overwrite", "resume")

    @property
    def options(self) -> dict[str, Any]:
        """What decides on the output beside input and weights, as the manifest has it."""
        engine, reading = self.engine, self.reading
        usual = reading.stretch == Stretch("percentile")
        return {
            "precision": engine.precision,
            "prior": engine.prior,
            "tile": engine.tiling.tile,
            "overlap": engine.tiling.overlap,
            "stretch": "percentile" if usual else str(reading.stretch),
            "equalize": reading.equalize,
            "band": reading.band,
            "page": reading.page,
            "depth": self.writing.depth,
            "format": self.writing.format,
            **({"cog": True} if self.writing.cog else {}),
            **engine.correction.factors,
            **self.guidance.fingerprint,
            # what is refused or copied leaves the others as they are: to resume with another choice does only that,
            # and so it is with what is damaged
            **({"colours": reading.colours} if reading.colours == "colorize" else {}),
        }

    def find(self, past: dict[str, Past], reporter: Reporter) -> Plan:
        """The pictures that are there now. Raises StoppedError."""
        return find(self.source, self.target, self.select, self.naming, past, self.writing.format, check=reporter.check)

    def check(self) -> None:
        """What can be refused without looking at the input. Raises UsageError, OutputError, WeightsError."""
        self._check_devices()
        self.engine.correction.check()
        self.target.check_target()
        if self.writing.format:
            by_name(self.writing.format)
        if self.watch and self.select.listed is not None:
            raise UsageError("waits for any new file, so it excludes a list", option="watch", remedy="leave one out")
        if self.reading.colours == "grey":
            remedy = "take `colours=copy` or `colours=colorize`"
            raise UsageError("is for frames of a video", option="colours", value="grey", remedy=remedy)
        check_weights(self.engine.weights)

    def check_sheet(self) -> None:
        """Raises OutputExistsError, OutputError where the contact sheet cannot be written."""
        if self.contact_sheet and not _will_be_made(self.contact_sheet.parent, self.target):
            check_output(self.contact_sheet, self.again)

    def _check_devices(self) -> None:
        for device in self.devices:
            check_device(device)
        if self.ray and (len(self.devices) > 1 or ":" in self.engine.device):
            remedy = f"give `device=auto`, not {self.engine.device}"
            raise UsageError("which GPU a worker has is Ray's decision", option="ray", remedy=remedy)


@dataclass(frozen=True)
class Prepared:
    """What is known before the output folder is touched. ``weights``: their file."""

    job: Job
    settings: Settings
    plan: Plan
    past: dict[str, Past]
    manifest_size: int
    made_with: str
    weights: Path


def open_place(where: str | Path) -> Place:
    """The folder of a path or of a URL. Raises UsageError for a URL that nothing here can open."""
    scheme, separator, rest = str(where).partition("://")
    if isinstance(where, Path) or not separator:
        return Disk(Path(where))
    if scheme == "file":
        return Disk(Path(rest))
    remote = Remote(where.rstrip("/"))
    remote.open()
    return Storage(remote)


def prepare(job: Job, reporter: Reporter) -> Prepared:
    """Plan the work; ``job`` is checked already. Raises InputError, OutputError, UsageError, WeightsError."""
    weights = job.engine.locate()
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    size, past = manifest.Manifest(job.target).size(), manifest.history(job.target, reporter.warn)
    plan = job.find(past, reporter)
    check_formats(plan, job.writing.depth, job.writing.format, job.writing.cog)
    _check_something(job, plan)
    there = job.target.sizes()
    plan = settle(plan, job.source, there, job.policy, past, how := made_with(digest, job.options))
    check_outputs(plan.entries, job.target, there)
    places = job.source, job.target, job.reading, job.writing
    settings = Settings(*places, job.options, digest, job.together, job.guidance)
    return Prepared(job, settings, plan, past, size, how, weights)


def _will_be_made(folder: Path, target: Place) -> bool:
    return not folder.exists() and folder.resolve() == Path(str(target)).resolve()


def _check_something(job: Job, plan: Plan) -> None:
    select = job.select
    if plan.entries or job.watch or (plan.problems and select.listed is not None):
        return
    if plan.problems:
        first = plan.problems[0]
        raise InputError(first.reason, path=str(job.source / first.name), remedy="there is nothing else to do")
    chosen = select.include or select.exclude or select.listed is not None
    wanted = "that `include`, `exclude` or `listed` let through" if chosen else "in it"
    text = left_out(plan.left_out)
    reason = f"no pictures {wanted}{f' ({text})' if text else ''}"
    raise InputError(reason, path=str(job.source), remedy="nothing to do")
