"""Two-sample tests between sets of seal images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from seal2real.rng import Rng
from seal2real.training.data.real_files import BORDER_PX

# The smallest photographed seal is 193 px wide: none is enlarged.
DIAMETER_PX = 192.0
PATCH_PX = 64
PATCHES = 12
FOLDS = 5
# What the judges of a fold learn from of the seals drawn for it; they are asked about the others.
KNOWN = 80
BOOTSTRAP = 1000
COMMITTEE = 3
JUDGES = ("probe", "cnn", "cnn on white")
_NOBODY = np.empty(0, np.int64)
_BLUR_SIGMA, _QUALITY = 0.8, 75
# A pixel is ink if it is this much darker, in its darkest channel, than the paper near it.
_INK = 0.82
_LEAST_INK = 0.06
# A pixel is black print, or as black as print, if its clearest channel leaves less of the paper's
# light; patches have little of it. No method changes print, and it tells drawn pages from photographed
# ones: with print in the patches judges hardly looked at ink.
_PRINT = 0.5
_MOST_PRINT = 0.04
_TRIES = 60
# Patches lie within a square of this half side, in diameters: photographs are cut close to the ring,
# and drawn images, which reach farther, would show more of it.
_REACH = 0.465
_CNN_STEPS = 250
# A second committee sees patches whose paper is white, in more updates and turned: the paper's colour
# and light differ from photograph to photograph and hide how JPEG and ink look.
_WHITE_STEPS = 600
# Light of that paper, and the share of a patch's pixels that are darker than its paper.
_WHITE, _DARKER = 200.0, 0.9

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Seal:
    """One image of one seal: its patches, and what must not be split."""

    group: str
    # uint8 [PATCHES, 64, 64, 3]
    patches: Rgb


def harmonised(image: Rgb, centre: tuple[float, float], diameter: float) -> tuple[Rgb, Floats]:
    """Return the image at 192 px a diameter, blurred and compressed alike, and the new centre."""
    inner = image[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    scale = DIAMETER_PX / diameter
    size = (round(inner.shape[1] * scale), round(inner.shape[0] * scale))
    small = Image.fromarray(inner).resize(size, Image.Resampling.BICUBIC, reducing_gap=None)
    blurred = np.ascontiguousarray(small.filter(ImageFilter.GaussianBlur(_BLUR_SIGMA)))
    data = simplejpeg.encode_jpeg(blurred, _QUALITY, "RGB", "420")
    return simplejpeg.decode_jpeg(data, "RGB"), (np.array(centre) - BORDER_PX) * scale


def ink_of(image: Rgb) -> NDArray[np.bool_]:
    """Return which pixels are darker than the paper near them."""
    return _below_paper(image.min(axis=2), _INK)


def print_of(image: Rgb) -> NDArray[np.bool_]:
    """Return which pixels are dark in every channel."""
    return _below_paper(image.max(axis=2), _PRINT)


def _below_paper(plane: NDArray[np.uint8], share: float) -> NDArray[np.bool_]:
    light = Image.fromarray(plane)
    paper = np.asarray(light.filter(ImageFilter.MaxFilter(15)).filter(ImageFilter.BoxBlur(7)))
    return np.asarray(light) < share * paper


def cut_patches(image: Rgb, centre: Floats, rng: Rng) -> Rgb | None:
    """Return inked patches with little print, turned by quarters; None if there are too few."""
    ink, dark, half = ink_of(image), print_of(image), PATCH_PX // 2
    found: list[Rgb] = []
    for _ in range(_TRIES * PATCHES):
        offset = (
            (np.array([rng.uniform(), rng.uniform()]) - 0.5) * 2.0 * (_REACH * DIAMETER_PX - half)
        )
        x, y = (round(float(v)) for v in centre + offset)
        inside = half <= x <= image.shape[1] - half and half <= y <= image.shape[0] - half
        if not inside:
            continue
        at = (slice(y - half, y + half), slice(x - half, x + half))
        if ink[at].mean() >= _LEAST_INK and dark[at].mean() <= _MOST_PRINT:
            found.append(np.rot90(image[at], rng.integer(0, 4)))
        if len(found) == PATCHES:
            return np.stack(found)
    return None


def folds_of(seals: Sequence[Seal], seed: int) -> list[int]:
    """Return the fold of every seal; a group is in one."""
    names = Rng(seed, "folds").shuffled(sorted({seal.group for seal in seals}))
    place = {name: k % FOLDS for k, name in enumerate(names)}
    return [place[seal.group] for seal in seals]


class Detector:
    """Features of the PP-OCRv4 text detector out of rapidocr's wheel, 96 a patch.

    The last common plane before its head: means and deviations over the patch.
    """

    _PLANE = "p2o.Concat.1"

    def __init__(self) -> None:
        import onnx
        import onnxruntime
        import rapidocr_onnxruntime

        models = Path(rapidocr_onnxruntime.__file__).parent / "models"
        model = onnx.load(models / "ch_PP-OCRv4_det_infer.onnx")
        model.graph.output.append(onnx.ValueInfoProto(name=self._PLANE))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._mean = np.array([0.485, 0.456, 0.406], np.float32)
        self._sigma = np.array([0.229, 0.224, 0.225], np.float32)

    def __call__(self, seals: Sequence[Seal]) -> Floats:  # [N, PATCHES, C]
        """Return the features of every patch."""
        return np.stack([self._features(seal.patches) for seal in seals])

    def _features(self, patches: Rgb) -> Floats:
        wide = np.ascontiguousarray(patches[..., ::-1]).astype(np.float32) / 255.0
        scaled = ((wide - self._mean) / self._sigma).transpose(0, 3, 1, 2).astype(np.float32)
        name = self._session.get_inputs()[0].name
        plane = self._session.run([self._PLANE], {name: np.ascontiguousarray(scaled)})[0]
        parts = [plane.mean(axis=(2, 3)), plane.std(axis=(2, 3))]
        return np.concatenate(parts, axis=1).astype(np.float64)


def probe_scores(train: Floats, labels: Floats, test: Floats) -> Floats:
    """Return scores of a ridge-regularised logistic regression: [N, P, C], [N] -> [M] a seal."""
    import torch

    flat = train.reshape(-1, train.shape[-1])
    mean, sigma = flat.mean(axis=0), flat.std(axis=0) + 1e-6
    x = torch.from_numpy((flat - mean) / sigma)
    y = torch.from_numpy(np.repeat(labels, train.shape[1]))
    weight = torch.where(y > 0, 1.0 / y.sum(), 1.0 / (1 - y).sum())
    w = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([w], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        logits = x @ w[:-1] + w[-1]
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, y, weight, reduction="sum"
        )
        value = entropy + 0.01 * (w[:-1] ** 2).sum()
        value.backward()
        return value

    search.step(loss)
    found = w.detach().numpy()
    return np.asarray((((test - mean) / sigma) @ found[:-1]).mean(axis=1))


def cnn_scores(
    train: Sequence[Seal], labels: Floats, test: Sequence[Seal], seed: int, *, white: bool = False
) -> Floats:
    """Return the mean scores of a few small CNNs trained on the patches, [M] a seal.

    One alone differs from seed to seed by as much as the sources do. With ``white`` each channel of a
    patch is divided by its paper.
    """
    seeds = range(seed * COMMITTEE, (seed + 1) * COMMITTEE)
    shown = [[_seen(seal, white) for seal in seals] for seals in (train, test)]
    return np.mean([_one_cnn(shown[0], labels, shown[1], own, white) for own in seeds], axis=0)


def _seen(seal: Seal, white: bool) -> NDArray[np.float32]:  # [PATCHES, 3, 64, 64]
    """Return what a CNN sees of a seal, 0..1."""
    light = seal.patches.astype(np.float32)
    if white:
        paper = np.quantile(light, _DARKER, axis=(1, 2), keepdims=True)
        light = np.clip(light / np.maximum(paper, 1.0) * _WHITE, 0.0, 255.0)
    return np.ascontiguousarray(light.transpose(0, 3, 1, 2) / 255.0, dtype=np.float32)


def _one_cnn(
    train: Sequence[NDArray[np.float32]],
    labels: Floats,
    test: Sequence[NDArray[np.float32]],
    seed: int,
    white: bool,
) -> Floats:
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for a, b in ((3, 16), (16, 32), (32, 48), (48, 64)):
        layers += [nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.ReLU()]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3))
    net.append(nn.Linear(64, 1))
    adam = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.02)
    patches = [torch.from_numpy(seen) for seen in train]
    real, other = np.flatnonzero(labels > 0), np.flatnonzero(labels <= 0)
    draw = Rng(seed, "cnn")
    for _ in range(_WHITE_STEPS if white else _CNN_STEPS):
        chosen = [draw.choice(half.tolist()) for half in (real, other) for _ in range(24)]
        x = torch.stack([patches[k][draw.integer(0, PATCHES)] for k in chosen])
        if draw.bernoulli(0.5):
            x = x.flip(3)
        if white:
            x = torch.rot90(x, draw.integer(0, 4), (2, 3))
        y = torch.tensor(labels[chosen], dtype=torch.float32)
        loss = nn.functional.binary_cross_entropy_with_logits(net(x - 0.6)[:, 0], y)
        adam.zero_grad()
        loss.backward()
        adam.step()
    net.eval()
    with torch.no_grad():
        return np.array([float(net(torch.from_numpy(x) - 0.6).mean()) for x in test])


def auc(real: Floats, other: Floats) -> float:
    """Return the chance that a real image scores above another; ties count half."""
    order = real[:, None] - other[None]
    return float((order > 0).mean() + 0.5 * (order == 0).mean())


def mean_aucs(results: Sequence[Mapping[str, Any]], classifier: str) -> Floats:  # [1 + BOOTSTRAP]
    """Return the AUC, mean over ``results``, of all seals and then of bootstrap samples of groups.

    A company or drawing is drawn or not in all results at once that show it. Calls draw the same
    groups where the results name the same ones. What else repeats vary (networks, patches, CNNs) is
    not drawn: the spread is of photographs and drawings, for the networks at hand.

    Args:
        results: of :func:`compare`, one a repeat.
        classifier: one of JUDGES.
    """
    companies, drawings = (_places(results, side) for side in ("real", "other"))

    def mean_auc(drawn: NDArray[np.int64], picked: NDArray[np.int64]) -> float:
        found = []
        for result, company, drawing in zip(results, companies, drawings, strict=True):
            scores = result["scores"][classifier]
            mine = np.array(scores["real"])[np.concatenate([company[i] for i in drawn])]
            theirs = np.array(scores["other"])[np.concatenate([drawing[i] for i in picked])]
            found.append(auc(mine, theirs))
        return float(np.mean(found))

    counts = len(companies[0]), len(drawings[0])
    out = [mean_auc(*(np.arange(count) for count in counts))]
    rng = np.random.default_rng(0)
    out += [mean_auc(*(rng.integers(0, n, n) for n in counts)) for _ in range(BOOTSTRAP)]
    return np.array(out)


def _places(results: Sequence[Mapping[str, Any]], side: str) -> list[list[NDArray[np.int64]]]:
    """Return where every group of all results stands in each of them, nowhere included."""
    names = sorted({group for result in results for group in result["groups"][side]})
    found = [clusters(result["groups"][side]) for result in results]
    return [[places.get(name, _NOBODY) for name in names] for places in found]


def clusters(groups: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return the places of every group."""
    names = np.array(groups)
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(groups)}


def compare(
    real: Sequence[Seal],
    real_fold: Sequence[int],
    others: Sequence[Sequence[Seal]],
    real_features: Floats,
    others_features: Sequence[Floats],
    *,
    seed: int,
    repeat: int = 0,
) -> dict[str, Any]:
    """Return what judges say of real images and of a source that may differ by fold.

    Scores of every image by a judge that learned without its fold, and the images' groups.

    Args:
        real: the photographs.
        real_fold: the fold of each, see :func:`folds_of`.
        others: for every fold, more than `KNOWN` seals made without it; or one list for all folds,
            of which each fold asks about a fifth of the groups.
        real_features: what the linear probe sees of them, [N, PATCHES, C].
        others_features: likewise for every part of ``others``.
        seed: of the folds of one list.
        repeat: of the CNNs.

    Raises:
        ValueError: if a fold has no seal of the source to learn from, or none to ask about.
    """
    scores: dict[str, dict[str, list[float]]] = {name: {"real": [], "other": []} for name in JUDGES}
    groups: dict[str, list[str]] = {"real": [], "other": []}
    for fold in range(FOLDS):
        other = others[fold % len(others)]
        other_features = others_features[fold % len(others)]
        if len(others) == FOLDS:
            other_held = np.arange(len(other)) >= KNOWN
        else:
            other_held = np.array(folds_of(other, seed + 1)) == fold
        if not other_held.any() or other_held.all():
            raise ValueError(
                f"compare: others must leave seals to learn from and to ask about in fold {fold}, "
                f"got {len(other)} with patches; draw more than {KNOWN}"
            )
        held = [np.array(real_fold) == fold, other_held]
        train = [s for s, h in zip(real, held[0], strict=True) if not h]
        train += [s for s, h in zip(other, held[1], strict=True) if not h]
        labels = np.repeat([1.0, 0.0], [int((~held[0]).sum()), int((~held[1]).sum())])
        known = np.concatenate([real_features[~held[0]], other_features[~held[1]]])
        asked = np.concatenate([real_features[held[0]], other_features[held[1]]])
        test = [s for s, h in zip(real, held[0], strict=True) if h]
        count = len(test)
        test += [s for s, h in zip(other, held[1], strict=True) if h]
        found = {
            "probe": probe_scores(known, labels, asked),
            "cnn": cnn_scores(train, labels, test, repeat),
            "cnn on white": cnn_scores(train, labels, test, repeat, white=True),
        }
        for name, values in found.items():
            # Folds have classifiers of their own: bring their scores to one scale.
            scaled = (values - values.mean()) / (values.std() + 1e-9)
            scores[name]["real"] += scaled[:count].tolist()
            scores[name]["other"] += scaled[count:].tolist()
        groups["real"] += [s.group for s in test[:count]]
        groups["other"] += [s.group for s in test[count:]]
    return {"scores": scores, "groups": groups}


def auc_rows(name: str, results: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row a classifier: AUC, mean over repeats, and its 90 % interval."""
    for classifier in results[0]["scores"]:
        found = mean_aucs(results, classifier)
        low, high = np.percentile(found[1:], [5, 95])
        yield {
            "source": name,
            "classifier": classifier,
            "repeats": len(results),
            "auc": round(float(found[0]), 4),
            "low90": round(float(low), 4),
            "high90": round(float(high), 4),
            "real": sum(len(result["groups"]["real"]) for result in results),
            "other": sum(len(result["groups"]["other"]) for result in results),
        }


def difference_row(
    name: str,
    results: Sequence[Mapping[str, Any]],
    than: str,
    others: Sequence[Mapping[str, Any]],
) -> Iterator[dict[str, Any]]:
    """Yield a row a classifier: AUC of ``name`` less that of ``than``, 90 % interval, paired.

    Both show the same drawings, repeat by repeat; one that lacks patches in either counts in neither.
    """
    pairs = [_shared(a, b) for a, b in zip(results, others, strict=True)]
    for classifier in results[0]["scores"]:
        ours, theirs = (mean_aucs([pair[k] for pair in pairs], classifier) for k in (0, 1))
        found = ours - theirs
        low, high = np.percentile(found[1:], [5, 95])
        yield {
            "source": name,
            "than": than,
            "classifier": classifier,
            "repeats": len(results),
            "difference": round(float(found[0]), 4),
            "low90": round(float(low), 4),
            "high90": round(float(high), 4),
        }


def _shared(*results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return two results with only the drawings that are in both, in one order."""
    names = sorted(set(results[0]["groups"]["other"]) & set(results[1]["groups"]["other"]))
    out = []
    for result in results:
        place = {group: k for k, group in enumerate(result["groups"]["other"])}
        scores = {
            classifier: {
                "real": part["real"],
                "other": [part["other"][place[name]] for name in names],
            }
            for classifier, part in result["scores"].items()
        }
        out.append({"scores": scores, "groups": {**result["groups"], "other": names}})
    return out
