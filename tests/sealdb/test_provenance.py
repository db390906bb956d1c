"""Provenance: metadata in every image, and recognition without it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.rng import Rng
from seal2real.sealdb.phash import MATCH_BITS, hamming, perceptual_hash
from seal2real.sealdb.provenance import (
    COMPOSITE,
    COMPOSITE_TRAINED,
    PACKET_BYTES,
    TRAINED,
    Provenance,
    embed,
    extract,
    recognise,
)
from seal2real.sealdb.reader import SealDB
from tests.support.labelled_db import make_db


def picture(image_format: str) -> bytes:
    """Return a small grey picture as Pillow encodes it."""
    out = io.BytesIO()
    Image.new("RGB", (24, 16), (90, 90, 90)).save(out, image_format)
    return out.getvalue()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("source", [COMPOSITE, COMPOSITE_TRAINED, TRAINED])
def test_metadata_survive_and_pixels_stay(image_format: str, source: str) -> None:
    """Pillow's own XMP reader finds the packet, and decodes the same pixels as before."""
    plain = picture(image_format)
    held = Provenance("seal-db-0123456789abcdef", source)
    marked = embed(plain, held)
    assert extract(marked) == held
    with Image.open(io.BytesIO(marked)) as image, Image.open(io.BytesIO(plain)) as before:
        xmp = image.info["xmp"]
        assert np.array_equal(np.asarray(image), np.asarray(before))
    assert source.encode() in xmp
    assert b"DigitalSourceType" in xmp
    assert len(xmp) == PACKET_BYTES


def test_the_packet_is_well_formed_xml() -> None:
    """Read as XML, the IPTC property has its namespace."""
    from xml.etree import ElementTree

    root = ElementTree.fromstring(Provenance("seal-db-0").packet().decode())
    description = root.find(".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert description is not None
    name = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    assert description.get(name) == COMPOSITE


def test_every_packet_is_as_long() -> None:
    """Whatever it says: no part of a dataset shows by the length of its metadata."""
    lengths = {len(Provenance("x" * n, kind).packet()) for n in (1, 100) for kind in
               (COMPOSITE, COMPOSITE_TRAINED)}  # fmt: skip
    assert lengths == {PACKET_BYTES}


@pytest.mark.parametrize("text", ["", 'a"b', "<x>", "a\nb", "x" * 101, "甲"])
def test_odd_names_are_refused(text: str) -> None:
    """What XML would need to escape never gets in."""
    with pytest.raises(ValueError, match="Provenance: dataset_id must be 1..100 plain"):
        Provenance(text)


def test_other_files_are_refused() -> None:
    """Only the two formats that samples have."""
    with pytest.raises(ValueError, match="embed: image must be a JPEG or PNG file"):
        embed(b"GIF89a", Provenance("x"))


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1\0\0", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xff", b"x"]
)
def test_broken_files_have_no_provenance(data: bytes) -> None:
    """Neither an error nor an endless loop."""
    assert extract(data) is None


def test_every_image_of_a_dataset_is_marked(tiny_db: Path) -> None:
    """Pictures and label planes, with the dataset's id; the record says the same."""
    db = SealDB(tiny_db)
    for sample in db:
        images = [name for name in sample.members if name != "json"]
        assert len(images) == 5
        for name in images:
            held = extract(sample.data(name))
            assert held is not None
            assert held.dataset_id == db.info["id"]
            assert held.to_dict().items() <= sample.record["provenance"].items()


def noise(seed: int, size: int = 256) -> np.ndarray:
    """Return a page-like picture: white, with dark blocks of various widths in lines."""
    rng = Rng(seed, "page")
    image = np.full((size, size, 3), 245, np.uint8)
    for top in range(16, size - 16, 20):
        left = rng.integer(8, 60)
        while left < size - 20:
            width = rng.integer(3, 30)
            image[top : top + rng.integer(6, 12), left : left + width] = rng.integer(0, 120)
            left += width + rng.integer(2, 16)
    return image


def recode(image: np.ndarray, quality: int, scale: float) -> np.ndarray:
    """Return ``image`` scaled and through a JPEG, as messengers do."""
    size = (int(image.shape[1] * scale), int(image.shape[0] * scale))
    out = io.BytesIO()
    Image.fromarray(image).resize(size).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out))


def distance(a: np.ndarray, b: np.ndarray) -> int:
    """Return in how many bits two pictures' hashes differ."""
    first, second = (np.frombuffer(perceptual_hash(x), np.uint8) for x in (a, b))
    return int(hamming(first, second))


def test_copies_are_near_and_others_far() -> None:
    """The threshold lies between the farthest copy and the nearest stranger, with room."""
    pages = [noise(seed) for seed in range(12)]
    copies = [distance(p, recode(p, q, s)) for p in pages for q, s in ((30, 1), (60, 0.6), (50, 2))]
    others = [distance(a, b) for k, a in enumerate(pages) for b in pages[:k]]
    assert max(copies) <= MATCH_BITS // 2
    assert min(others) > MATCH_BITS + 20


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (31, 32)])
def test_small_pictures_have_hashes(size: tuple[int, int]) -> None:
    """Down to a single pixel."""
    assert len(perceptual_hash(np.full((*size, 3), 7, np.uint8))) == 32


def test_the_grid_is_the_mean_luma() -> None:
    """Against the definition in whole numbers, for sizes that 32 does not divide."""
    from seal2real import _C

    image = noise(3, 101)[:77]
    grid = _C.luma_grid(image, 5, 7)
    for r in range(5):
        for c in range(7):
            cell = image[r * 77 // 5 : (r + 1) * 77 // 5, c * 101 // 7 : (c + 1) * 101 // 7]
            red, green, blue = (int(v) for v in cell.reshape(-1, 3).sum(axis=0, dtype=np.int64))
            wanted = 16 * (299 * red + 587 * green + 114 * blue) // (1000 * cell[..., 0].size)
            assert grid[r, c] == wanted
    with pytest.raises(ValueError, match="luma_grid: rows and cols must be in"):
        _C.luma_grid(image, 78, 7)
    with pytest.raises(ValueError, match="luma_grid: image must have shape"):
        _C.luma_grid(image[:, :, :2], 5, 7)


def test_copies_of_a_dataset_are_recognised(tmp_path: Path) -> None:
    """Re-encoded, scaled and stripped of metadata, every image leads back to its sample."""
    db = make_db(tmp_path / "db")
    for sample in db:
        for name in ("synthetic", "clean"):
            copy = tmp_path / "copy.jpg"
            Image.fromarray(recode(sample.image(name), 40, 0.8)).save(copy, quality=70)
            match = recognise(copy, tmp_path / "db")
            assert match.found
            assert match.metadata is None
            assert (
                distance(db[match.sample or ""].image(match.image or ""), sample.image(name)) < 30
            )
    stranger = tmp_path / "stranger.png"
    Image.fromarray(noise(99)).save(stranger)
    match = recognise(stranger, tmp_path / "db")
    assert not match.found
    assert match.to_dict()["sample"] is None


@pytest.mark.parametrize("quarter", range(4))
def test_quarter_turns_are_recognised(quarter: int, tmp_path: Path) -> None:
    """Turned clockwise and re-encoded; Pillow turns counter-clockwise."""
    db = make_db(tmp_path / "db")
    for sample in db:
        image = np.rot90(sample.synthetic, -quarter)
        Image.fromarray(recode(image, 50, 0.7)).save(tmp_path / "turned.png")
        match = recognise(tmp_path / "turned.png", tmp_path / "db")
        assert match.to_dict()["turned_deg"] == 90 * quarter
        found = db[match.sample or ""].image(match.image or "")
        assert distance(found, sample.synthetic) < 30


def test_mirror_images_and_crops_are_strangers(tmp_path: Path) -> None:
    """What the command's help says that it cannot do."""
    db = make_db(tmp_path / "db")
    image = db[0].synthetic
    half = image[: image.shape[0] // 2, : image.shape[1] // 2]
    for changed in (image[:, ::-1], half):
        Image.fromarray(changed).save(tmp_path / "changed.png")
        match = recognise(tmp_path / "changed.png", tmp_path / "db")
        assert not match.found
        assert match.to_dict()["turned_deg"] is None


def test_metadata_alone_are_no_proof(tiny_db: Path, tmp_path: Path) -> None:
    """A stranger's picture with our metadata is reported with them, but not as found."""
    stranger = tmp_path / "s.jpg"
    Image.fromarray(noise(5)).save(stranger)
    stranger.write_bytes(embed(stranger.read_bytes(), Provenance("seal-db-0")))
    match = recognise(stranger, tiny_db)
    assert not match.found
    assert match.to_dict()["metadata"]["dataset_id"] == "seal-db-0"
    (tmp_path / "no.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="recognise: image must be a readable picture"):
        recognise(tmp_path / "no.jpg", tiny_db)
