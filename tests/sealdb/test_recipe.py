"""Recipes: fields, hash, comparison."""

from __future__ import annotations

import json

import pytest

from seal2real.sealdb.errors import RecipeMismatchError
from seal2real.sealdb.recipe import Recipe, canonical_json, check_same_recipe, first_difference


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", -1),
        ("count", 1.5),
        ("count", 10**9 + 1),
        ("quality", 0),
        ("shard_samples", -2),
        ("max_pixels", 0),
        ("dpi", 0.0),
        ("dpi", float("nan")),
        ("page_width_mm", -1.0),
        ("size", "63"),
        ("size", "A4"),
        ("image_format", "bmp"),
    ],
)
def test_bad_fields_are_refused_by_name(field: str, value: object) -> None:
    """Every rule stated beside a field."""
    with pytest.raises(ValueError, match=rf"Recipe: {field} must be .*got .*; "):
        Recipe(**{"count": 10, field: value})  # type: ignore[arg-type]


def test_a_bad_split_is_refused() -> None:
    """The split's own rule."""
    with pytest.raises(ValueError, match="split must be three shares"):
        Recipe(count=10, split="0.5,0.5")


def test_json_keeps_everything() -> None:
    """to_dict, JSON and from_dict are the identity."""
    recipe = Recipe(count=7, seed=-3, pages=("a.pdf", "b"), options={"capture": "fax"}, dpi=300)
    again = Recipe.from_dict(json.loads(canonical_json(recipe.to_dict())))
    assert again == recipe
    assert again.hash() == recipe.hash()


def test_unknown_keys_are_refused() -> None:
    """A typo in a stored recipe is named."""
    with pytest.raises(ValueError, match="keys must be fields of a recipe, got 'cuont'"):
        Recipe.from_dict({"cuont": 3})


def test_the_hash_follows_every_field_and_the_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change one thing, change the hash; spell one thing differently, keep it."""
    base = Recipe(count=10, dpi=200)
    assert Recipe(count=10, dpi=200.0).hash() == base.hash()
    others = [
        Recipe(count=11),
        Recipe(count=10, seed=1),
        Recipe(count=10, options={"a": 1}),
        Recipe(count=10, inputs={"corpus": "0" * 64}),
    ]
    hashes = {base.hash(), *(other.hash() for other in others)}
    assert len(hashes) == 5
    monkeypatch.setattr(
        "seal2real.sealdb.recipe.locked_versions", lambda: {"numpy": "9.9", "seal2real": "0"}
    )
    assert base.hash() not in hashes


def test_shards_cover_every_index_once() -> None:
    """Shard k is [k*S, (k+1)*S), the last one cut at the count."""
    recipe = Recipe(count=25, shard_samples=4)
    assert [len(recipe.shard_range(k)) for k in range(recipe.shards)] == [4] * 6 + [1]
    assert [i for k in range(recipe.shards) for i in recipe.shard_range(k)] == list(range(25))
    assert all(
        recipe.split_of(i) == recipe.split_of_shard(k)
        for k in range(recipe.shards)
        for i in recipe.shard_range(k)
    )


@pytest.mark.parametrize(
    ("count", "samples"), [(0, 2), (1, 2), (24, 2), (1300, 100), (10**6, 1000)]
)
def test_default_shards(count: int, samples: int) -> None:
    """At least 13 shards where the count allows, at least 2 and at most 1000 samples in one."""
    assert Recipe(count=count).shard_samples == samples


def test_the_first_difference_is_named() -> None:
    """In the order of the recipe's fields, with both values."""
    held = Recipe(count=10, seed=1).locked()
    assert first_difference(held, held) is None
    wanted = Recipe(count=10, seed=2, quality=80)
    assert first_difference(held, wanted.locked()) == ("seed", 1, 2)
    with pytest.raises(RecipeMismatchError, match="seed is 1 there and 2 here.*another folder"):
        check_same_recipe(held, wanted, "out")


def test_a_difference_within_a_table_is_named_alone() -> None:
    """Not the whole of both tables; one that is not there counts as empty."""
    told = {"method": "forger", "gate": {"recall": 0.9, "print": 0.95}}
    other = {"method": "forger", "gate": {"recall": 0.9, "print": 0.5}}
    assert first_difference({"r": told}, {"r": other}) == ("r.gate.print", 0.95, 0.5)
    assert first_difference({"r": None}, {"r": told}) == ("r.method", None, "forger")
    assert first_difference({"r": None}, {"r": {}}) == ("r", None, {})


def test_other_versions_are_another_recipe() -> None:
    """The remedy is to install the versions of the dataset."""
    recipe = Recipe(count=10)
    held = {**recipe.locked(), "dependencies": "0" * 64}
    with pytest.raises(RecipeMismatchError, match="dependencies is .* install the versions"):
        check_same_recipe(held, recipe, "out")
