"""Our own tokenizer: CLIP's format, read by transformers, and no text that it cannot write."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal2real.diffusion.vocabulary import learn_merges, train_tokenizer

CAPTIONS = ["a photo of document with red seal", "a scan of document with blue seal"] * 3


def test_frequent_words_are_one_token(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(CAPTIONS, tmp_path / "t", merges=200)
    assert tokenizer.tokenize("A photo of document with BLUE seal") == [
        f"{word}</w>" for word in ("a", "photo", "of", "document", "with", "blue", "seal")
    ]


def test_padded_to_77_between_start_and_end(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(CAPTIONS, tmp_path / "t")
    ids = tokenizer(
        "red seal", padding="max_length", max_length=tokenizer.model_max_length, truncation=True
    ).input_ids
    assert len(ids) == 77
    assert ids[0] == tokenizer.bos_token_id
    assert ids[3:] == [tokenizer.eos_token_id] * 74
    # CLIPTextModel pools at the highest id, so the end must be the last of the vocabulary.
    assert tokenizer.eos_token_id == len(tokenizer) - 1


def test_any_text_can_be_written(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(CAPTIONS, tmp_path / "t")
    ids = tokenizer("zebra 公章 №7", add_special_tokens=False).input_ids
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids).replace(" ", "") == "zebra公章no7".replace("no", "№")


def test_bytes_on_disk_repeat(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train_tokenizer(iter(CAPTIONS), tmp_path / name)
    for file in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_merges_are_counted_and_ordered() -> None:
    """The most frequent pair comes first: in "aaab" x 9 and "b" x 1 that is a + a."""
    merges = learn_merges(["aaab"] * 9 + ["b"], 2)
    assert merges[0] == ("a", "a")
    assert len(merges) == 2


def test_nothing_to_learn_from() -> None:
    with pytest.raises(ValueError, match="texts must hold words, got none"):
        learn_merges([], 10)
