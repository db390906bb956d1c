"""imagefolder and parquet, read back with Hugging Face datasets."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.exporters import export
from tests.support.labelled import SCENES, Scene
from tests.support.labelled_db import make_db

# Hugging Face calls our "val" "validation".
HF_SPLITS = {"train": "train", "val": "validation", "test": "test"}


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Return the loader, with a cache of its own and no network."""
    patch = pytest.MonkeyPatch()
    for name in ("HF_DATASETS_OFFLINE", "HF_HUB_OFFLINE"):
        patch.setenv(name, "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    cache = tmp_path_factory.mktemp("cache")
    yield lambda *args, **kwargs: datasets.load_dataset(*args, cache_dir=str(cache), **kwargs)
    patch.undo()


def check_images(row: dict[str, Any], sample: Any) -> None:
    """Decoded images are the stored ones, and the mask unpacks to the seals' masks."""
    assert np.array_equal(np.asarray(row["image"]), sample.image("synthetic"))
    assert np.array_equal(np.asarray(row["clean"]), sample.image("clean"))
    plane = np.asarray(row["mask"])
    for bit, mask in enumerate(sample.masks()):
        assert np.array_equal((plane >> bit) & 1 == 1, mask)


@pytest.mark.parametrize("by_name", [True, False])
def test_imagefolder_comes_back(db, load, tmp_path, by_name):
    """Both ways users load it; splits, images, seals and page lines are those of the dataset."""
    dest = tmp_path / "out"
    export(db, "hf", dest, progress=False)
    loaded = load("imagefolder", data_dir=str(dest)) if by_name else load(str(dest))
    assert set(loaded) == set(HF_SPLITS.values())
    for split, name in HF_SPLITS.items():
        rows, samples = list(loaded[name]), list(db.samples(split))
        assert [row["id"] for row in rows] == [sample.id for sample in samples]
        for row, sample in zip(rows, samples, strict=True):
            check_images(row, sample)
            seals = json.loads(row["seals"])
            assert row["seal_count"] == len(seals) == len(sample.record["seals"])
            for seal, expected in zip(seals, sample.record["seals"], strict=True):
                assert {key: expected[key] for key in seal} == seal
                assert seal["texts"] == expected["texts"]
            assert json.loads(row["lines"]) == sample.record["page"]["lines"]


def test_metadata_lies_inside_each_split(db, tmp_path):
    """One line a sample; file names are relative to the split folder."""
    dest = tmp_path / "out"
    export(db, "hf", dest, progress=False)
    for split in db.splits:
        lines = (dest / split / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        for row, sample in zip(rows, db.samples(split), strict=True):
            assert (dest / split / row["file_name"]).read_bytes() == sample.data("synthetic")
            assert (dest / split / row["mask_file_name"]).read_bytes() == sample.data("mask")


def test_clean_pages_and_masks_can_be_left_out(db, load, tmp_path):
    """One image a row, for old readers that accept no more."""
    dest = tmp_path / "out"
    export(db, "hf", dest, progress=False, clean="no", masks="no")
    assert load("imagefolder", data_dir=str(dest))["train"].column_names[0] == "image"
    assert {path.name for path in (dest / "train").iterdir()} == {"images", "metadata.jsonl"}


@pytest.mark.parametrize("to", ["hf", "parquet"])
def test_a_split_without_seals_loads(load, tmp_path, to):
    """Types do not depend on what a split happens to hold: here no seal and no page line."""
    scenes = (SCENES[0], SCENES[2], Scene("val", lines=()))
    dest = tmp_path / "out"
    export(make_db(tmp_path / "db", scenes), to, dest, progress=False)
    loaded = load(str(dest))
    assert {name: len(rows) for name, rows in loaded.items()} == dict.fromkeys(
        HF_SPLITS.values(), 1
    )


@pytest.fixture(scope="module")
def parquet(db, load, tmp_path_factory):
    """The dataset as parquet in files of two samples, loaded."""
    dest = tmp_path_factory.mktemp("parquet") / "out"
    export(db, "parquet", dest, progress=False, rows_per_file=2)
    return dest, load(str(dest))


def test_parquet_comes_back(db, parquet):
    """Images, typed seals with texts and polygons, and the whole record."""
    _, loaded = parquet
    for split, name in HF_SPLITS.items():
        for row, sample in zip(loaded[name], db.samples(split), strict=True):
            check_images(row, sample)
            assert json.loads(row["record"]) == sample.record
            for seal, expected in zip(row["seals"], sample.record["seals"], strict=True):
                for key, value in seal.items():
                    if key != "texts":
                        assert value == expected[key], key
                for text, wanted in zip(seal["texts"], expected["texts"], strict=True):
                    assert text == {key: wanted[key] for key in text}
            lines = [(line["text"], line["polygon"]) for line in row["lines"]]
            assert lines == [
                (line["text"], line["polygon"]) for line in sample.record["page"]["lines"]
            ]


def test_parquet_features_are_declared(parquet):
    """The images decode because the schema says so, not because they look like images."""
    datasets = pytest.importorskip("datasets")
    _, loaded = parquet
    features = loaded["train"].features
    assert all(isinstance(features[name], datasets.Image) for name in ("image", "clean", "mask"))
    assert features["dpi"] == datasets.Value("float64")


def test_parquet_files_are_numbered(parquet):
    """Two samples a file, the count in the name, every file readable alone."""
    pq = pytest.importorskip("pyarrow.parquet")
    dest, _ = parquet
    names = sorted(path.name for path in (dest / "data").iterdir())
    assert names == [
        "test-00000-of-00001.parquet",
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
        "validation-00000-of-00001.parquet",
    ]
    rows = [pq.read_metadata(dest / "data" / name).num_rows for name in names]
    assert rows == [2, 2, 1, 1]


def test_parquet_images_are_the_stored_bytes(db, parquet):
    """Nothing is encoded again."""
    pq = pytest.importorskip("pyarrow.parquet")
    dest, _ = parquet
    (row,) = pq.read_table(dest / "data" / "validation-00000-of-00001.parquet").to_pylist()
    (sample,) = db.samples("val")
    assert row["image"] == {"bytes": sample.data("synthetic"), "path": f"{sample.id}.jpg"}
    with Image.open(io.BytesIO(row["mask"]["bytes"])) as mask:
        assert mask.mode == "L"


def test_rows_per_file_must_be_positive(db, tmp_path):
    """Zero rows a file would never end."""
    with pytest.raises(
        ValueError, match=r"export: rows_per_file must lie in 1..1e\+06, got 0; the default is 500"
    ):
        export(db, "parquet", tmp_path / "out", progress=False, rows_per_file=0)
    assert list(tmp_path.iterdir()) == []


def test_dest_is_a_plain_folder(db, tmp_path):
    """Nothing of the temporary name stays."""
    export(db, "hf", tmp_path / "out", progress=False, splits=["val"])
    assert list(tmp_path.iterdir()) == [Path(tmp_path / "out")]
