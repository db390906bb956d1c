"""Kinds of procedural documents: each sets one page on a sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from seal2real.pages.documents import business
from seal2real.pages.documents.contract import contract_en, contract_zh
from seal2real.pages.documents.labels import EN, ZH
from seal2real.pages.documents.notice import letter_en, letter_zh, notice_en, notice_zh
from seal2real.pages.style import A4_MM, Setting
from seal2real.pages.words import Filler
from seal2real.rng import Rng

__all__ = ["DOCUMENTS", "Document"]

# A4 upright and across, half sheets, the narrow slips of bills and receipts; mm.
_UPRIGHT = (A4_MM,)
_BILLS = (A4_MM, (240.0, 140.0), (215.0, 140.0), (297.0, 210.0))
_SLIPS = ((190.0, 100.0), (210.0, 110.0), (175.0, 85.0), (210.0, 148.0))
_LISTS = (A4_MM, A4_MM, (297.0, 210.0))


@dataclass(frozen=True)
class Document:
    """A kind of page.

    ``compose`` sets it, ``weight`` is its share, ``sizes_mm`` the paper it comes on, ``tinted`` the
    share of coloured paper, ``small`` whether it is set small with narrow margins.
    """

    kind: str
    language: str
    compose: Callable[[Setting, Rng, Filler], None]
    weight: float
    sizes_mm: tuple[tuple[float, float], ...] = _UPRIGHT
    tinted: float = 0.05
    small: bool = False


def _business(language: str) -> tuple[Document, ...]:
    labels = {"zh": ZH, "en": EN}[language]

    def document(
        kind: str, compose: Callable[..., None], weight: float, **more: object
    ) -> Document:
        return Document(kind, language, partial(compose, labels=labels), weight, **more)  # type: ignore[arg-type]

    return (
        document("invoice", business.invoice, 1.6, sizes_mm=_BILLS, tinted=0.15, small=True),
        document("statement", business.statement, 1.0),
        document("table", business.listing, 1.3, sizes_mm=_LISTS),
        document("receipt", business.receipt, 1.2, sizes_mm=_SLIPS, tinted=0.4, small=True),
        document("form", business.form, 1.3),
    )


DOCUMENTS = (
    Document("contract", "zh", contract_zh, 3.0),
    Document("notice", "zh", notice_zh, 1.6),
    Document("letter", "zh", letter_zh, 1.6),
    *_business("zh"),
    Document("contract", "en", contract_en, 2.0),
    Document("notice", "en", notice_en, 1.0),
    Document("letter", "en", letter_en, 1.5),
    *_business("en"),
)
