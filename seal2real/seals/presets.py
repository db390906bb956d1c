"""The kinds of seal that can be sampled, each a distribution rather than a value."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from seal2real.rng import Rng
from seal2real.seals import flat_designs, name_designs, oval_designs, round_designs
from seal2real.seals.corpus import Texts
from seal2real.seals.design import Size
from seal2real.seals.fields import nearest, short
from seal2real.seals.spec import SealSpec

__all__ = ["PRESETS", "Preset", "get_preset"]

_RED = {"red": 1.0}
_MOSTLY_RED = {"red": 0.82, "blue": 0.08, "purple": 0.04, "black": 0.06}
_OFFICE = {"red": 0.35, "blue": 0.4, "purple": 0.1, "black": 0.15}


@dataclasses.dataclass(frozen=True)
class Preset:
    """A kind of seal.

    Attributes:
        name: how users ask for it.
        shape: the shape of every seal it makes.
        title: Chinese and English words for it.
        owners: kinds of owner of the default corpus, each as likely.
        design: ``(rng, texts, size) -> SealSpec``.
        colours: how likely each ink is, for the press.
        weight: share in a mix of presets when the user gives none.
    """

    name: str
    shape: str
    title: str
    owners: tuple[str, ...]
    design: Callable[[Rng, Texts, Size], SealSpec]
    colours: dict[str, float]
    weight: float


_TABLE = (
    ("company", "round", "公司公章 company", ("company",), round_designs.company, _MOSTLY_RED, 6),
    ("joint_stock", "round", "股份公司公章 joint-stock company", ("joint_stock",),
     round_designs.joint_stock, _MOSTLY_RED, 2),
    ("private", "round", "个体户公章 sole trader", ("shop",), round_designs.private, _MOSTLY_RED, 2),
    ("department", "round", "部门章 department", ("company", "joint_stock", "institution"),
     round_designs.department, _MOSTLY_RED, 2),
    ("special_use", "round", "专用章 special use", ("company", "joint_stock", "shop", "institution"),
     round_designs.special_use, _MOSTLY_RED, 4),
    ("contract", "round", "合同专用章 contract", ("company", "joint_stock"),
     round_designs.contract, _MOSTLY_RED, 2),
    ("finance_square", "square", "财务专用章 finance, square", ("company", "shop"),
     name_designs.finance_square, _MOSTLY_RED, 2),
    ("finance_round", "round", "财务专用章 finance, round", ("company", "joint_stock", "shop"),
     round_designs.finance_round, _MOSTLY_RED, 2),
    ("foreign_invested", "oval", "外商投资企业章 foreign-invested, bilingual", ("foreign",),
     oval_designs.foreign_invested, _MOSTLY_RED, 2),
    ("invoice", "oval", "发票专用章 invoice", ("company", "shop", "joint_stock"),
     oval_designs.invoice, _RED, 4),
    ("oval_office", "oval", "椭圆业务章 oval office seal", ("company", "institution"),
     oval_designs.oval_office, _OFFICE, 2),
    ("government", "round", "机关印章 government style", ("government",),
     round_designs.government, _RED, 2),
    ("society", "round", "工会、社团印章 union, association", ("society", "institution"),
     round_designs.society, _MOSTLY_RED, 2),
    ("name_square", "square", "方形人名章 square name seal", ("person",),
     name_designs.name_square, _MOSTLY_RED, 2),
    ("name_round", "round", "圆形人名章 round name seal", ("person",),
     name_designs.name_round, _MOSTLY_RED, 1),
    ("name_column", "rectangle", "条形人名章 name in a column or row", ("person",),
     name_designs.name_column, _MOSTLY_RED, 1),
    ("date_round", "round", "圆形日期章 round date stamp", ("company", "bank", "institution"),
     round_designs.date_round, _OFFICE, 2),
    ("date_rectangle", "rectangle", "日期章 date stamp", ("company",),
     flat_designs.date_rectangle, _OFFICE, 1),
    ("receipt", "rectangle", "收货章 receipt", ("company", "shop"), flat_designs.receipt, _OFFICE, 2),
    ("paid", "rectangle", "付讫章 paid and other words", ("company",), flat_designs.paid, _OFFICE, 2),
    ("strip", "rectangle", "条形章 business strip", ("company", "shop"), flat_designs.strip, _OFFICE, 1),
    ("number", "rectangle", "号码章 number", ("company",), flat_designs.number, _OFFICE, 1),
    ("inspection", "round", "检验章 inspector's stamp", ("company",),
     round_designs.inspection, _OFFICE, 1),
    ("square_ring", "square", "方形业务章 square with name along its sides",
     ("company", "institution", "bank"), flat_designs.square_ring, _OFFICE, 1.5),
    ("rectangle_ring", "rectangle", "长方形业务章 rectangle with name along its sides",
     ("company", "institution", "bank"), flat_designs.rectangle_ring, _OFFICE, 1.5),
    ("triangle", "triangle", "三角章 triangle", ("company", "bank", "institution"),
     flat_designs.triangle, _OFFICE, 1.5),
    ("rhombus", "rhombus", "菱形章 rhombus", ("company", "bank", "institution"),
     flat_designs.rhombus, _OFFICE, 1.5),
    ("limited_use", "round", "限用章 limited use, tall thin letters", ("brand_company",),
     round_designs.limited_use, {"red": 0.6, "blue": 0.2, "black": 0.2}, 2),
)  # fmt: skip

PRESETS: dict[str, Preset] = {row[0]: Preset(*row) for row in _TABLE}


def get_preset(name: str) -> Preset:
    """Return the preset called ``name``.

    Raises:
        ValueError: if there is none; the nearest is named.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(
            f"get_preset: name must be a preset, got {short(name)}; {nearest(name, PRESETS)}"
        )
    return PRESETS[name]
