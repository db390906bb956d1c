"""Label formats that trainers read, written from a Seal-DB (docs/label-formats.md).

An exporter is a function that fills a folder; :func:`export` gives it an empty one beside the
target and renames it at the end, so a folder under its final name is complete.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seal2real.sealdb.exporters import (
    coco,
    hf,
    labelme,
    paddleocr_det,
    paddleocr_lmdb,
    paddleocr_rec,
    pairs,
    parquet,
    rest,
    unpaired,
    yolo_seg,
)
from seal2real.sealdb.exporters._job import Format, Job, Option
from seal2real.sealdb.exporters._output import Export, staged

if TYPE_CHECKING:
    from seal2real.sealdb.reader import SealDB

__all__ = ["FORMATS", "Export", "Format", "Option", "export", "parse_options"]

FORMATS: dict[str, Format] = {
    "coco": coco.FORMAT,
    "yolo-seg": yolo_seg.FORMAT,
    "paddleocr-det": paddleocr_det.FORMAT,
    "paddleocr-rec": paddleocr_rec.FORMAT,
    "paddleocr-lmdb": paddleocr_lmdb.FORMAT,
    "rest": rest.FORMAT,
    "hf": hf.FORMAT,
    "parquet": parquet.FORMAT,
    "labelme": labelme.FORMAT,
    "pairs": pairs.FORMAT,
    "unpaired": unpaired.FORMAT,
}


def export(
    db: SealDB | str | Path,
    to: str,
    dest: str | Path,
    *,
    splits: Sequence[str] | None = None,
    progress: bool = True,
    **options: Any,
) -> Export:
    """Write the images and labels of a Seal-DB in another format.

    The same dataset and options give the same bytes. Samples are streamed.

    Args:
        db: the dataset, or its folder.
        to: a key of ``FORMATS``.
        dest: folder to make; must not exist, or be empty.
        splits: splits to write; None for all.
        progress: show a bar on standard error.
        options: options of the format (``FORMATS[to].options``), as values or as text.

    Returns:
        What was written, and what was left out for which reason.

    Raises:
        ValueError: unknown format, split or option, an option's value, an empty choice of samples,
            or ``dest`` inside the dataset.
        FileExistsError: ``dest`` exists and is not an empty folder.
        WriteError: ``dest`` cannot be written.
        DamagedError: a record or image of the dataset is damaged.
        ImportError: the format needs a package that is not installed.
    """
    if to not in FORMATS:
        raise ValueError(_unknown("to", to, FORMATS))
    parsed = parse_options(to, options)
    if isinstance(db, (str, Path)):
        from seal2real.sealdb.reader import SealDB

        db = SealDB(db)
    chosen = _splits(db, splits)
    report = Export(to, Path(dest))
    with staged(Path(dest), forbidden=db.path) as root:
        job = Job(db, root, report, chosen, progress)
        try:
            FORMATS[to].write(job, **parsed)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            # Exporters trust the schema; a damaged record shows up as any of these.
            _blame_record(job, error)
            raise
    return report


def parse_options(to: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return every option of format ``to``: those given, in their types, and defaults.

    Raises:
        ValueError: unknown option, or a value of another type or outside the choices.
    """
    known = FORMATS[to].options
    for name in options:
        if name not in known:
            raise ValueError(_unknown(f"option of {to}", name, known))
    return {
        name: option.parse(name, options.get(name, option.default))
        for name, option in known.items()
    }


def _splits(db: SealDB, splits: Sequence[str] | None) -> dict[str, int]:
    # Imported late: the command line lists the formats without loading native code.
    from seal2real.sealdb.splits import SPLITS

    for split in splits or ():
        if split not in SPLITS:
            raise ValueError(_unknown("split", split, SPLITS))
    chosen = {s: n for s, n in db.splits.items() if n and (splits is None or s in splits)}
    if not chosen:
        raise ValueError(
            f"export: splits must hold samples, got none in {', '.join(splits or SPLITS)}; "
            "draw samples first, or choose another split"
        )
    return chosen


def _blame_record(job: Job, error: Exception) -> None:
    """Raise a clear error if the record of the sample being written breaks the schema.

    Raises:
        DamagedError: naming the sample and the rule.
    """
    from seal2real.sealdb.errors import DamagedError
    from seal2real.sealdb.record import schema_errors

    found = [] if job.current is None else schema_errors(job.current.record, limit=1)
    if found and job.current is not None:
        raise DamagedError(
            f"export: record must follow the schema, got {job.current.id} with {found[0]}; "
            "run seal2real verify"
        ) from error


def _unknown(what: str, name: object, known: Any) -> str:
    close = difflib.get_close_matches(str(name), list(known), n=1)
    remedy = f"did you mean {close[0]}?" if close else "choose one of them"
    return f"export: {what} must be one of {', '.join(known)}, got {name!r}; {remedy}"
