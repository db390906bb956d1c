"""The real part: framed as the forged part, and not told from it by how it was made."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real import SealDB
from seal2real.realise.real import RealImages
from seal2real.realise.run import Realisation, RealisedFactory
from seal2real.rng import Rng
from seal2real.sealdb.codec import encode_jpeg
from seal2real.sealdb.provenance import Provenance, embed
from seal2real.sealdb.realpart import write_real_part
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.sealdb.splits import split_of_key
from seal2real.sealdb.verify import verify
from seal2real.synthesis.capture import jpeg_round_trip
from seal2real.synthesis.generate import SampleFactory
from tests.support.trees import differing

SIDE = 96
COUNT = 120
DRAWN = Recipe(
    count=COUNT, seed=31, size=str(SIDE), dpi=60.0, options={"capture": "phone", "cross_page": 0.0}
)


def traditional(recipe: Recipe, images: RealImages, count: int | None = None) -> Recipe:
    """``recipe`` realised by drawing alone, with a real part."""
    told = Realisation(method="traditional")
    real = {"folder": "", **images.describe(count, 10_000)}
    return replace(recipe, realisation=told.to_dict(), real=real)


def make(recipe: Recipe, images: RealImages, out: Path) -> Path:
    """Make the dataset and its real part."""
    run_shards(
        recipe,
        RealisedFactory(recipe),
        out,
        progress=False,
        before=lambda: write_real_part(out, images.items(recipe), recipe.shard_samples),
    )
    return out


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of what the forged part shows, drawn with another seed, before any JPEG.

    A capture's noise and blur are in them, its JPEG stage is the real part's to add; so whatever
    tells the two parts apart was added by the making of the dataset. A rim of 6 px is trimmed.
    """
    folder = tmp_path_factory.mktemp("photos")
    factory = SampleFactory(replace(DRAWN, seed=77))
    stages = "seal2real.synthesis.capture.jpeg_round_trip"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, lambda image, quality, subsampling: image)
        for index in range(COUNT):
            image = np.pad(factory(index).synthetic, ((6, 6), (6, 6), (0, 0)), mode="edge")
            Image.fromarray(image).save(folder / f"{index:04d}.png")
    return folder


@pytest.fixture(scope="module")
def db(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forged and real part of one distribution of pictures."""
    images = RealImages(photos)
    return make(traditional(DRAWN, images), images, tmp_path_factory.mktemp("db") / "db")


def header(data: bytes) -> list[float]:
    """Number, kinds and lengths of a JPEG's segments up to the scan, and its tables."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        found += [float(data[at + 1]), float(length)]
        at += 2 + length
    tables = Image.open(io.BytesIO(data)).quantization  # type: ignore[attr-defined]
    return [float(at), *found[:24], *[0.0] * (24 - len(found)), *map(float, tables[0][:16])]


def coding(data: bytes) -> list[float]:
    """File size, steps on and off the grid of 8 px, and the histogram of small DCT values."""
    grey = np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.float64)
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=0)
    grid = np.array([steps[k::8].mean() for k in range(8)])
    k = np.arange(8)
    basis = np.cos(np.pi * k[:, None] * (2 * k[None] + 1) / 16) / 2
    basis[0] /= np.sqrt(2)
    blocks = grey.reshape(SIDE // 8, 8, SIDE // 8, 8).transpose(0, 2, 1, 3)
    waves = basis @ blocks @ basis.T
    low = np.abs(np.rint(waves[..., [0, 1, 1, 2], [1, 0, 1, 2]])).astype(int)
    counts = np.bincount(np.minimum(low, 24).ravel(), minlength=25) / low.size
    high = [np.abs(waves[..., u, u]).mean() for u in range(2, 8)]
    return [np.log(len(data)), *(grid / grid.mean()), *np.sqrt(counts), *np.log1p(high)]


def separability(a: list[bytes], b: list[bytes], features: Callable[[bytes], list[float]]) -> float:
    """AUC of a ridge-regularised linear probe, five folds held out in turn."""
    x = np.array([features(data) for data in (*a, *b)])
    y = np.array([0.0] * len(a) + [1.0] * len(b))
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    fold = np.array([Rng(5, "fold", i).integer(0, 5) for i in range(len(y))])
    scores = np.zeros(len(y))
    for k in range(5):
        train, mean = fold != k, y[fold != k].mean()
        inputs = np.column_stack([x[train], np.ones(train.sum())])
        penalty = 10.0 * np.eye(inputs.shape[1])
        weights = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ (y[train] - mean))
        scores[~train] = np.column_stack([x[~train], np.ones((~train).sum())]) @ weights
    above = scores[y == 1][:, None] - scores[y == 0][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def parts(db: Path) -> tuple[list[bytes], list[bytes]]:
    """Files of the forged and of the real part."""
    with SealDB(db) as database:
        forged = [sample.data("forged") for sample in database]
        return forged, [sample.data("real") for sample in database.real()]


# Standard error of an AUC of two equal samples of this size around 0.5 (Hanley & McNeil 1982),
# times 1.96.
_CHANCE = 1.96 * np.sqrt((2 * COUNT + 1) / (12 * COUNT * COUNT))


def test_headers_do_not_tell_the_parts_apart(db: Path) -> None:
    """Exactly alike, segment for segment."""
    forged, real = parts(db)
    assert {tuple(header(data)) for data in forged} == {tuple(header(data)) for data in real}


def test_sizes_and_dct_statistics_do_not_tell_the_parts_apart(db: Path) -> None:
    """Within the 95 % interval of chance."""
    assert abs(separability(*parts(db), coding) - 0.5) < _CHANCE


def test_the_probe_sees_what_it_should(db: Path, photos: Path) -> None:
    """Controls: without the JPEG stage, with restart markers, or at another quality, it tells."""
    forged, _ = parts(db)
    packet = Provenance("seal-db-x")
    plain = [np.asarray(Image.open(path).convert("RGB"))[6:-6, 6:-6] for path in photos.iterdir()]
    once = [embed(encode_jpeg(image, DRAWN.quality), packet) for image in plain]
    assert separability(forged, once, coding) > 0.5 + 2 * _CHANCE
    worse = [
        embed(encode_jpeg(jpeg_round_trip(image, 40, "420"), DRAWN.quality), packet)
        for image in plain
    ]
    assert separability(forged, worse, coding) > 0.5 + 2 * _CHANCE
    other = [embed(encode_jpeg(image, DRAWN.quality - 5), packet) for image in plain]
    assert separability(forged, other, header) > 0.9


def test_splits_follow_the_files(db: Path) -> None:
    """Two cuts of one file are in one split, whatever else is in the dataset."""
    with SealDB(db) as database:
        for sample in database.real():
            assert sample.has("real")
        for split in ("train", "val", "test"):
            assert len(list(database.real(split))) == database.info["real"]["splits"][split]
    from seal2real.sealdb.realpart import read_real_rows

    with SealDB(db) as database:
        for row in read_real_rows(db):
            assert row["split"] == split_of_key(database.fractions, row["source_sha256"])
    assert verify(db, progress=False).ok


def test_more_cuts_than_files(photos: Path, tmp_path: Path) -> None:
    """--real-count above the number of files gives different cuts of one, in its split."""
    few = tmp_path / "few"
    few.mkdir()
    rng = np.random.default_rng(3)
    for k in range(3):
        noise = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((300, 240)).save(few / f"{k}.png")
    images = RealImages(few)
    recipe = traditional(replace(DRAWN, count=3), images, 7)
    out = make(recipe, images, tmp_path / "db")
    with SealDB(out) as database:
        assert database.info["real"]["images"] == 7
        assert database.info["real"]["sources"] == 3
        cuts = {sample.data("real") for sample in database.real()}
    assert len(cuts) == 7
    assert verify(out, progress=False).ok


def test_the_real_part_resumes_to_the_same_bytes(photos: Path, db: Path, tmp_path: Path) -> None:
    """Stopped in the middle of it, then once more behind it."""
    images = RealImages(photos)
    recipe = traditional(DRAWN, images)
    out = tmp_path / "db"

    def stop(done: int) -> None:
        nonlocal left
        left -= done
        if left < 0:
            raise KeyboardInterrupt

    left = 30
    with pytest.raises(KeyboardInterrupt):
        run_shards(
            recipe,
            RealisedFactory(recipe),
            out,
            progress=False,
            before=lambda: write_real_part(out, images.items(recipe), recipe.shard_samples, stop),
        )
    assert list((out / "real" / "shards").iterdir())
    assert differing(db, make(recipe, images, out)) == []


def test_parts_join_to_the_same_dataset(photos: Path, db: Path, tmp_path: Path) -> None:
    """The first part writes the real part, whichever comes last completes; a stray file is found."""
    images = RealImages(photos)
    recipe = traditional(DRAWN, images)
    out = tmp_path / "db"
    for part in ("1/2", "0/2"):
        run_shards(
            recipe,
            RealisedFactory(recipe),
            out,
            shard=part,
            progress=False,
            before=lambda: write_real_part(out, images.items(recipe), recipe.shard_samples),
        )
    assert differing(db, out) == []
    (out / "real" / "shards" / "train-000999.tar").write_bytes(b"")
    (problem,) = verify(out, progress=False).problems
    assert problem.file == "real/shards/train-000999.tar"


def test_what_is_to_be_ignored_is_not_shown(tmp_path: Path) -> None:
    """A green box on grey: cuts lie beside it where there is room, and it is filled where not."""
    for k, side in enumerate((600, 150)):
        image, box = np.full((side, side, 3), 180, np.uint8), np.zeros((side, side), np.uint8)
        box[side // 3 : side // 2, side // 3 : side // 2] = 255
        image[box > 0] = (0, 255, 0)
        Image.fromarray(image).save(tmp_path / f"{k}.png")
        Image.fromarray(box).save(tmp_path / f"{k}.ignore.png")
    images = RealImages(tmp_path)
    recipe = traditional(replace(DRAWN, count=2), images, 12)
    for item in images.items(recipe):
        shown = np.asarray(Image.open(io.BytesIO(item.make()[0])).convert("RGB"), np.int16)
        assert (shown[..., 1] - shown[..., 0]).max() < 12


def test_damage_is_found_before_anything_is_written(tmp_path: Path) -> None:
    """A file whose header alone is whole; the photograph is named, not the disk."""
    Image.effect_noise((200, 200), 40).convert("RGB").save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"b.jpg must be a complete image, got .*; repair or rem"):
        RealImages(tmp_path).describe(None, None)


def test_refusals(tmp_path: Path) -> None:
    """A folder without images, and one that is none."""
    with pytest.raises(ValueError, match="--real must be a folder of images, got none"):
        _ = RealImages(tmp_path).images
    with pytest.raises(FileNotFoundError, match="folder must exist"):
        _ = RealImages(tmp_path / "missing").images
