"""A torch Dataset over a Seal-DB. The only module here that needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from seal2real.sealdb.reader import DbSample, SealDB

__all__ = ["SealDataset"]

IMAGES = ("synthetic", "clean", "forged")
PLANES = ("mask", "shape", "classes")


class SealDataset(Dataset[dict[str, Any]]):
    """Samples of one split as tensors.

    An item is a dict: "id" str; images uint8 [3, H, W] RGB; "mask" and "shape" uint8 [H, W] with
    bit k for the seal with that bit; "classes" uint8 [H, W]; "record" dict, if asked for.

    Args:
        db: the dataset or its folder.
        split: "train", "val" or "test"; None takes all.
        names: which images and planes an item has.
        record: whether an item has its record; collate lists of records yourself.
        transform: called with every item, returns what to use in its place.

    Raises:
        ValueError: if a name is unknown, or images asked for do not exist in the dataset.
    """

    def __init__(
        self,
        db: SealDB | Path | str,
        split: str | None = None,
        names: Sequence[str] = ("synthetic", "clean", "mask", "classes"),
        record: bool = False,
        transform: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        self.db = db if isinstance(db, SealDB) else SealDB(db)
        unknown = [name for name in names if name not in IMAGES + PLANES]
        if unknown:
            raise ValueError(
                f"SealDataset: names must be among {', '.join(IMAGES + PLANES)}, got "
                f"{unknown[0]!r}; check its spelling"
            )
        self.rows = self.db.rows(split)
        self.names = tuple(names)
        self.record = record
        self.transform = transform
        self._check_forged()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Any:
        """Return item ``number`` of the split."""
        sample = self.db[self.rows[number]]
        item: dict[str, Any] = {"id": sample.id}
        for name in self.names:
            item[name] = _tensor(sample, name)
        if self.record:
            item["record"] = sample.record
        return item if self.transform is None else self.transform(item)

    def _check_forged(self) -> None:
        if "forged" not in self.names:
            return
        forged = self.db.index["forged"].to_pylist()
        lacking = sum(not forged[row] for row in self.rows)
        if lacking:
            raise ValueError(
                f"SealDataset: names may hold 'forged' only where every sample is realised, got "
                f"{lacking} of {len(self.rows)} without; leave 'forged' out"
            )


def _tensor(sample: DbSample, name: str) -> torch.Tensor:
    if name in PLANES:
        return torch.from_numpy(np.array(sample.plane(name)))
    return torch.from_numpy(np.ascontiguousarray(sample.image(name).transpose(2, 0, 1)))
