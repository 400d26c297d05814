"""The order of things in ``nircolor batch``: refuse what can be refused, plan, lock, load the network, work, sum up."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nircolor.cli.engine import check_device, check_weights, load_engine, locate_weights
from nircolor.cli.report import Report
from nircolor.errors import InputError, OutputError, UsageError

if TYPE_CHECKING:
    from nircolor.batch.manifest import Past
    from nircolor.batch.plan import Plan, Policy
    from nircolor.batch.process import Settings
    from nircolor.batch.remote import Place
    from nircolor.batch.walk import Selection
    from nircolor.colorizer import Colorizer
    from nircolor.image import Stretch
    from nircolor.picture import Colours

MOST_LISTED = 256 << 20  # bytes of a list: two million long names


@dataclass(frozen=True)
class Job:
    """The command line of ``nircolor batch``, parsed."""

    source: Place
    target: Place
    recursive: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    listed: str | None
    suffix: str
    format: str | None
    depth: int | None
    overwrite: bool
    skip_existing: bool
    resume: bool
    dry_run: bool
    watch: bool
    fail_fast: bool
    contact_sheet: Path | None
    workers: int | None
    ray: str | None
    weights: str
    device: str
    precision: str
    prior: Literal["global", "tile"]
    tile: int
    overlap: int
    together: int | None
    stretch: str
    equalize: bool
    band: int | None
    page: int | None
    colours: Colours

    @property
    def policy(self) -> Policy:
        """What happens to outputs that are there. Raises UsageError when two things are asked for."""
        asked = [name for name in ("overwrite", "skip_existing", "resume") if getattr(self, name)]
        if len(asked) > 1:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in asked)
            raise UsageError(f"{names}: one excludes the other; leave one out")
        return {"overwrite": "overwrite", "skip_existing": "skip", "resume": "resume"}.get("".join(asked), "refuse")  # type: ignore[return-value]

    @property
    def devices(self) -> tuple[str, ...]:
        """``cuda:0,1`` is ``cuda:0`` and ``cuda:1``."""
        first, *others = self.device.split(",")
        kind = first.partition(":")[0]
        return first, *(f"{kind}:{other}" if other.isdecimal() else other for other in others)

    @property
    def spread(self) -> bool:
        """Whether others do the work: processes, or the workers of a cluster."""
        return bool(self.ray) or (self.workers or len(self.devices)) > 1

    @property
    def options(self) -> dict[str, Any]:
        """What decides on the output beside input and weights."""
        names = ("precision", "prior", "tile", "overlap", "stretch", "equalize", "band", "page", "depth", "format")
        # what is refused or copied leaves the others as they are: --resume with another choice of these does only that
        more = {"colours": self.colours} if self.colours == "colorize" else {}
        return {name: getattr(self, name) for name in names} | more


@dataclass(frozen=True)
class Prepared:
    """What is known before the output folder is touched."""

    job: Job
    settings: Settings
    plan: Plan
    past: dict[str, Past]
    manifest_size: int
    made_with: str
    weights: Path


def run(job: Job, report: Report) -> int:
    """Do the job and return the exit code. Raises the errors of nircolor/errors.py for what stops all of it."""
    from nircolor.cli.batch_run import Batch, tell_dry_run

    prepared = _prepare(job, report)
    if job.dry_run:
        tell_dry_run(prepared, load(prepared, report) if prepared.plan.entries else None, report)
        return 0
    return Batch(prepared, report).run()


def load(prepared: Prepared, report: Report) -> Colorizer:
    """The engine, and with it torch."""
    from nircolor.batch.worker import tiling_on
    from nircolor.tiling import Tiling

    job, tiling = prepared.job, Tiling(prepared.job.tile, prepared.job.overlap)
    device = job.devices[0]
    engine = load_engine(prepared.weights, job.weights, device, job.precision, tiling, job.prior, report)
    engine.tiling = tiling_on(engine.info.device, tiling, job.together)
    return engine


def _prepare(job: Job, report: Report) -> Prepared:
    from nircolor.batch import manifest
    from nircolor.batch.names import Naming
    from nircolor.batch.plan import check_formats, check_outputs, find, settle, sizes
    from nircolor.batch.process import Settings
    from nircolor.batch.row import made_with
    from nircolor.picture import Reading, Writing

    policy = job.policy
    _check(job)
    weights = locate_weights(job.weights, report)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    size, past = manifest.size(job.target), manifest.history(job.target)
    plan = find(job.source, job.target, selection(job), Naming(job.suffix, job.format), past)
    check_formats(plan, job.depth, job.format)
    _check_something(job, plan)
    there = sizes(job.target)
    plan = settle(plan, job.source, there, policy, past, how := made_with(digest, job.options))
    check_outputs(plan.entries, job.target, there)
    reading = Reading(_stretch(job), job.equalize, job.band, job.page, job.colours)
    settings = Settings(job.source, job.target, reading, Writing(job.depth, job.format), job.options, digest)
    return Prepared(job, settings, plan, past, size, how, weights)


def _check(job: Job) -> None:
    from nircolor.files import check_output
    from nircolor.image.formats import by_name
    from nircolor.tiling import Tiling

    _check_devices(job)
    _check_places(job)
    Tiling(job.tile, job.overlap)
    _stretch(job)
    if job.format:
        by_name(job.format)
    if any(separator in job.suffix for separator in (os.sep, os.altsep or os.sep, "\0")):
        raise UsageError(f"--suffix {job.suffix!r}: is part of a name, not of a path; leave the separator out")
    if job.watch and (job.dry_run or job.listed is not None):
        raise UsageError("--watch: excludes --dry-run and --list; leave one out")
    check_weights(job.weights)
    if job.contact_sheet and not job.dry_run and not _will_be_made(job.contact_sheet.parent, job.target):
        check_output(job.contact_sheet, job.overwrite or job.resume)


def _check_devices(job: Job) -> None:
    for device in job.devices:
        check_device(device)
    if job.ray and (len(job.devices) > 1 or ":" in job.device):
        raise UsageError(f"--ray: which GPU a worker has is Ray's decision; give --device auto, not {job.device}")


def _check_places(job: Job) -> None:
    from nircolor.batch.remote import Remote, is_writable

    if isinstance(job.target, Remote):
        if not is_writable(job.target):
            raise UsageError(f"{job.target}: a web server takes no outputs; give a folder, s3:// or gs://")
    elif job.target.exists() and not job.target.is_dir():
        raise OutputError(f"{job.target}: is no folder; choose another output folder")


def _will_be_made(folder: Path, target: Place) -> bool:
    return isinstance(target, Path) and not folder.exists() and folder.resolve() == target.resolve()


def _stretch(job: Job) -> Stretch:
    from nircolor.image import Stretch

    return Stretch.parse(job.stretch)


def selection(job: Job) -> Selection:
    """Which files are wanted; reads the list of --list. Raises InputError."""
    from nircolor.batch.walk import Selection

    listed = None if job.listed is None else _names(job.listed)
    return Selection(job.recursive, job.include, job.exclude, listed)


def _names(listed: str) -> tuple[str, ...]:
    """The names in a list: ended by NUL if there is one, else one a line. Any bytes that a file name may have."""
    from nircolor.small_file import read_at_most, read_small

    try:
        data = read_at_most(sys.stdin.buffer, MOST_LISTED) if listed == "-" else read_small(Path(listed), MOST_LISTED)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        remedy = "check the name of the list, or pipe it in with --list -"
        raise InputError(f"{listed}: cannot be read ({reason}); {remedy}") from error
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    return tuple(os.fsdecode(line) for line in lines if line)


def _check_something(job: Job, plan: Plan) -> None:
    from nircolor.batch.outcome import left_out
    from nircolor.errors import display_name

    if plan.entries or job.watch or (plan.problems and job.listed is not None):
        return
    if plan.problems:
        first = plan.problems[0]
        raise InputError(f"{display_name(str(job.source / first.name))}: {first.reason}; there is nothing else to do")
    wanted = "that --include, --exclude or --list let through" if job.include or job.exclude or job.listed else "in it"
    told = f" ({text})" if (text := left_out(plan.left_out)) else ""
    raise InputError(f"{display_name(str(job.source))}: no pictures {wanted}{told}; nothing to do")
