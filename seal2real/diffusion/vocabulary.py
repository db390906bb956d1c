"""A tokenizer of our own in CLIP's format: byte-level pairs learned from captions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

__all__ = ["POSITIONS", "learn_merges", "read_merges", "train_tokenizer", "write_tokenizer"]

# Positions N of a padded prompt, as in Stable Diffusion.
POSITIONS = 77
_START, _END = "<|startoftext|>", "<|endoftext|>"
_WORD_END = "</w>"
# CLIP's own splitting of text into words, letters kept together and digits apart.
_WORDS = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


def train_tokenizer(texts: Iterable[str], folder: Path, *, merges: int = 600) -> CLIPTokenizer:
    """Learn a vocabulary from ``texts``, write it to ``folder`` and return the tokenizer.

    Every byte is in the vocabulary, so any text can be written, only in more tokens.

    Args:
        texts: captions.
        folder: made if it does not exist; gets vocab.json, merges.txt and tokenizer_config.json.
        merges: at most as many pairs are joined.

    Raises:
        ValueError: if ``texts`` has no word.

    Source: Sennrich et al. 2016; the layout of the vocabulary is that of CLIP (Radford et al.
        2021).
    """
    return write_tokenizer(learn_merges(texts, merges), folder)


def learn_merges(texts: Iterable[str], count: int) -> list[tuple[str, str]]:
    """Return up to ``count`` pairs to join, in order.

    Raises:
        ValueError: if ``texts`` has no word.
    """
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix=_WORD_END))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=2 * len(_bytes()) + count,
        initial_alphabet=_bytes(),
        end_of_word_suffix=_WORD_END,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    pairs = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    if not pairs:
        raise ValueError("learn_merges: texts must hold words, got none; give captions")
    return pairs[:count]


def write_tokenizer(pairs: list[tuple[str, str]], folder: Path) -> CLIPTokenizer:
    """Write the tokenizer whose merges are ``pairs`` and return it, read back."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = _bytes()
    tokens = [*letters, *(letter + _WORD_END for letter in letters)]
    tokens += dict.fromkeys(left + right for left, right in pairs)
    tokens = [*dict.fromkeys(tokens), _START, _END]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    _write_json(folder / "vocab.json", vocabulary)
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in pairs)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": POSITIONS,
        "bos_token": _START,
        "eos_token": _END,
        "unk_token": _END,
        "pad_token": _END,
        "add_prefix_space": False,
        "do_lower_case": True,
        "errors": "replace",
    }
    _write_json(folder / "tokenizer_config.json", settings)
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder)
    return tokenizer


def read_merges(folder: Path) -> list[tuple[str, str]]:
    """Return the pairs of a tokenizer that :func:`write_tokenizer` wrote to ``folder``."""
    lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    return [(left, right) for left, _, right in (line.partition(" ") for line in lines)]


def _bytes() -> list[str]:
    """Return the 256 signs that stand for bytes, in a fixed order."""
    return sorted(pre_tokenizers.ByteLevel.alphabet())


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
