"""A folder of scans and photographs -> a folder of crops round the seals found in them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from tqdm import tqdm

from seal2real.crops.fill import fill_ignored, grow
from seal2real.crops.find import FoundSeal, find_seals, image_scale
from seal2real.crops.ignore import IgnoreMasks, without_masks
from seal2real.crops.segment import open_segmenter
from seal2real.crops.sheet import write_sheet
from seal2real.pages.decode import check_image, read_image
from seal2real.pages.files import (
    MAX_PIXELS,
    BadFile,
    NoUsablePages,
    refuse_all,
    refuse_strict,
    relative_name,
)
from seal2real.pages.images import IMAGE_SUFFIXES, find_files
from seal2real.pages.pdf import PDF_SUFFIXES, PdfPages
from seal2real.sealdb.exporters._output import staged
from seal2real.sealdb.provenance import maker

__all__ = ["CropSettings", "CropsReport", "cut_crops", "list_images"]

# Pages of a PDF are rendered at this; the segmenter knows 3-12 px/mm, this is 7.9.
_PDF_DPI = 200.0
# Training trims this much from every side (seal2real.training.data.real_files.BORDER_PX).
_TRIMMED_PX = 6
# Ignore masks grow by this before the paper is painted on: JPEG smears drawn lines.
_SMEAR_PX = 2
# A crop with a larger share to ignore within the seal is left out.
_MOST_IGNORED = 0.35
# Longer names of crops are cut and end in a hash: file systems take 255 bytes, suffixes included.
_STEM_BYTES, _DIGEST_CHARS = 200, 12

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class CropSettings:
    """How seals are looked for and cut out.

    Raises:
        ValueError: if a number is out of the range stated above it.
    """

    # least side of a crop where the image has room, px, 64 or more: the window trained on
    size: int = 256
    # paper round the seal on each side, in diameters, 0..2
    margin: float = 0.2
    # 0..1; less sure finds are left out
    min_score: float = 0.5
    # width of every image, mm, 10..3000; None: from its resolution, else from the seals
    page_width_mm: float | None = None
    # larger images are refused, pixels
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        ranges = {"size": (64, 4096), "margin": (0.0, 2.0), "min_score": (0.0, 1.0)}
        ranges["max_pixels"] = (1, 10**12)
        if self.page_width_mm is not None:
            ranges["page_width_mm"] = (10.0, 3000.0)
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(
                    f"CropSettings: {name} must be in {low}..{high}, got {value}; "
                    "bring it into that range"
                )


@dataclass
class CropsReport:
    """What was found."""

    images: int = 0
    crops: int = 0
    # seals left out because too much of them is to be ignored
    ignored: int = 0
    # images in which no seal was found
    without: list[str] = field(default_factory=list)
    bad: list[BadFile] = field(default_factory=list)
    colours: Counter[str] = field(default_factory=Counter)

    def summary(self) -> str:
        """Return it as a line for a person."""
        colours = ", ".join(f"{count} {name}" for name, count in self.colours.most_common())
        return (
            f"{self.crops} seals ({colours}) in {self.images} images; {len(self.without)} images "
            f"without a seal, {len(self.bad)} unusable"
            + (f"; {self.ignored} seals left out by their masks" if self.ignored else "")
        )


def list_images(
    folder: Path, ignore: Path | None, max_pixels: int, strict: bool
) -> tuple[list[Path], list[BadFile]]:
    """Return the usable images and PDFs below a folder, and the others.

    A PDF of which some pages are usable counts as usable; its other pages are listed, too.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if no image is usable, or one is not under ``strict``.
    """
    good: list[Path] = []
    bad: list[BadFile] = []
    files = without_masks(find_files(folder, IMAGE_SUFFIXES + PDF_SUFFIXES), folder, ignore)
    for path in tqdm(files, desc="checking images", delay=1.0, disable=None, leave=False):
        try:
            if _is_pdf(path):
                bad += PdfPages(folder, _PDF_DPI, max_pixels=max_pixels, files=[path]).bad
            else:
                check_image(path, max_pixels)
                _refuse_made(path)
            good.append(path)
        except NoUsablePages as error:
            bad += error.bad
        except ValueError as error:
            bad.append(BadFile(relative_name(path, folder), str(error)))
    if bad and strict:
        raise refuse_strict("crops", bad)
    if not good:
        raise refuse_all("crops", folder, bad)
    return good, bad


def cut_crops(
    folder: Path,
    out: Path,
    settings: CropSettings | None = None,
    *,
    ignore: Path | None = None,
    strict: bool = False,
) -> CropsReport:
    """Find the seals in all images below ``folder`` and write crops round them to ``out``.

    ``out`` appears under its name only when it is complete. It holds crops/NAME-k.png,
    crops/NAME-k.ignore.png (255 = ignore) where something is to be ignored, crops.jsonl (a line a
    crop), settings.json, sheet.jpg and sheet.html.

    Raises:
        FileExistsError: if ``out`` exists and is not an empty folder.
        FileNotFoundError: if a folder or the segmenter is missing.
        ValueError: if no image is usable (or one is not, under ``strict``), ``ignore`` holds no
            mask of one, ``out`` lies in ``folder``, or no seal is found at all.
    """
    settings = settings or CropSettings()
    masks = IgnoreMasks(ignore)
    images, bad = list_images(folder, ignore, settings.max_pixels, strict)
    if ignore is not None and not any(masks.path(image) for image in images):
        raise ValueError(
            f"crops: --ignore must hold masks of the images in {folder}, got none that fits in "
            f"{ignore}; name the mask of photo.jpg photo.mask.png"
        )
    report = CropsReport(images=len(images), bad=bad)
    session = open_segmenter()
    with staged(out, forbidden=folder, caller="crops") as root:
        (root / "crops").mkdir()
        rows = []
        for path in tqdm(images, desc="crops", unit="image", disable=None):
            rows += _crops_of(session, path, folder, masks, settings, root, report, strict)
        if not rows:
            raise ValueError(
                f"crops: images must show at least one seal, got none in {len(images)} of "
                f"{folder}; lower --min-score (now {settings.min_score}) or say --page-width-mm"
            )
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (root / "crops.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        made = {**asdict(settings), "bad": [b.to_dict() for b in report.bad]}
        made["without_seal"] = report.without
        made["ignored_seals"] = report.ignored
        text = json.dumps(made, ensure_ascii=False, indent=2)
        (root / "settings.json").write_text(text + "\n", encoding="utf-8")
        write_sheet(root, rows)
    return report


def _crops_of(
    session: Any,
    path: Path,
    folder: Path,
    masks: IgnoreMasks,
    settings: CropSettings,
    root: Path,
    report: CropsReport,
    strict: bool,
) -> list[dict[str, Any]]:
    """Write the crops of one file and return their rows of crops.jsonl."""
    name = relative_name(path, folder)
    rows: list[dict[str, Any]] = []
    found = 0
    try:
        for page, image, ignored, scale in _pages(path, masks, settings):
            plain = fill_ignored(image, grow(ignored, _SMEAR_PX)) if not ignored.all() else image
            for seal in find_seals(session, plain, scale, min_score=settings.min_score):
                row = _write_crop(root, name, page, image, ignored, seal, settings)
                found += 1
                if row is None:
                    report.ignored += 1
                else:
                    rows.append(row)
                    report.colours[seal.colour] += 1
    except ValueError as error:
        report.bad.append(BadFile(name, str(error)))
        if strict:
            raise refuse_strict("crops", report.bad) from None
        return rows
    if not found:
        report.without.append(name)
    report.crops += len(rows)
    return rows


def _pages(
    path: Path, masks: IgnoreMasks, settings: CropSettings
) -> Iterator[tuple[int | None, Image, Mask, Any]]:
    """Yield (number, image, what to ignore, scale) of every page; None numbers the only one."""
    if _is_pdf(path):
        pages = PdfPages(path, _PDF_DPI, max_pixels=settings.max_pixels)
        for number in range(len(pages)):
            page = pages.page(number)
            ignored = masks.read(path, (page.height, page.width))
            scale = image_scale(page.width, (_PDF_DPI, _PDF_DPI), settings.page_width_mm)
            several = len(pages) + len(pages.bad) > 1
            yield page.source["page"] + 1 if several else None, page.image, ignored, scale
        return
    info = check_image(path, settings.max_pixels)
    for frame in range(info.frames):
        image = read_image(path, frame)
        ignored = masks.read(path, (image.shape[0], image.shape[1]))
        scale = image_scale(image.shape[1], info.dpi, settings.page_width_mm)
        yield frame + 1 if info.frames > 1 else None, image, ignored, scale


def _refuse_made(path: Path) -> None:
    """Refuse an image that a program made: its crops could not be told from real ones.

    Raises:
        ValueError: if its metadata say so.
    """
    if program := maker(path.read_bytes()):
        raise ValueError(
            f"crops: images must be photographs or scans, got one made by {program}; "
            "take it out of the folder"
        )


def _is_pdf(path: Path) -> bool:
    return path.suffix.lower() in PDF_SUFFIXES


def _write_crop(
    root: Path,
    name: str,
    page: int | None,
    image: Image,
    ignored: Mask,
    seal: FoundSeal,
    settings: CropSettings,
) -> dict[str, Any] | None:
    """Write one crop and its mask; return its row, or None if too much of it is ignored."""
    x0, y0, x1, y1 = _crop_box(seal, image.shape, settings)
    hidden = ignored[y0:y1, x0:x1]
    share = _ignored_share(seal, ignored)
    if share > _MOST_IGNORED:
        return None
    file = _free_name(root / "crops", name, page)
    Pillow.fromarray(image[y0:y1, x0:x1]).save(file)
    if hidden.any():
        plane = hidden.astype(np.uint8) * 255
        Pillow.fromarray(plane).save(file.with_name(file.stem + ".ignore.png"))
    return {
        "file": f"crops/{file.name}",
        "source": name if page is None else f"{name}#{page}",
        "px_per_mm": round(seal.px_per_mm, 4),
        "scale_by": seal.scale_by,
        "shape": seal.shape,
        "colour": seal.colour,
        "score": round(seal.score, 4),
        "center": [round(seal.x - x0, 2), round(seal.y - y0, 2)],
        "diameter_px": round(seal.diameter_px, 2),
        "short_px": round(seal.short_px, 2),
        "angle": round(seal.angle_deg, 2),
        "edge_seen": round(seal.edge_seen, 3),
        "ignored": round(share, 4),
        "box": [x0, y0, x1, y1],
    }


def _crop_box(
    seal: FoundSeal, shape: tuple[int, ...], settings: CropSettings
) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1: the seal with paper round it, at least ``size``, inside the image."""
    left, top, right, bottom = seal.box()
    margin = settings.margin * seal.diameter_px
    least = settings.size + 2 * _TRIMMED_PX
    out = []
    for low, high, limit in ((left, right, shape[1]), (top, bottom, shape[0])):
        side = min(max(round(high - low + 2 * margin), least), limit)
        start = min(max(round((low + high - side) / 2), 0), limit - side)
        out.append((start, start + side))
    (x0, x1), (y0, y1) = out
    return x0, y0, x1, y1


def _ignored_share(seal: FoundSeal, ignored: Mask) -> float:
    """Return which share of the seal's area is ignored."""
    x0, y0, x1, y1 = seal.box()
    left, top = max(int(x0), 0), max(int(y0), 0)
    part = ignored[top : max(int(y1) + 1, 0), left : max(int(x1) + 1, 0)]
    if not part.any():
        return 0.0
    rows, columns = np.mgrid[0 : part.shape[0], 0 : part.shape[1]].reshape(2, -1)
    points = np.stack([columns + left + 0.5, rows + top + 0.5], axis=1)
    within = seal.outline.radii(points) <= 1.0
    return float(part.ravel()[within].mean()) if within.any() else 1.0


def _free_name(folder: Path, name: str, page: int | None) -> Path:
    """Return crops/NAME-k.png that is not there yet; NAME is the file's, folders joined by -."""
    stem = "-".join(Path(name).with_suffix("").parts)
    raw = stem.encode()
    if len(raw) > _STEM_BYTES:
        digest = hashlib.sha256(raw).hexdigest()[:_DIGEST_CHARS]
        stem = f"{raw[:_STEM_BYTES].decode(errors='ignore')}-{digest}"
    if page is not None:
        stem += f"-p{page}"
    number = 0
    while (folder / f"{stem}-{number}.png").exists():
        number += 1
    return folder / f"{stem}-{number}.png"
