"""Captions of drawn pages, written from their records."""

from __future__ import annotations

from typing import Any

from seal2real.rng import Rng

__all__ = ["caption"]

# What a capture makes, in words; each kind's first word is the paper's own prompt's where it fits.
_CAPTURES = {
    "none": ("an image", "a digital image"),
    "scanner": ("a scan", "a flatbed scan"),
    "photocopier": ("a photocopy", "a copy"),
    "fax": ("a fax", "a faxed copy"),
    "phone": ("a photo", "a phone photo"),
}
# Names of ink kinds as people say them.
_INK_KINDS = {
    "carved": "carved",
    "photosensitive": "flash",
    "self_inking": "self-inking",
}
_PLAIN_SHARE = 0.35
_FAKE_SHARE = 0.15
_DETAIL_SHARE = 0.5


def caption(record: dict[str, Any], rng: Rng) -> str:
    """Return an English caption of the sample that ``record`` describes.

    Some captions are as short as the paper's prompts ("a photo of document with seal"), others
    name page type, language, capture, and colour, shape and type of the seals; a drawn seal is at
    times called fake, which it is.

    Args:
        record: a sample's record.
        rng: chooses among wordings.

    Example:
        >>> caption(record, Rng(0))
        'a scan of chinese contract document with red round company seal'
    """
    if rng.bernoulli(_PLAIN_SHARE):
        return f"a photo of document {_seals_plain(record['seals'], rng)}"
    shot = rng.choice(_CAPTURES[record["capture"]["kind"]])
    return f"{shot} of {_page(record['page'], rng)} {_seals(record['seals'], rng)}"


def _page(page: dict[str, Any], rng: Rng) -> str:
    """Return the page in words, such as "chinese contract document"."""
    words = []
    name = str(page["source"].get("name", ""))
    if rng.bernoulli(_DETAIL_SHARE):
        words += [{"zh": "chinese", "en": "english"}[name[-2:]]] if name[-3:-2] == "-" else []
    if rng.bernoulli(_DETAIL_SHARE):
        words.append(str(page["type"]).replace("_", " "))
    return " ".join([*words, "document"])


def _seals_plain(seals: list[dict[str, Any]], rng: Rng) -> str:
    if not seals:
        return "without seal"
    return "with fake seal" if rng.bernoulli(_FAKE_SHARE) else "with seal"


def _seals(seals: list[dict[str, Any]], rng: Rng) -> str:
    """Return the seals in words, such as "with red round company seal and blue oval seal"."""
    if not seals:
        return rng.choice(("without seal", "with no seal"))
    return "with " + " and ".join(_seal(seal, rng) for seal in seals)


def _seal(seal: dict[str, Any], rng: Rng) -> str:
    words = []
    if rng.bernoulli(_FAKE_SHARE):
        words.append("fake")
    if rng.bernoulli(_FAKE_SHARE):
        words.append("faint" if float(seal["ink"]["strength"]) < 0.8 else "strong")
    words.append(str(seal["colour"]))
    kind, shape = str(seal["type"]).replace("_", " "), str(seal["shape"])
    if rng.bernoulli(_DETAIL_SHARE) and shape not in kind:
        words.append(shape)
    if rng.bernoulli(_FAKE_SHARE):
        words.append(_INK_KINDS.get(str(seal["ink"].get("kind", "")), ""))
    if rng.bernoulli(_DETAIL_SHARE):
        words.append(kind)
    return " ".join(word for word in [*words, "seal"] if word)
