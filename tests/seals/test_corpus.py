"""Corpora: fictional names, users' files and callables, and the partition of owners."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from seal2real.rng import Rng
from seal2real.sealdb.splits import split_of_key
from seal2real.seals.corpus import (
    SPLITS,
    CallableCorpus,
    Corpus,
    FictionalCorpus,
    FileCorpus,
    Texts,
    check_entry,
    normalise_owner,
    open_corpus,
    owner_split,
)
from seal2real.seals.fictional import KINDS, compose_owner, fill_role
from seal2real.seals.fonts import missing_characters
from seal2real.seals.invented import BUREAUS, INDUSTRIES, INSTITUTIONS, SHOPS, SOCIETIES
from seal2real.seals.real_names import is_real_place, names_something_real


@pytest.mark.parametrize("kind", list(KINDS))
def test_owners_are_fictional_and_drawable(kind: str) -> None:
    """None holds a real place, company or person; the embedded fonts have every glyph."""
    owners = [compose_owner(Rng(7, kind, i), kind) for i in range(300)]
    for entry in owners:
        assert not names_something_real(entry["owner"])
        assert not is_real_place(entry.get("place", ""))
        for font in ("song", "hei"):
            assert missing_characters(font, entry["owner"]) == ""
    assert len({entry["owner"] for entry in owners}) > 150


def test_real_names_are_recognised() -> None:
    """Names that anyone knows, alone and inside longer ones."""
    for name in ("北京", "石家庄", "呼和浩特", "凌源", "柏林"):
        assert is_real_place(name)
    for name in ("云泽腾讯科技有限公司", "中国云泽", "阿里巴巴", "深圳市云泽商行"):
        assert names_something_real(name)
    assert not names_something_real("云泽市晨岚科技有限公司")


def test_words_of_the_corpus_are_not_names() -> None:
    """A word that held a real name would make every draw with it fail."""
    words = [*BUREAUS, *INSTITUTIONS, *SHOPS, *SOCIETIES, *(zh for zh, _ in INDUSTRIES)]
    assert [word for word in words if names_something_real(word)] == []


def test_unknown_kind_and_role_name_the_nearest() -> None:
    """Typos are answered with the nearest word."""
    with pytest.raises(ValueError, match=r"compose_owner: kind must .*did you mean 'company'"):
        compose_owner(Rng(1), "compani")
    with pytest.raises(ValueError, match=r"fill_role: role must .*did you mean 'phone'"):
        fill_role(Rng(1), "fone", {"owner": "x"})


def test_texts_do_not_depend_on_the_order_of_asking() -> None:
    """Each role has its own stream."""
    one, two = (Texts({"owner": "甲"}, Rng(3)) for _ in range(2))
    assert (one["code"], one["phone"]) == tuple(reversed((two["phone"], two["code"])))
    assert one.given("tax") is None
    assert one.given("owner") == "甲"


def test_normalised_owners() -> None:
    """Width, case, spaces and brackets do not make another owner."""
    assert (
        normalise_owner("ＡＢＣ（云泽） 公司") == normalise_owner("abc(云泽)公司") == "abc云泽公司"
    )


def test_partition_is_stable_and_shared_with_the_dataset() -> None:
    """Equal to the dataset's own rule for keys; shares come out within 5 sigma."""
    shares = (Fraction(7, 10), Fraction(2, 10), Fraction(1, 10))
    names = [f"云泽{i}公司" for i in range(4000)]
    splits = [owner_split(name, 0, shares) for name in names]
    assert splits == [split_of_key(shares, normalise_owner(name)) for name in names]
    assert abs(splits.count("val") - 800) < 5 * (4000 * 0.2 * 0.8) ** 0.5
    assert splits != [owner_split(name, 1, shares) for name in names]
    for k, split in enumerate(SPLITS):
        only = [0.0, 0.0, 0.0]
        only[k] = 1.0
        assert {owner_split(name, 0, only) for name in names[:50]} == {split}


def test_bad_fractions() -> None:
    """Shares must sum to one."""
    for bad in ((0.5, 0.5), (0.9, 0.2, 0.1), (1.5, -0.5, 0.0), (float("nan"), 0.5, 0.5)):
        with pytest.raises(ValueError, match=r"fractions must be three shares that sum to 1"):
            owner_split("x", 0, bad)


def test_fictional_corpus_keeps_to_the_split() -> None:
    """Sampling for a split gives owners of that split only, the same ones for the same stream."""
    corpus = FictionalCorpus()
    for split in SPLITS:
        entries = [corpus.sample(Rng(5, i), split) for i in range(40)]
        assert {owner_split(entry["owner"]) for entry in entries} == {split}
        assert entries == [corpus.sample(Rng(5, i), split) for i in range(40)]
    with pytest.raises(ValueError, match=r"split must be one of .*did you mean 'train'"):
        corpus.sample(Rng(1), "trian")
    with pytest.raises(ValueError, match=r"split must have a share above 0, got 'test'"):
        FictionalCorpus(fractions=(0.9, 0.1, 0)).sample(Rng(1), "test")


def write(tmp_path: Path, text: str) -> Path:
    """Write a corpus file."""
    path = tmp_path / "owners.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_file_of_owners(tmp_path: Path) -> None:
    """One owner a line; comments and blank lines are skipped; splits are disjoint."""
    names = [f"晴原第{i}商行" for i in range(60)]
    corpus = FileCorpus(write(tmp_path, "# mine\n\n" + "\n".join(names) + "\n"))
    assert isinstance(corpus, Corpus)
    assert sorted(e["owner"] for e in corpus.entries) == sorted(names)
    for split in SPLITS:
        owner = corpus.sample(Rng(2), split)["owner"]
        assert owner in names
        assert owner_split(owner) == split


def test_table_of_roles(tmp_path: Path) -> None:
    """A header names roles; empty cells are left to be filled; kind is preferred."""
    rows = "owner\tcode\tkind\n甲公司\t123\tcompany\n乙局\t\tgovernment\n"
    corpus = FileCorpus(write(tmp_path, rows), fractions=(1, 0, 0))
    assert corpus.entries[0] == {"owner": "甲公司", "code": "123", "kind": "company"}
    assert "code" not in corpus.entries[1]
    assert {corpus.sample(Rng(i), None, "government")["owner"] for i in range(9)} == {"乙局"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"owners.txt must hold owners, got none"),
        ("owner\tcode\n", r"must hold owners, got a header only"),
        ("owner\tcoed\n甲\t1\n", r"line 2: unknown role, got 'coed'; did you mean 'code'"),
        ("owner\tcode\n甲\t1\t2\n", r"line 2: row must have at most 2 cells, got 3"),
        ("owner\tcode\n\t1\n", r"line 2: entry must have an 'owner'"),
        ("甲\n" + "乙" * 61 + "\n", r"line 2: owner must be one printable line of at most 60"),
        ("甲\n", r"corpus must have an owner in split .*got 1 owners .*--split 1,0,0"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    """Each names the file, the line and the remedy."""
    with pytest.raises(ValueError, match=message):
        FileCorpus(write(tmp_path, text))


def test_file_that_is_no_text(tmp_path: Path) -> None:
    """GB18030 files are common; the remedy names iconv."""
    path = tmp_path / "owners.txt"
    path.write_bytes("云泽公司".encode("gb18030"))
    with pytest.raises(ValueError, match=r"must be UTF-8 text, got a bad byte at 0; .*iconv"):
        FileCorpus(path)


def test_callable_corpus() -> None:
    """A callable is asked until the owner fits the split; a hopeless one is an error."""
    corpus = open_corpus(lambda rng: {"owner": f"公司{rng.integer(0, 1000)}"})
    assert isinstance(corpus, CallableCorpus)
    assert owner_split(corpus.sample(Rng(1), "val")["owner"]) == "val"
    stuck = CallableCorpus(lambda rng: {"owner": "甲公司"})
    other = next(split for split in SPLITS if split != owner_split("甲公司"))
    with pytest.raises(ValueError, match=r"corpus must have an owner in split"):
        stuck.sample(Rng(1), other)
    with pytest.raises(ValueError, match=r"entry must have an 'owner', got 3"):
        CallableCorpus(lambda rng: 3).sample(Rng(1))  # type: ignore[arg-type,return-value]


def test_open_corpus() -> None:
    """Nothing gives fictional names; a corpus stays itself; the rest is refused."""
    corpus = open_corpus()
    assert isinstance(corpus, FictionalCorpus)
    assert open_corpus(corpus) is corpus
    with pytest.raises(ValueError, match=r"source must be a path, a callable or a corpus, got 3"):
        open_corpus(3)  # type: ignore[arg-type]


def test_check_entry_strips() -> None:
    """Edge spaces go, blank texts go."""
    entry = check_entry("x", {"owner": " 甲 ", "code": " "})
    assert entry == {"owner": "甲"}


def test_english_names_are_pinyin() -> None:
    """Bilingual seals carry capitals that the fonts have."""
    for i in range(50):
        english = compose_owner(Rng(i), "foreign")["english"]
        assert re.fullmatch(r"[A-Z &().,-]+", english)
