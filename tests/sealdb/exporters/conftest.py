"""The dataset that the exporter tests share."""

from __future__ import annotations

import pytest

from seal2real.sealdb.reader import SealDB
from tests.support.labelled_db import make_db


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> SealDB:
    """The scenes of tests.support.labelled as a Seal-DB."""
    return make_db(tmp_path_factory.mktemp("labelled") / "db")
