"""From (recipe, index) to a realised, gated sample: draw, realise, judge, try again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seal2real.realise.gate import GATE, Gate, GateResult, judge
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.record import dump_record
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample, SealDB

__all__ = [
    "MAX_ATTEMPTS",
    "METHODS",
    "POLICIES",
    "SCOPES",
    "Realisation",
    "RealisedFactory",
    "Realiser",
]

# (sample, random stream) -> uint8 [H, W, 3] RGB
Realiser = Callable[[Sample, Rng], NDArray[np.uint8]]

METHODS = ("traditional", "forger", "gan", "diffusion-fake", "diffusion-real")
SCOPES = ("support", "crop")
POLICIES = ("drop", "keep")
MAX_ATTEMPTS = 4
# Samples made together, and their pixels: 16 crops of 256 px, whose images and planes take 16 MB.
_MOST_TOGETHER = 16
_PIXELS_TOGETHER = 1 << 20


@dataclass(frozen=True)
class Realisation:
    """How samples are realised: the ``realisation`` of a recipe.

    Raises:
        ValueError: if a field breaks the rule stated above it.
    """

    # one of METHODS
    method: str = "forger"
    # sha256 of the network's file, or of the prior's files together; None for "traditional"
    weights: str | None = None
    # "support": pasted back through the feathered support; "crop": the whole image, as in the
    # paper, where the clean pair is not exact
    scope: str = "support"
    # what becomes of a sample that fails every attempt: "drop" leaves a hole, "keep" flags it
    policy: str = "drop"
    # tries at most, 1..4
    attempts: int = MAX_ATTEMPTS
    # whether the gate also reads the seals with an OCR
    ocr: bool = False
    # id of the Seal-DB whose samples are realised; None draws them
    source: str | None = None
    # the gate's thresholds
    gate: dict[str, Any] = field(default_factory=GATE.to_dict)
    # versions of what runs the network, name -> version
    engine: dict[str, str] = field(default_factory=dict)
    # settings of the method, name -> JSON value
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        choices = {"method": METHODS, "scope": SCOPES, "policy": POLICIES}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"Realisation: {name} must be one of {', '.join(known)}, got "
                    f"{getattr(self, name)!r}; choose one of them"
                )
        if not 1 <= self.attempts <= MAX_ATTEMPTS:
            raise ValueError(
                f"Realisation: attempts must be in 1..{MAX_ATTEMPTS}, got {self.attempts}; "
                "more would hide a realiser that moves labels"
            )
        if (self.weights is None) != (self.method == "traditional"):
            raise ValueError(
                f"Realisation: weights must be given for every method but traditional, got "
                f"{self.weights} for {self.method}; name the network's file"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the realisation as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Realisation:
        """Return the realisation that a recipe holds.

        Raises:
            ValueError: if a key is unknown or a value breaks its rule.
        """
        names = [item.name for item in fields(cls)]
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise ValueError(
                f"Realisation: keys must be among {', '.join(names)}, got {unknown[0]!r}; "
                "check its spelling"
            )
        return cls(**data)


class RealisedFactory:
    """Turn sample indices of a recipe into realised samples.

    Sources and networks are opened on first use, so the factory pickles as what it was made of.

    Args:
        recipe: what to draw, with its ``realisation``.
        weights: the network's file (a prior's folder); None for "traditional".
        source: the Seal-DB whose samples are realised; None draws new ones.

    Raises:
        ValueError: if the recipe has no realisation, or breaks the rules of :mod:`.rules`.
    """

    def __init__(
        self, recipe: Recipe, weights: Path | None = None, source: Path | None = None
    ) -> None:
        if recipe.realisation is None:
            raise ValueError(
                "RealisedFactory: recipe must have a realisation, got none; "
                "SampleFactory draws without"
            )
        self.recipe, self.weights, self.source = recipe, weights, source
        self.realisation = Realisation.from_dict(recipe.realisation)

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: getattr(self, name) for name in ("recipe", "weights", "source", "realisation")
        }

    @cached_property
    def drawn(self) -> SampleFactory:
        """What draws the samples."""
        # The streams that draw a sample do not depend on its realisation.
        return SampleFactory(self.recipe)

    @cached_property
    def realiser(self) -> Realiser:
        """The opened realiser."""
        from seal2real.realise.methods import open_realiser

        return open_realiser(self.realisation, self.weights)

    @cached_property
    def gate(self) -> Gate:
        """The thresholds."""
        return Gate(**self.realisation.gate)

    @cached_property
    def db(self) -> SealDB | None:
        """The opened Seal-DB whose samples are realised."""
        if self.source is None:
            return None
        from seal2real.sealdb.reader import SealDB

        return SealDB(self.source)

    @cached_property
    def _read(self) -> Callable[[NDArray[np.uint8], dict[str, Any]], str] | None:
        if not self.realisation.ocr:
            return None
        from seal2real.realise.ocr import line_reader

        return line_reader()

    def check(self) -> None:
        """Open everything, so that bad input is found before anything is drawn.

        Raises:
            ValueError, OSError: if something is unusable or against the rules of use.
        """
        from seal2real.realise.rules import check_use

        check_use(self.drawn, self.realisation)
        self.drawn.check()
        _ = self.realiser, self.db, self._read

    def __call__(self, index: int) -> Sample | None:
        """Return sample ``index`` realised, or None where it is dropped (or was, in the source)."""
        return self._settled(index, self._tried([index], 0)[0])

    def many(self, indices: Sequence[int]) -> Iterator[Sample | None]:
        """Yield what calling gives for each of ``indices``, up to 16 made together.

        A network and what draws throw each other's code and data out of the processor's caches:
        drawing several samples in a row, then realising them, takes 7.2 ms a sample beside the
        network where one after the other takes 7.6.
        """
        step = self.together
        for start in range(0, len(indices), step):
            part = indices[start : start + step]
            try:
                firsts = self._tried(part, 0)
            except Exception:  # whichever sample it comes from says so when its turn comes
                yield from map(self, part)
                continue
            yield from map(self._settled, part, firsts)

    @property
    def together(self) -> int:
        """How many samples are made together: 1 of whole pages, which take much memory."""
        pixels = self.recipe.pixels
        return 1 if pixels is None else min(max(_PIXELS_TOGETHER // pixels**2, 1), _MOST_TOGETHER)

    def _tried(self, indices: Sequence[int], attempt: int) -> list[Sample | None]:
        """Return an attempt at each sample, a stage at a time; None where the source has a hole."""
        drawn = [(index, self._draw(index, attempt)) for index in indices]
        there = [(index, sample) for index, sample in drawn if sample is not None]
        seed = self.recipe.seed
        forged = [
            self.realiser(sample, Rng(seed, index, "realise", attempt)) for index, sample in there
        ]
        results = [
            judge(image, sample, self.gate, read=self._read)
            for image, (_, sample) in zip(forged, there, strict=True)
        ]
        made = {
            index: self._finished(sample, image, result, attempt)
            for image, result, (index, sample) in zip(forged, results, there, strict=True)
        }
        return [made.get(index) for index in indices]

    def _settled(self, index: int, made: Sample | None) -> Sample | None:
        """Return the first attempt ``made`` at a sample, or the first later one that passes."""
        for attempt in range(1, self.realisation.attempts):
            if made is None or _passed(made):
                return made
            if self.source is not None and not self._varies:
                break  # the same labels and no noise: another try would give the same
            made = self._tried([index], attempt)[0]
        if made is None or _passed(made) or self.realisation.policy == "keep":
            return made
        return None

    @property
    def _varies(self) -> bool:
        """Whether the realiser gives another result from another stream."""
        return bool(getattr(self.realiser, "noise_channels", 0))

    def _draw(self, index: int, attempt: int) -> Sample | None:
        """Return the synthetic sample to realise; None where the source has a hole."""
        if self.db is None:
            return self.drawn(index, attempt)
        try:
            stored = self.db[f"{index:09d}"]
        except KeyError:
            return None
        sample = self.drawn(index, int(stored.record["seed"][2]))
        _check_same_labels(stored, sample)
        return sample

    def _finished(
        self, sample: Sample, forged: NDArray[np.uint8], result: GateResult, attempt: int
    ) -> Sample:
        realisation = {
            "method": self.realisation.method,
            "weights": self.realisation.weights,
            "scope": self.realisation.scope,
            "clean_exact": self.realisation.scope == "support",
            "attempts": attempt + 1,
            "passed": result.passed,
            "failed": list(result.failed),
            "gate_scores": result.scores,
        }
        return replace(sample, forged=forged, record={**sample.record, "realisation": realisation})


def _passed(made: Sample) -> bool:
    return bool(made.record["realisation"]["passed"])


# Fields of a record that drawing decides.
_DRAWN = ("page", "seals", "overlaps", "capture", "support")


def _check_same_labels(stored: DbSample, sample: Sample) -> None:
    """Refuse a source that is not what its recipe draws here and now.

    Raises:
        ValueError: if a label differs.
    """
    drawn = json.loads(dump_record({name: sample.record[name] for name in _DRAWN}))
    for name in _DRAWN:
        if stored.record[name] != drawn[name]:
            raise ValueError(
                f"RealisedFactory: sample {stored.id} must be redrawn as it is stored, got "
                f"another {name}; give the pages, fonts and profile that the Seal-DB was made with"
            )
