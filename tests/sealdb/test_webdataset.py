"""The shards themselves, read with webdataset."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.support.labelled_db import make_db


def test_shards_are_webdataset(tmp_path):
    """One basename is one sample; every member comes back byte for byte and decodes."""
    webdataset = pytest.importorskip("webdataset")
    db = make_db(tmp_path / "db")
    for split in db.splits:
        shards = sorted(str(path) for path in (db.path / "shards").glob(f"{split}-*.tar"))
        read = list(webdataset.WebDataset(shards, shardshuffle=False))
        for found, sample in zip(read, db.samples(split), strict=True):
            assert found["__key__"] == sample.id
            members = {key: value for key, value in found.items() if not key.startswith("__")}
            assert members == {name: sample.data(name) for name in sample.members}
            assert json.loads(found["json"]) == sample.record
            with Image.open(io.BytesIO(found["mask.png"])) as mask:
                assert np.array_equal(np.asarray(mask), sample.mask)


def test_webdataset_decodes_images(tmp_path):
    """Its own decoder gives our arrays for images and label planes."""
    webdataset = pytest.importorskip("webdataset")
    db = make_db(tmp_path / "db")
    shard = str(next((db.path / "shards").glob("train-000000.tar")))
    (found,) = webdataset.WebDataset([shard], shardshuffle=False).decode("rgb8")
    sample = db[0]
    assert np.array_equal(found["synthetic.jpg"], sample.image("synthetic"))
    assert found["json"] == sample.record
