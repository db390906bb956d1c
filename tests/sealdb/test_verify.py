"""Verification finds what is wrong and says where; a good dataset passes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seal2real.sealdb.errors import ForeignFolderError
from seal2real.sealdb.reader import SealDB
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.sealdb.verify import Report, verify
from seal2real.sealdb.verify_sample import check_sample, grow
from seal2real.synthesis.sample import Sample
from tests.support.tiny_samples import TinyFactory

SHARD = "shards/train-000003.tar"


def messages(report: Report) -> str:
    """Return all problems as text."""
    return "\n".join(map(str, report.problems))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_good_dataset_passes(workers: int, tiny_db: Path) -> None:
    """Nothing to report, and it says what it looked at."""
    report = verify(tiny_db, workers=workers)
    assert report.ok, messages(report)
    assert report.summary().endswith("60 samples in 15 shards: no problem")


def test_png_datasets_pass(tmp_path: Path) -> None:
    """Without loss, clean and synthetic differ inside the support alone."""
    recipe = Recipe(count=6, image_format="png")
    run_shards(recipe, TinyFactory(recipe), tmp_path / "o")
    report = verify(tmp_path / "o")
    assert report.ok, messages(report)


@pytest.mark.parametrize("at", [0, 130, 600, 9_001, 20_480, 31_000, 40_000, 43_519, 43_520, 51_199])
def test_the_first_bad_byte_is_named(at: int, tiny_copy: Path) -> None:
    """Names, sizes, pixels, padding or the end of the archive: file and byte, whatever it was."""
    file = tiny_copy / SHARD
    data = bytearray(file.read_bytes())
    data[at] ^= 1 + at % 255
    file.write_bytes(data)
    first = verify(tiny_copy).problems[0]
    assert (first.file, first.offset) == (SHARD, at)


def test_the_member_is_named(tiny_copy: Path) -> None:
    """The byte lies in the second member: after a header, 1025..1536 bytes and another header."""
    file = tiny_copy / SHARD
    data = bytearray(file.read_bytes())
    data[2560 + 700] ^= 4
    file.write_bytes(data)
    assert str(verify(tiny_copy).problems[0]) == (
        f"{SHARD}: 000000012.clean.jpg: byte 3260: must be as written"
    )


def test_every_image_must_name_its_dataset(tiny_db: Path) -> None:
    """Read as part of another dataset, pictures and label planes are all strangers."""
    sample = SealDB(tiny_db)[0]
    found = check_sample(sample, sample.split, "seal-db-0")
    strange = {name for name, text in found if text.startswith("provenance must name")}
    assert strange == {"synthetic", "clean", "mask", "shape", "classes"}


def test_a_cut_off_shard(tiny_copy: Path) -> None:
    """The first missing byte."""
    data = (tiny_copy / SHARD).read_bytes()
    (tiny_copy / SHARD).write_bytes(data[:20_000])
    first = verify(tiny_copy).problems[0]
    assert (first.file, first.offset) == (SHARD, 20_000)
    assert "the file is cut off here" in first.message


def test_an_empty_shard_and_a_missing_one(tiny_copy: Path) -> None:
    """Both are named; the others are still checked."""
    (tiny_copy / SHARD).write_bytes(b"")
    (tiny_copy / "shards/train-000002.tar").unlink()
    found = messages(verify(tiny_copy))
    assert f"{SHARD}: byte 0: must be readable and not empty" in found
    assert "shards/train-000002.tar: byte 0: must be there, got no such file" in found


def test_shards_that_nobody_ordered(tiny_copy: Path) -> None:
    """A stranger's archive is named, not opened."""
    (tiny_copy / "shards/train-000099.tar").write_bytes(b"junk")
    assert "train-000099.tar: must not be there" in messages(verify(tiny_copy))


@pytest.mark.parametrize("name", ["dataset.json", "index.parquet", "checksums.sha256"])
def test_small_files_are_checked(name: str, tiny_copy: Path) -> None:
    """A changed digit in any of them is noticed."""
    data = bytearray((tiny_copy / name).read_bytes())
    at = data.index(b"6" if name != "index.parquet" else b"train")
    data[at] ^= 1
    (tiny_copy / name).write_bytes(data)
    assert not verify(tiny_copy).ok


def test_no_dataset_is_an_error(tmp_path: Path) -> None:
    """Nothing to verify is not fine."""
    with pytest.raises(ForeignFolderError, match="must hold a finished dataset"):
        verify(tmp_path)


def relabel(out: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the index as a forger would: with checksums that fit."""
    rows = pq.read_table(out / "index.parquet")
    listed = rows.to_pylist()
    for row in listed:
        change(row)
    pq.write_table(pa.Table.from_pylist(listed, schema=rows.schema), out / "index.parquet")
    digest = hashlib.sha256((out / "index.parquet").read_bytes()).hexdigest()
    lines = [
        f"{digest}  index.parquet" if line.endswith("  index.parquet") else line
        for line in (out / "checksums.sha256").read_text().splitlines()
    ]
    (out / "checksums.sha256").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("texts", ["别的"], r"index.parquet must say texts = \[.*, got \['别的'\]"),
        ("shard", "../x.tar", "row 0 must be"),
        ("split", "test", "row 0 must be"),
        ("page_chars", 5, "index.parquet must say page_chars = 1, got 5"),
        ("offset", 512, "index.parquet must go on here"),
    ],
)
def test_an_index_that_lies(column: str, value: object, message: str, tiny_copy: Path) -> None:
    """Rows are compared with the records, not only with their checksum."""
    relabel(tiny_copy, lambda row: row.update({column: value}))
    found = messages(verify(tiny_copy))
    assert re.search(message, found), found


class _Changed:
    """A factory whose samples are changed before they are written: well-formed lies."""

    def __init__(self, recipe: Recipe, change: Callable[[dict[str, Any]], None]) -> None:
        self.recipe, self.change = recipe, change

    def __call__(self, index: int) -> Sample:
        sample = TinyFactory(self.recipe)(index)
        fields = {**sample.__dict__, "record": json.loads(json.dumps(sample.record))}
        if index == 1:
            self.change(fields)
        return Sample(**fields)


def _seal(fields: dict[str, Any]) -> dict[str, Any]:
    seal: dict[str, Any] = fields["record"]["seals"][0]
    return seal


def _recolour(fields: dict[str, Any]) -> None:
    fields["synthetic"] = fields["synthetic"].copy()
    fields["synthetic"][:, :] = 255 - fields["synthetic"]


LIES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "bbox": (lambda f: _seal(f)["bbox"].__setitem__(0, 0), "json: .*bbox of seal 0 must be"),
    "no bbox": (lambda f: _seal(f).update(bbox=None), "bbox of seal 0 must be"),
    "stray bits": (lambda f: f.update(mask=f["mask"] * np.uint8(3)), "mask.png.*bits 0x02"),
    "text": (lambda f: _seal(f)["texts"][0].update(text="丙"), "must spell '丙', got '甲乙'"),
    "odd polygon": (lambda f: _seal(f)["texts"][0]["polygon"].pop(), "polygon .* must be even"),
    "schema": (lambda f: _seal(f).pop("outline"), "breaks the schema: seals/0: 'outline' is a"),
    "shape name": (lambda f: _seal(f).update(shape="star"), "breaks the schema: seals/0/shape"),
    "classes": (lambda f: f.update(classes=f["classes"] * np.uint8(99)), "values must be below 8"),
    "class of no text": (lambda f: f.update(classes=f["classes"] * np.uint8(5)), "text classes"),
    "index": (lambda f: f["record"].update(index=2), "id must be 000000001"),
    "split": (lambda f: f["record"].update(split="test"), "split must be the shard's"),
    "size": (lambda f: f.update(mask=f["mask"][1:]), "size .* must be the record's"),
    "support": (lambda f: f["record"]["support"]["counts"].append(1), "counts must sum to 64x64"),
    "no support": (
        lambda f: f["record"]["support"].update(counts=[64 * 64]),
        "ink must lie inside the support",
    ),
    "changed outside": (_recolour, "synthetic.jpg.*must equal clean outside the support"),
    "overlap": (
        lambda f: f["record"]["overlaps"].append({"a": 0, "b": 0, "pixels": 1}),
        r"overlaps must be \{\} px as in mask",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_records_that_lie(lie: str, tmp_path: Path) -> None:
    """Every cross-check, each against a dataset that is sound but for one false label."""
    change, message = LIES[lie]
    recipe = Recipe(count=2, split="1,0,0")
    run_shards(recipe, _Changed(recipe, change), tmp_path / "o")
    found = messages(verify(tmp_path / "o"))
    assert re.search(message, found), found


def test_owners_in_two_splits(tmp_path: Path) -> None:
    """The same owner in every sample crosses splits wherever there are two."""
    recipe = Recipe(count=60, seed=3)

    def same_owner(fields: dict[str, Any]) -> None:
        _seal(fields)["spec"]["owner"] = "train-2"

    run_shards(recipe, _Changed(recipe, same_owner), tmp_path / "o")
    assert verify(tmp_path / "o").ok  # samples 1 and 2 are both in train

    class Everywhere(_Changed):
        def __call__(self, index: int) -> Sample:
            sample = TinyFactory(self.recipe)(index)
            for seal in sample.record["seals"]:
                seal["spec"]["owner"] = "甲乙公司"
            return sample

    run_shards(recipe, Everywhere(recipe, same_owner), tmp_path / "p")
    assert "owners must not cross splits, got '甲乙公司'" in messages(verify(tmp_path / "p"))


@pytest.mark.parametrize("radius", [0, 1, 3, 16])
def test_grow_is_a_square(radius: int) -> None:
    """By its definition: the largest value within ``radius`` rows and columns."""
    plane = np.zeros((40, 37), bool)
    plane[20, 5] = plane[0, 36] = plane[39, 18] = True
    wanted = np.zeros_like(plane)
    for y, x in np.argwhere(plane):
        wanted[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1] = True
    assert np.array_equal(grow(plane, radius), wanted)
