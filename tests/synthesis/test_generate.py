"""The sample factory: what a sample depends on, and what its labels promise."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.record import decode_support, schema_errors
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample

COUNT = 12


def recipe(**changes: object) -> Recipe:
    """A small recipe; single pages of one seal each, unless changed."""
    return Recipe(**{"count": COUNT, "seed": 5, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """The samples of the small recipe."""
    factory = SampleFactory(recipe())
    return [factory(index) for index in range(COUNT)]


def same(a: Sample, b: Sample) -> bool:
    """Whether two samples agree in every array and in their records."""
    planes = ("synthetic", "clean", "mask", "shape", "classes", "support")
    arrays = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in planes)
    return arrays and json.dumps(a.record) == json.dumps(b.record)


def test_a_sample_depends_on_seed_and_index_alone(samples: list[Sample]) -> None:
    """A fresh, pickled factory that makes one sample only gives the same sample."""
    factory = pickle.loads(pickle.dumps(SampleFactory(recipe())))
    assert same(factory(7), samples[7])
    assert not same(SampleFactory(recipe(seed=6))(7), samples[7])


def test_records_satisfy_the_schema(samples: list[Sample]) -> None:
    """The shipped JSON Schema accepts every record once it has its provenance."""
    for sample in samples:
        provenance = {
            "generator": "seal2real 0",
            "dataset_id": "seal-db-0",
            "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic",
        }
        record = json.loads(json.dumps({**sample.record, "provenance": provenance}))
        assert schema_errors(record) == []


def test_clean_and_synthetic_are_equal_outside_the_support(samples: list[Sample]) -> None:
    """The support is the promise that removal and paste-back rely on (docs/data-format.md)."""
    for sample in samples:
        assert np.array_equal(decode_support(sample.record["support"]), sample.support)
        outside = ~sample.support
        assert np.array_equal(sample.synthetic[outside], sample.clean[outside])
        assert not sample.mask[outside].any()


def test_ink_lies_on_the_recorded_seals(samples: list[Sample]) -> None:
    """Boxes are recomputed from the mask; a bit is set only for a recorded seal."""
    seen = 0
    for sample in samples:
        seals = sample.record["seals"]
        assert int(sample.mask.max()) < 1 << len(seals)
        for seal in seals:
            rows, columns = np.nonzero(sample.mask & (1 << seal["bit"]))
            box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert seal["bbox"] == [int(v) for v in box]
            seen += 1
    assert seen >= COUNT // 2


def test_crops_hold_their_first_seal(samples: list[Sample]) -> None:
    """A crop is framed round its first seal: the centre lies inside, at the recorded scale."""
    for sample in samples:
        record = sample.record
        assert sample.synthetic.shape == (512, 512, 3)
        assert record["page"]["size_mm"][0] == pytest.approx(
            512 / record["page"]["dpi"] * 25.4, 1e-3
        )
        for seal in record["seals"][:1]:
            if seal["group"] is None:
                assert all(0 < value < 512 for value in seal["center"])


def test_characters_are_where_their_quads_say(samples: list[Sample]) -> None:
    """Text classes are drawn where the quads lie: most of them hold shape pixels of the seal."""
    hits = total = 0
    for sample in samples:
        for seal in sample.record["seals"]:
            for text in seal["texts"]:
                for char in text["chars"]:
                    x, y = np.mean(char["quad"], axis=0).astype(int)
                    if 4 <= x < 508 and 4 <= y < 508:
                        around = sample.shape[y - 4 : y + 5, x - 4 : x + 5]
                        hits += bool((around & (1 << seal["bit"])).any())
                        total += 1
    assert total > 50
    assert hits / total > 0.95


def test_cross_page_parts_share_seal_and_ink() -> None:
    """Parts of a group have one owner, one ink and consecutive numbers, in one shard."""
    wanted = recipe(count=16, shard_samples=8, options={"cross_page": 1.0})
    factory = SampleFactory(wanted)
    groups: dict[str, list[dict[str, object]]] = {}
    for index in range(16):
        for seal in factory(index).record["seals"]:
            if seal["group"]:
                groups.setdefault(seal["group"]["id"], []).append(seal)
    assert groups
    for parts in groups.values():
        assert [part["group"]["part"] for part in parts] == list(range(len(parts)))  # type: ignore[index]
        assert len({json.dumps(part["ink"]) for part in parts}) == 1
        assert len({json.dumps(part["spec"]) for part in parts}) == 1


def test_a_cross_page_part_is_cut_at_its_strip() -> None:
    """With two pages, part 0 shows the left half of the seal and nothing beyond the page."""
    factory = SampleFactory(recipe(count=8, shard_samples=8, options={"cross_page": 1.0}))
    for index in range(8):
        sample = factory(index)
        for seal in sample.record["seals"]:
            group = seal["group"]
            if group is None:
                continue
            shown = seal["bbox"][2] - seal["bbox"][0]
            scale = sample.record["page"]["dpi"] / 25.4
            assert shown <= seal["width_mm"] * scale / group["of"] + 2


def test_seal_free_pages_have_empty_planes() -> None:
    """With share 1 no sample has a seal, and both pictures are one."""
    sample = SampleFactory(recipe(options={"seal_free": 1.0, "cross_page": 0.0}))(3)
    assert sample.record["seals"] == []
    assert not sample.mask.any()
    assert not sample.support.any()
    assert np.array_equal(sample.clean, sample.synthetic)


def page_folder(folder: Path, count: int) -> Path:
    """Plain pages of different greys."""
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (850, 1200), (200 + number,) * 3).save(
            folder / f"{number:02d}.png", dpi=(100, 100)
        )
    return folder


def test_split_pages_keeps_page_files_apart(tmp_path: Path) -> None:
    """With 40 files and --split-pages no file is met in two splits."""
    pages = page_folder(tmp_path / "pages", 40)
    options = {"split_pages": True}
    wanted = recipe(count=40, size="256", dpi=100.0, pages=(str(pages),), options=options)
    factory = SampleFactory(wanted)
    met: dict[str, set[str]] = {}
    for index in range(40):
        record = factory(index).record
        met.setdefault(record["page"]["source"]["name"], set()).add(record["split"])
    assert len(met) > 10
    assert all(len(splits) == 1 for splits in met.values())


def test_too_few_pages_to_split_is_an_error(tmp_path: Path) -> None:
    """One file cannot be in three splits."""
    pages = page_folder(tmp_path / "pages", 1)
    options = {"split_pages": True}
    factory = SampleFactory(recipe(count=40, pages=(str(pages),), options=options))
    with pytest.raises(ValueError, match="split must have pages"):
        factory.check()


def test_invoice_seals_are_red() -> None:
    """Invoice seals are red by rule, whatever is usual elsewhere."""
    options = {"cross_page": 0.0, "seal_free": 0.0}
    factory = SampleFactory(recipe(presets=("invoice",), options=options))
    colours = {seal["colour"] for i in range(COUNT) for seal in factory(i).record["seals"]}
    assert colours == {"red"}


def test_user_fonts_stand_in_for_the_presets_own() -> None:
    """Every text is drawn in the given font; the role remembers what was prescribed."""
    options = {"fonts": ["hei"], "cross_page": 0.0, "seal_free": 0.0}
    record = SampleFactory(recipe(presets=("company",), options=options))(0).record
    texts = [text for seal in record["seals"] for text in seal["texts"]]
    assert texts
    assert {text["font"] for text in texts} == {"hei"}
    assert "song" in {text["font_role"] for text in texts}


def test_a_font_that_is_none_is_refused(tmp_path: Path) -> None:
    """A text file is not a font; it is named before anything is drawn."""
    (tmp_path / "a.ttf").write_text("no font")
    with pytest.raises(ValueError, match=r"a\.ttf"):
        SampleFactory(recipe(options={"fonts": [str(tmp_path / "a.ttf")]})).check()


def test_the_visible_mark_is_on_both_pictures() -> None:
    """Lower left corner: both pictures differ there from the unmarked sample, in the same way."""
    options = {"capture": "none", "seal_free": 0.0, "cross_page": 0.0}
    plain = SampleFactory(recipe(options=options))(2)
    marked = SampleFactory(recipe(options=options, visible_mark=True))(2)
    corner = (slice(480, 512), slice(0, 200))
    assert (marked.clean[corner] != plain.clean[corner]).any()
    outside = ~marked.support
    assert np.array_equal(marked.clean[outside], marked.synthetic[outside])


def layout_file(folder: Path) -> Path:
    """Two seals on page 0 and one on page 4."""
    rows = [
        {"page": 0, "spec": "company", "x_mm": 60, "y_mm": 80, "angle": 10},
        {"page": 0, "spec": "invoice", "x_mm": 150, "y_mm": 200},
        {"page": 4, "spec": "receipt", "x_mm": 100, "y_mm": 100, "angle": -5},
    ]
    file = folder / "layout.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


def test_layout_files_place_seals_in_millimetres(tmp_path: Path) -> None:
    """Centres and angles are those of the file, at the page's resolution."""
    wanted = recipe(count=2, size="page", layout=str(layout_file(tmp_path)))
    first = SampleFactory(wanted)(0).record
    scale = first["page"]["dpi"] / 25.4
    centers = [np.asarray(seal["center"]) / scale for seal in first["seals"]]
    assert np.allclose(centers, [[60, 80], [150, 200]], atol=0.01)
    assert [seal["type"] for seal in first["seals"]] == ["company", "invoice"]
    assert [seal["angle_deg"] for seal in first["seals"]] == [10, 0]


def test_layout_crops_are_framed_round_each_seal(tmp_path: Path) -> None:
    """A line is a crop; its own seal comes first."""
    factory = SampleFactory(recipe(count=3, layout=str(layout_file(tmp_path))))
    first_types = [factory(index).record["seals"][0]["type"] for index in range(3)]
    assert first_types == ["company", "invoice", "receipt"]


def test_more_samples_than_the_layout_has_are_refused(tmp_path: Path) -> None:
    """Two pages are laid out; a third sample would be invented."""
    wanted = recipe(count=3, size="page", layout=str(layout_file(tmp_path)))
    with pytest.raises(ValueError, match="count must be at most 2"):
        SampleFactory(wanted).check()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seal_fre": 0.1}, "got 'seal_fre'"),
        ({"seal_free": 1.5}, r"seal_free must be in 0\.\.1"),
        ({"page_reuse": 0}, "page_reuse must be at least 1"),
        ({"capture": "camera"}, "capture must be one of"),
        ({"rules": ["text", "tabel"]}, "rules must be among .*got 'tabel'"),
        ({"template_width_mm": -4}, "template_width_mm must be above 0"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    """The message names the option and its rule."""
    with pytest.raises(ValueError, match=message):
        SampleFactory(recipe(options=options))


def test_seals_that_stand_alone_follow_the_rules_asked_for() -> None:
    """Beside and overlapping are no rules: they say where further seals of a page are."""
    options = {"rules": ["text", "table"], "cross_page": 0.0}
    factory = SampleFactory(recipe(count=60, size="page", options=options))
    rules = {factory(k).record["seals"][0]["rule"] for k in range(20) if factory(k).record["seals"]}
    assert rules == {"text", "table"}


def test_unknown_presets_are_named_with_the_nearest() -> None:
    """A typo is answered by the name that was probably meant."""
    with pytest.raises(ValueError, match="did you mean 'company'"):
        SampleFactory(recipe(presets=("compny",))).check()
