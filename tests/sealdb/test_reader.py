"""Reading a dataset: access, iteration, decoding, refusals."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from seal2real.sealdb.errors import DamagedError, ForeignFolderError
from seal2real.sealdb.reader import SealDB, decode_image
from seal2real.sealdb.recipe import Recipe
from tests.support.tiny_samples import TinyFactory


def test_samples_are_what_was_made(tiny_db: Path, tiny_recipe: Recipe) -> None:
    """Label planes bit for bit and the record, against a fresh drawing of the same index."""
    db = SealDB(tiny_db)
    assert len(db) == 60
    for index in (0, 7, 59):
        made, read = TinyFactory(tiny_recipe)(index), db[index]
        assert (read.id, read.index, read.split) == (
            f"{index:09d}", index, tiny_recipe.split_of(index),
        )  # fmt: skip
        for plane in ("mask", "shape", "classes"):
            assert np.array_equal(read.plane(plane), getattr(made, plane))
        assert np.array_equal(read.support, made.support)
        assert {**read.record, "provenance": {}} == made.record
        assert [m.sum() for m in read.masks()] == [made.mask.sum()][: len(made.record["seals"])]
        assert np.abs(read.synthetic.astype(int) - made.synthetic).mean() < 12
        assert read.forged is None


def test_access_by_number_and_id(tiny_db: Path) -> None:
    """As in a list, and by the nine digits."""
    db = SealDB(tiny_db)
    assert db[-1].id == db["000000059"].id == db[59].id
    for number in (60, -61):
        with pytest.raises(IndexError, match=rf"index must be in -60..59, got {number}"):
            db[number]
    for name in ("000000060", "59", "x", "00000005\u0669"):
        with pytest.raises(KeyError, match="id must be nine digits below 000000060"):
            db[name]


def test_access_by_slice(tiny_db: Path) -> None:
    """As a list of the same numbers gives, past the ends and backwards."""
    db = SealDB(tiny_db)
    numbers = list(range(60))
    for part in (slice(1, 3), slice(-2, None), slice(58, 99), slice(5, 1, -2), slice(7, 7)):
        assert [sample.index for sample in db[part]] == numbers[part]
    assert db[np.int64(3)].index == 3


@pytest.mark.parametrize("key", [1.0, None, (1, 2)])
def test_other_keys_are_refused(key: object, tiny_db: Path) -> None:
    """By type, with what would do."""
    with pytest.raises(TypeError, match="SealDB: key must be a number, an id or a slice, got"):
        SealDB(tiny_db)[key]  # type: ignore[call-overload]


def test_iteration_by_split(tiny_db: Path, tiny_recipe: Recipe) -> None:
    """Every sample once, in order; splits as the recipe says."""
    db = SealDB(tiny_db)
    assert [sample.index for sample in db] == list(range(60))
    for split, count in db.splits.items():
        rows = [k for k in range(60) if tiny_recipe.split_of(k) == split]
        assert [sample.index for sample in db.samples(split)] == rows == db.rows(split)
        assert count == len(rows)
    with pytest.raises(ValueError, match="split must be one of train, val, test, got 'dev'"):
        db.samples("dev")
    assert list(db.real()) == []


def test_names_of_files(tiny_db: Path) -> None:
    """By stem or whole suffix; what is not there is named with what is."""
    sample = SealDB(tiny_db)[1]
    assert sample.data("mask") == sample.data("mask.png")
    assert (sample.suffix("clean"), sample.suffix("mask")) == ("jpg", "png")
    assert sample.has("synthetic")
    assert not sample.has("forged")
    with pytest.raises(KeyError, match="name must be one of .*mask.png.*got 'forged'"):
        sample.image("forged")


def test_it_pickles_and_closes(tiny_db: Path) -> None:
    """A DataLoader worker gets a reader that opens its own maps."""
    with SealDB(tiny_db) as db:
        first = db[0].data("json")
        again = pickle.loads(pickle.dumps(db))
    assert again[0].data("json") == first == db[0].data("json")


def test_folders_without_dataset_are_refused(tmp_path: Path) -> None:
    """Empty, unfinished, and with another format."""
    with pytest.raises(ForeignFolderError, match="must hold a finished dataset, got none"):
        SealDB(tmp_path)
    (tmp_path / ".work").mkdir()
    with pytest.raises(ForeignFolderError, match="got an unfinished one"):
        SealDB(tmp_path)
    (tmp_path / "dataset.json").write_text('{"format": "seal-db/9"}')
    with pytest.raises(DamagedError, match="must have format 'seal-db/1', got 'seal-db/9'"):
        SealDB(tmp_path)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(DamagedError, match="must be JSON"):
        SealDB(tmp_path)


def test_an_unreadable_index_is_named(tiny_copy: Path) -> None:
    """Garbage in place of the index."""
    (tiny_copy / "index.parquet").write_bytes(b"PAR1" + bytes(40))
    with pytest.raises(DamagedError, match=r"index.parquet must be a readable index"):
        SealDB(tiny_copy)


def test_paths_in_the_index_are_refused(tiny_copy: Path) -> None:
    """A hostile index cannot lead the reader out of its folder."""
    table = pq.read_table(tiny_copy / "index.parquet")
    column = table.schema.get_field_index("shard")
    hostile = table.set_column(column, "shard", [["../../../etc/passwd"] * len(table)])
    pq.write_table(hostile, tiny_copy / "index.parquet")
    with pytest.raises(DamagedError, match="shard must be a plain file name, got '../../../etc"):
        SealDB(tiny_copy)[0]


def test_pictures_are_decoded_with_care() -> None:
    """Other formats, bombs and garbage are refused by name."""
    bomb = bytes.fromhex("89504e470d0a1a0a0000000d494844520000ffff0000ffff0802000000") + bytes(20)
    for data in (b"", b"GIF89a" + bytes(40), bomb):
        with pytest.raises(DamagedError, match="decode_image: x.png must be a whole JPEG or PNG"):
            decode_image(data, "x.png")


def test_torch_dataset(tiny_db: Path) -> None:
    """Tensors of the right shapes and types, through two loader processes."""
    torch = pytest.importorskip("torch")
    from seal2real.sealdb.torch_dataset import SealDataset

    data = SealDataset(tiny_db, "train", names=("synthetic", "mask"))
    assert len(data) == SealDB(tiny_db).splits["train"]
    item = data[3]
    assert item["synthetic"].shape == (3, 64, 64)
    assert item["mask"].dtype == torch.uint8
    assert np.array_equal(item["mask"].numpy(), SealDB(tiny_db)[item["id"]].mask)
    loader = torch.utils.data.DataLoader(
        data, batch_size=8, num_workers=2, multiprocessing_context="spawn"
    )
    ids = [name for batch in loader for name in batch["id"]]
    assert ids == [f"{row:09d}" for row in data.rows]
    with pytest.raises(ValueError, match="names must be among synthetic.*got 'masks'"):
        SealDataset(tiny_db, names=("masks",))
    with pytest.raises(ValueError, match="'forged' only where every sample is realised, got 60"):
        SealDataset(tiny_db, names=("forged",))
    assert SealDataset(tiny_db, names=(), transform=len)[0] == 1
    assert SealDataset(tiny_db, names=(), record=True)[1]["record"]["index"] == 1
