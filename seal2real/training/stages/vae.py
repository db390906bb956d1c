"""First part of `seal2real-train base`: the VAE, on drawn crops and the user's photographs."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor, nn

from seal2real.diffusion.pca import init_from_pca
from seal2real.diffusion.tiny import build_vae
from seal2real.training.config import Config, VaeConfig
from seal2real.training.data.checks import refuse_made
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.data.photos import PhotoCrops
from seal2real.training.optim import Ema
from seal2real.training.stage import Context, Stage

__all__ = [
    "VaeStage",
    "build_stage",
    "edge_loss",
    "kl_per_value",
    "load_vae",
    "reconstruction_loss",
]

# Where the crops that the start is fitted to lie in the stream: further than any step reaches.
_CALIBRATION_STEP = 500_000


def build_stage(config: Config, context: Context) -> VaeStage:
    """Return the stage for ``config``; the tiny base's VAE starts as a PCA of its latents' size.

    Raises:
        ValueError: if ``vae.start`` is no folder of a VAE.
    """
    if config.vae.start:
        return VaeStage(config, context, load_vae(Path(config.vae.start), "vae.start"))
    stage = VaeStage(config, context, build_vae())
    stage.calibrate()
    return stage


def load_vae(folder: Path, setting: str) -> Any:
    """Return the VAE in ``folder`` in float32.

    Raises:
        ValueError: if there is none; names ``setting``.
    """
    names = ("config.json", "diffusion_pytorch_model.safetensors")
    if not all((folder / name).is_file() for name in names):
        raise ValueError(
            f"seal2real-train: {setting} must be a folder with {' and '.join(names)}, got "
            f"{str(folder)!r}; train it with `seal2real-train base OUT --only vae`"
        )
    return AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32, use_safetensors=True)


class VaeStage(Stage):
    """An AutoencoderKL: its decoder learns against a fixed encoder; then, if asked, both together.

    Args:
        config: of the run.
        context: of this process.
        vae: the network; :meth:`calibrate` gives it its start.
    """

    name = "vae"

    def __init__(self, config: Config, context: Context, vae: Any) -> None:
        self.config, self.context = config.vae, context
        self.steps, self.images = self.config.steps, self.config.batch
        scale = tuple(dpi / 25.4 for dpi in config.data.dpi)
        self.drawn = DrawnStream(
            self.config.crop,
            seed=config.loop.seed,
            px_per_mm=scale,
            pages=config.data.pages,
            presets=config.data.presets,
            seal_free=self.config.seal_free,
            profile=config.data.profile or None,
        )
        self.photos = None
        if config.data.real:
            self.photos = PhotoCrops(
                (Path(config.data.real),),
                self.config.crop,
                config.loop.seed,
                leave_out=self.config.hold_out,
            )
            refuse_made(self.photos.files)
        self.vae: Any = vae.to(context.device, memory_format=torch.channels_last)
        self.ema = Ema(self.vae, self.config.ema_decay)
        self.frozen_steps = round(self.config.frozen_share * self.steps)
        self._optimizers = self._open_optimizers()

    def calibrate(self) -> None:
        """Give the network its start (see ``init_from_pca``)."""
        steps = range(-(-self.config.calibration // self.config.batch))
        images = torch.cat([self.batch(_CALIBRATION_STEP + step)["image"] for step in steps])
        self.vae.to("cpu")
        init_from_pca(self.vae, signed(images))
        self.vae.to(self.context.device)
        self.ema = Ema(self.vae, self.config.ema_decay)

    def identity(self) -> dict[str, str]:
        """Return the hash of the photographs, if there are any."""
        if self.photos is None:
            return {}
        digests = [hashlib.sha256(path.read_bytes()).digest() for path in self.photos.files]
        return {"real": hashlib.sha256(b"".join(digests)).hexdigest()}

    def modules(self) -> dict[str, nn.Module]:
        """Return the VAE."""
        return {"vae": self.vae}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the optimizers of both halves."""
        return self._optimizers

    def batch(self, step: int) -> dict[str, Any]:
        """Return the crops of ``step``: "image" uint8 [B, 3, H, W]."""
        numbers = self.context.indices(step, self.config.batch)
        real = 0 if self.photos is None else round(self.config.batch * self.config.real_share)
        crops = [self._drawn_crop(number) for number in numbers[real:]]
        if self.photos is not None:
            crops += [self.photos[number] for number in numbers[:real]]
        return {"image": torch.from_numpy(np.stack(crops))}

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """Make one step of optimisation; return the losses, and the PSNR of the batch in dB."""
        frozen = step < self.frozen_steps
        self.vae.encoder.requires_grad_(not frozen)
        self.vae.quant_conv.requires_grad_(not frozen)
        image = signed(batch["image"]).to(self.context.device, memory_format=torch.channels_last)
        with self.context.autocast():
            posterior = self.vae.encode(image).latent_dist
            noise = torch.randn(posterior.mean.shape, generator=generator)
            latent = posterior.mean + posterior.std * noise.to(image.device)
            output = self.vae.decode(latent).sample.float()
        losses = reconstruction_loss(output, image, self.config)
        kl = kl_per_value(posterior.mean.float(), posterior.logvar.float())
        self.context.backward(losses["loss"] if frozen else losses["loss"] + self.config.kl * kl)
        norm = self.context.apply("decoder", self._optimizers["decoder"])
        if not frozen:
            self.context.apply("encoder", self._optimizers["encoder"])
        self.ema.update(self.vae)
        values = {name: value.item() for name, value in losses.items()}
        psnr = -10.0 * math.log10(max(values["mse"], 1e-12) / 4.0)
        return {**values, "kl": kl.item(), "psnr": psnr, "gradient": norm}

    def extra_state(self) -> dict[str, Any]:
        """Return the averaged weights."""
        return {"ema": self.ema.state_dict()}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Restore the averaged weights."""
        self.ema.load_state_dict(state["ema"])

    @torch.no_grad()
    def grids(self, step: int) -> dict[str, Tensor]:
        """Return crops above their reconstructions by the averaged weights."""
        image = signed(self.batch(_CALIBRATION_STEP - 1)["image"])
        vae = self.ema.averaged(self.vae).eval()
        output = vae(image.to(self.context.device)).sample.float().cpu()
        pair = torch.cat([image, output], 2).clamp(-1, 1) / 2 + 0.5
        return {"reconstruction": torch.cat(list(pair), 2)}

    def finish(self, out: Path) -> None:
        """Write the averaged weights in fp16, in diffusers' layout, with the scale of latents.

        An encoder that stayed as it was keeps its scale, to the last digit.
        """
        vae: Any = self.ema.averaged(self.vae).eval()
        if not self.config.start or self.frozen_steps < self.steps:
            vae.register_to_config(scaling_factor=self._scaling_factor(vae))
        vae.register_to_config(_name_or_path="")  # else the folder of vae.start, of this machine
        vae.cpu().half().save_pretrained(out)

    @torch.no_grad()
    def _scaling_factor(self, vae: Any) -> float:
        """Return what brings latents to unit variance, measured on drawn pages and photographs."""
        steps = range(-(-64 // self.config.batch))
        images = [self.batch(_CALIBRATION_STEP + step)["image"] for step in steps]
        image = signed(torch.cat(images)).to(self.context.device)
        latents = torch.cat([vae.encode(part).latent_dist.mean for part in image.split(8)])
        return round(1.0 / float(latents.float().std()), 5)

    def _drawn_crop(self, number: int) -> NDArray[np.uint8]:
        """Return the fuller of two crops of one page: much of a page is bare paper."""
        pair = [self.drawn[2 * number + i]["synthetic"] for i in range(2)]
        return max(pair, key=lambda crop: float(np.abs(np.diff(crop.astype(np.int16))).mean()))

    def _open_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        vae, config = self.vae, self.config
        halves = {
            "decoder": (config.optimizer, [vae.decoder, vae.post_quant_conv], self.steps),
            "encoder": (
                replace(config.optimizer, lr=config.optimizer.lr * config.encoder_lr),
                [vae.encoder, vae.quant_conv],
                self.steps - self.frozen_steps,
            ),
        }
        return {
            name: self.context.optimizer(
                name, [p for module in modules for p in module.parameters()], settings, updates
            )
            for name, (settings, modules, updates) in halves.items()
        }


def reconstruction_loss(output: Tensor, image: Tensor, config: VaeConfig) -> dict[str, Tensor]:
    """Return "loss" and its parts for ``output`` and ``image`` [B, 3, H, W] in [-1, 1]."""
    absolute = (output - image).abs().mean()
    squared = (output - image).square().mean()
    edges = edge_loss(output, image)
    loss = absolute + config.squared * squared + config.edges * edges
    return {"loss": loss, "mae": absolute, "mse": squared, "edges": edges}


def edge_loss(output: Tensor, image: Tensor) -> Tensor:
    """Return the mean absolute error of differences between neighbours, across and down."""
    error = output - image
    return error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()


def kl_per_value(mean: Tensor, logvar: Tensor) -> Tensor:
    """Return the divergence of N(mean, exp(logvar)) from N(0, 1), averaged over values.

    Source: Kingma and Welling 2014, appendix B: -1/2 (1 + log s^2 - m^2 - s^2).
    """
    return 0.5 * (mean.square() + logvar.exp() - 1.0 - logvar).mean()


def signed(image: Tensor) -> Tensor:
    """Return uint8 images as float in [-1, 1]."""
    return image.float() / 127.5 - 1.0
