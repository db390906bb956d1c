"""Second part of `seal2real-train base`: text encoder and UNet, on drawn pages with captions."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seal2real.diffusion.base import Base, load_base
from seal2real.diffusion.latents import encode_moments, sample_latent
from seal2real.diffusion.noise import q_sample, sample_timesteps, target
from seal2real.diffusion.prompts import FAKE_PROMPT, REAL_PROMPT, embed
from seal2real.diffusion.sample import sample_images
from seal2real.diffusion.tiny import build_scheduler, build_text_encoder, build_unet
from seal2real.diffusion.vocabulary import learn_merges, read_merges, write_tokenizer
from seal2real.training.config import Config, TextUnetConfig
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.optim import Ema
from seal2real.training.pictures import grid
from seal2real.training.stage import Context, Stage
from seal2real.training.stages.vae import load_vae, signed

__all__ = ["TextUnetStage", "build_stage", "caption_merges"]

# Prompts of the sample grid.
GRID_PROMPTS = (
    "a photo of document with red round company seal",
    "a scan of chinese contract document with blue oval seal",
    "a phone photo of document without seal",
    FAKE_PROMPT,
)
_GRID_STEPS = 20
_HELD_OUT_BATCHES = 4
# The vocabulary must have the words of both learned prompts, which no drawn caption has.
_PROMPT_REPEATS = 20
# Pairs that the vocabulary joins: enough to make every word of the captions one token.
_MERGES = 600
# Side of the pages whose captions make the vocabulary: their records need no pixels.
_CAPTION_SIZE = 64


def build_stage(config: Config, context: Context) -> TextUnetStage:
    """Return the stage for ``config``, on the VAE that it names, or on that of the base it goes on from.

    Raises:
        ValueError: if there is no VAE in its folder, or no base in ``text_unet.start``.
    """
    told = config.text_unet
    start = load_base(told.start, local_files_only=True) if told.start else None
    vae: Any = start.vae if start and not told.vae else load_vae(Path(told.vae), "text_unet.vae")
    vae = vae.eval().requires_grad_(False)
    if start is None:
        return TextUnetStage(config, context, vae, caption_merges(config))
    stage = TextUnetStage(config, context, vae, read_merges(start.path / "tokenizer"))
    stage.go_on_from(start)
    return stage


def caption_merges(config: Config) -> list[tuple[str, str]]:
    """Return the vocabulary learned from the stream's captions, a function of the seed alone."""
    stream = _stream(config, "train", size=_CAPTION_SIZE)
    texts = [stream[i]["caption"] for i in range(config.text_unet.captions)]
    texts += [REAL_PROMPT, FAKE_PROMPT] * _PROMPT_REPEATS
    return learn_merges(texts, _MERGES)


class TextUnetStage(Stage):
    """Text encoder and UNet learn together to predict noise in latents of drawn pages.

    Every image serves ``reuse`` steps in a row, each time with other noise: encoding costs two
    thirds of a step of the UNet.

    Args:
        config: of the run.
        context: of this process.
        vae: frozen.
        merges: of the captions' vocabulary.
    """

    name = "text_unet"

    def __init__(
        self,
        config: Config,
        context: Context,
        vae: Any,
        merges: list[tuple[str, str]],
    ) -> None:
        self.config: TextUnetConfig = config.text_unet
        self.context, self.size, self.merges = context, config.data.size, merges
        with TemporaryDirectory() as folder:
            self.tokenizer = write_tokenizer(merges, Path(folder))
        self.steps, self.images = self.config.steps, self.config.batch
        self.drawn = _stream(config, "train")
        self.held_out = _stream(config, "val")
        self.scheduler: Any = build_scheduler()
        self.vae: Any = vae.to(context.device, memory_format=torch.channels_last)
        self.unet: Any = build_unet().to(context.device, memory_format=torch.channels_last)
        self.text: Any = build_text_encoder(self.tokenizer).to(context.device)
        self.emas = self._open_emas()
        self._optimizer = context.optimizer(
            "base",
            [*self.unet.parameters(), *self.text.parameters()],
            self.config.optimizer,
            self.steps,
        )
        # moments of the latents of recent steps
        self._latents: OrderedDict[int, tuple[Tensor, Tensor, Tensor]] = OrderedDict()

    def go_on_from(self, start: Base) -> None:
        """Take the weights of ``start``, whose vocabulary is this stage's."""
        self.unet.load_state_dict(start.unet.state_dict())
        self.text.load_state_dict(start.text_encoder.state_dict())
        self.emas = self._open_emas()

    def _open_emas(self) -> dict[str, Ema]:
        decay = self.config.ema_decay
        return {"unet": Ema(self.unet, decay), "text_encoder": Ema(self.text, decay)}

    def modules(self) -> dict[str, nn.Module]:
        """Return all three networks."""
        return {"vae": self.vae, "unet": self.unet, "text_encoder": self.text}

    def trained(self) -> tuple[str, ...]:
        """Return the two that learn."""
        return ("unet", "text_encoder")

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return their common optimizer."""
        return {"base": self._optimizer}

    def identity(self) -> dict[str, str]:
        """Return the hash of the VAE's weights."""
        hasher = hashlib.sha256()
        for name, value in sorted(self.vae.state_dict().items()):
            hasher.update(name.encode())
            hasher.update(value.float().cpu().contiguous().numpy().tobytes())
        return {"vae": hasher.hexdigest()}

    def batch(self, step: int) -> dict[str, Any]:
        """Return the new images of ``step``: "image" uint8 [b, 3, H, W], "tokens" int64 [b, N]."""
        return self._items(self.drawn, step)

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """Make one step of optimisation."""
        mean, std, tokens = self._recent(step, batch)
        kept = torch.rand(len(tokens), generator=generator) >= self.config.prompt_dropout
        tokens = torch.where(kept[:, None], tokens, self._empty_tokens())
        loss = self._noise_loss(self.unet, self.text, mean, std, tokens, generator)
        self.context.backward(loss)
        norm = self.context.apply("base", self._optimizer)
        for name, module in (("unet", self.unet), ("text_encoder", self.text)):
            self.emas[name].update(module)
        return {"loss": loss.item(), "gradient": norm}

    def extra_state(self) -> dict[str, Any]:
        """Return the averaged weights."""
        return {name: ema.state_dict() for name, ema in self.emas.items()}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Restore the averaged weights."""
        for name, ema in self.emas.items():
            ema.load_state_dict(state[name])

    @torch.no_grad()
    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        """Return the averaged networks' loss on pages with owners that training never draws."""
        unet, text = self._averaged()
        losses = []
        for number in range(_HELD_OUT_BATCHES):
            items = self._items(self.held_out, number)
            mean, std = self._encode(items["image"])
            loss = self._noise_loss(unet, text, mean, std, items["tokens"], generator)
            losses.append(loss.item())
        return {"held_out": float(np.mean(losses))}

    @torch.no_grad()
    def grids(self, step: int) -> dict[str, Tensor]:
        """Return one sample a prompt by the averaged networks."""
        unet, text = self._averaged()
        prompts = embed(self.tokenizer, text, [*GRID_PROMPTS, ""])
        images = sample_images(
            self.vae,
            unet,
            self.scheduler,
            prompts[:-1],
            prompts[-1:],
            torch.Generator().manual_seed(0),
            size=self.size,
            steps=_GRID_STEPS,
        )
        return {"samples": grid([images.cpu() * 2 - 1])}

    def finish(self, out: Path) -> None:
        """Write the whole base in fp16, in diffusers' layout."""
        unet, text = self._averaged()
        parts = {"vae": self.vae, "unet": unet, "text_encoder": text}
        for name, module in parts.items():
            module.cpu().half().save_pretrained(out / name)
        write_tokenizer(self.merges, out / "tokenizer")
        self.scheduler.save_pretrained(out / "scheduler")
        index = {
            "_class_name": "StableDiffusionPipeline",
            "scheduler": ["diffusers", "DDPMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        }
        (out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")

    def _items(self, stream: DrawnStream, step: int) -> dict[str, Any]:
        count = self.config.batch // self.config.reuse
        items = [stream[i] for i in self.context.indices(step, count)]
        images = np.stack([item["synthetic"] for item in items])
        tokens = torch.cat([self._tokens(item["caption"]) for item in items])
        return {"image": torch.from_numpy(images), "tokens": tokens}

    def _tokens(self, text: str) -> Tensor:  # [1, N]
        tokens: Tensor = self.tokenizer(
            text,
            padding="max_length",
            max_length=self.tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        return tokens

    def _empty_tokens(self) -> Tensor:  # [1, N]
        return self._tokens("")

    def _recent(self, step: int, batch: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
        """Return moments and tokens of the images of this and the last ``reuse - 1`` steps.

        After a resume the last steps' images are drawn and encoded again, in the same groups, so
        that every bit is the same.
        """
        wanted = [max(step - back, 0) for back in range(self.config.reuse)]
        for number in wanted:
            if number not in self._latents:
                items = batch if number == step else self.batch(number)
                self._latents[number] = (*self._encode(items["image"]), items["tokens"])
        for number in [number for number in self._latents if number not in wanted]:
            del self._latents[number]
        parts = [self._latents[number] for number in wanted]
        mean, std, tokens = (torch.cat(column) for column in zip(*parts, strict=True))
        return mean, std, tokens

    @torch.no_grad()
    def _encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        image = signed(image).to(self.context.device, memory_format=torch.channels_last)
        with self.context.autocast():
            mean, std = encode_moments(self.vae, image)
        return mean.float(), std.float()

    def _noise_loss(
        self,
        unet: Any,
        text: Any,
        mean: Tensor,
        std: Tensor,
        tokens: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        latent = sample_latent(mean, std, generator)
        noise = torch.randn(latent.shape, generator=generator).to(latent.device)
        t = sample_timesteps(len(latent), self.scheduler, generator).to(latent.device)
        x_t = q_sample(latent, noise, t, self.scheduler)
        with self.context.autocast():
            prompt = text(tokens.to(latent.device)).last_hidden_state
            output = unet(x_t, t, prompt).sample
        return F.mse_loss(output.float(), target(latent, noise, t, self.scheduler))

    def _averaged(self) -> tuple[Any, Any]:
        """Return UNet and text encoder with their averaged weights, for evaluation."""
        if self.config.ema_decay == 0:
            return self.unet, self.text
        unet = self.emas["unet"].averaged(self.unet).eval()
        return unet, self.emas["text_encoder"].averaged(self.text).eval()


def _stream(config: Config, split: str, size: int | None = None) -> DrawnStream:
    """Return the pages that ``config`` asks for."""
    low, high = config.data.dpi
    return DrawnStream(
        size or config.data.size,
        seed=config.loop.seed,
        px_per_mm=(low / 25.4, high / 25.4),
        pages=config.data.pages,
        presets=config.data.presets,
        seal_free=config.text_unet.seal_free,
        profile=config.data.profile or None,
        split=split,
    )
