"""Configuration of the trainers: frozen dataclasses, one a stage.

Importing this needs no torch, so that ``--dry-run`` answers at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import inf
from typing import Literal

from seal2real.seals import preset_names
from seal2real.synthesis.options import ANY_ANGLE, PLACEMENT_RULES
from seal2real.training.ranges import check_numbers, need

__all__ = [
    "Config",
    "DataConfig",
    "ForgerConfig",
    "GanConfig",
    "LoopConfig",
    "OptimizerConfig",
    "PriorConfig",
    "SegmenterConfig",
    "TextUnetConfig",
    "VaeConfig",
    "VggConfig",
]

# A step of the thousand that Stable Diffusion's schedules have.
_LEAST_T_RANGE = 1e-3
# Side of what the critic's last two layers see, px: below it they have no output.
_LEAST_CRITIC_PX = 3
# Layers of the feature network that eq. 4 compares.
_VGG_LAYERS = 5


def _need_channels(where: str, value: int) -> None:
    """Refuse channels that cannot be normalised in groups of 8."""
    need(where, value, value >= 8 and value % 8 == 0, "a multiple of 8 from 8 on")


@dataclass(frozen=True)
class LoopConfig:
    """How any stage is run; nothing here but the seed and the precision changes a weight."""

    # of 64 bits: data, noise and initial weights are functions of it
    seed: int = 0
    # "auto" takes a GPU where there is one
    device: Literal["auto", "cpu", "cuda"] = "auto"
    # arithmetic of the forward passes; trained weights stay fp32
    precision: Literal["fp32", "bf16"] = "fp32"
    # processes that prepare batches; 0 prepares them between the steps
    workers: int = 1
    # batches that a worker keeps ready
    prefetch: int = 4
    # threads inside an operator on CPU; 0 leaves PyTorch's choice
    threads: int = 0
    # steps between two rows of scalars
    log_every: int = 20
    # steps between two sample grids; 0 draws none
    grid_every: int = 500
    # steps between two evaluations on held-out data; 0 makes none
    evaluate_every: int = 500
    # steps between two checkpoints
    checkpoint_every: int = 500
    # newest checkpoints kept
    keep: int = 3
    # share of saturated values, mean of 20 steps, from which on the run stops
    max_saturation: float = 0.5
    # factor by which a watched norm may leave its first value before the run stops
    max_norm_growth: float = 10.0

    def __post_init__(self) -> None:
        need("loop.seed", self.seed, -(2**63) <= self.seed < 2**64, "an integer of 64 bits")
        for name in ("workers", "threads", "grid_every", "evaluate_every"):
            value = getattr(self, name)
            need(f"loop.{name}", value, value >= 0, "at least 0")
        for name in ("prefetch", "log_every", "checkpoint_every", "keep"):
            value = getattr(self, name)
            need(f"loop.{name}", value, value >= 1, "at least 1")
        need("loop.max_saturation", self.max_saturation, 0 < self.max_saturation <= 1, "in (0, 1]")
        need("loop.max_norm_growth", self.max_norm_growth, self.max_norm_growth > 1, "above 1")


@dataclass(frozen=True)
class DataConfig:
    """What the stages learn from."""

    # folder with real images: OUT of `seal2real crops`, or images; empty where a stage needs none
    real: str = ""
    # scale of real images without an estimate of their own, px per mm; 0 estimates it
    px_per_mm: float = 0.0
    # side of the square images that networks see, px; a multiple of 8 from 64 on
    size: int = 256
    # CSV file with columns file and source: which real images are held out together; may be empty
    groups: str = ""
    # parts that the real sources are split into
    folds: int = 5
    # the part that is held out for evaluation, 0 .. folds - 1
    fold: int = 0
    # page sources of drawn images: "procedural", folders or PDF files
    pages: tuple[str, ...] = ("procedural",)
    # presets of drawn seals, alike to the real ones: their design is learned too; empty takes all
    presets: tuple[str, ...] = ()
    # language of drawn pages: "zh", "en" or "both"
    language: Literal["zh", "en", "both"] = "both"
    # rules that place drawn seals, see `seal2real synth --rules`; empty takes all
    rules: tuple[str, ...] = ()
    # share of drawn seals pressed any way round, 0..1; the others stand upright, more or less
    any_angle: float = ANY_ANGLE
    # capture profile written by `seal2real fit`; empty draws captures of all kinds
    profile: str = ""
    # lowest and highest resolution of drawn images where the real ones state none, dots per inch
    dpi: tuple[float, float] = (100.0, 300.0)

    def __post_init__(self) -> None:
        need("data.px_per_mm", self.px_per_mm, self.px_per_mm >= 0, "at least 0")
        need(
            "data.size",
            self.size,
            self.size >= 64 and self.size % 8 == 0,
            "a multiple of 8 from 64 on",
        )
        need("data.folds", self.folds, self.folds >= 2, "at least 2")
        need("data.fold", self.fold, 0 <= self.fold < self.folds, "in 0 .. folds - 1")
        need("data.any_angle", self.any_angle, 0 <= self.any_angle <= 1, "in [0, 1]")
        need("data.pages", self.pages, len(self.pages) > 0, "at least one source")
        for name, known in (("presets", preset_names()), ("rules", tuple(PLACEMENT_RULES))):
            value = getattr(self, name)
            need(f"data.{name}", value, set(value) <= set(known), f"among {', '.join(known)}")
        low, high = self.dpi
        need("data.dpi", self.dpi, 0 < low <= high, "two ascending numbers above 0")


@dataclass(frozen=True)
class OptimizerConfig:
    """One optimizer with its schedule."""

    # "adam8bit" needs bitsandbytes and a GPU
    name: Literal["adam", "adamw", "adam8bit"] = "adamw"
    # step size after the warm-up
    lr: float = 1e-4
    # decay of the mean of gradients, per update
    beta1: float = 0.9
    # decay of the mean of squared gradients, per update
    beta2: float = 0.999
    # decoupled for adamw, added to the gradient for the others
    weight_decay: float = 0.0
    # updates over which the step size rises from 0
    warmup: int = 0
    # "cosine" falls to 0 at the stage's last step
    schedule: Literal["constant", "cosine"] = "constant"
    # largest norm of all gradients together; 0 leaves them
    clip_norm: float = 1.0

    def __post_init__(self) -> None:
        need("lr", self.lr, 0 < self.lr < inf, "above 0")
        for name in ("beta1", "beta2"):
            value = getattr(self, name)
            need(name, value, 0 <= value < 1, "in [0, 1)")
        for name in ("weight_decay", "warmup", "clip_norm"):
            value = getattr(self, name)
            need(name, value, 0 <= value < inf, "at least 0")


@dataclass(frozen=True)
class VaeConfig:
    """First part of `seal2real-train base`: the autoencoder."""

    # optimisation steps
    steps: int = 12_000
    # images a step and process
    batch: int = 8
    # side of the square training crops, px, a multiple of 16; the network is fully convolutional
    crop: int = 128
    # folder of an autoencoder to go on from; empty starts as good as a PCA
    start: str = ""
    # share of photographs from data.real in a batch; without data.real all crops are drawn
    real_share: float = 0.375
    # patterns of file names below data.real that no crop is cut from
    hold_out: tuple[str, ...] = ()
    # share of drawn pages without a seal
    seal_free: float = 0.2
    # share of the steps in which the encoder stays what it starts as, so that latents keep their
    # meaning and the UNet can be trained meanwhile; below 1 it follows for the rest
    frozen_share: float = 1.0
    # the encoder's step size as a share of the decoder's
    encoder_lr: float = 0.3
    # weight of the squared error beside the absolute error
    squared: float = 4.0
    # weight of the absolute error of differences between neighbouring pixels
    edges: float = 0.5
    # weight of the divergence from a standard normal, per latent value
    kl: float = 5e-4
    # crops that the PCA and the decoder's linear path are fitted to before the first step
    calibration: int = 384
    # decay of the running mean of the weights, per step
    ema_decay: float = 0.998
    optimizer: OptimizerConfig = OptimizerConfig(
        lr=8e-4, beta2=0.98, weight_decay=1e-3, warmup=100, schedule="cosine"
    )

    def __post_init__(self) -> None:
        need("vae.crop", self.crop, self.crop >= 64 and self.crop % 16 == 0, "16 n from 64 on")
        need("vae.calibration", self.calibration, self.calibration >= 64, "at least 64")
        for name in ("real_share", "seal_free", "frozen_share"):
            value = getattr(self, name)
            need(f"vae.{name}", value, 0 <= value <= 1, "in [0, 1]")


@dataclass(frozen=True)
class TextUnetConfig:
    """Second part of `seal2real-train base`: text encoder and UNet."""

    # optimisation steps
    steps: int = 20_000
    # images a step and process
    batch: int = 16
    # folder of the autoencoder; empty takes the one that the first part of this run made, or with
    # --only text_unet and a start that of the start
    vae: str = ""
    # folder of a base whose text encoder and UNet to go on from; empty starts from nothing
    start: str = ""
    # steps in which an image is used; its latent is computed once, then noised anew
    reuse: int = 2
    # share of seal-free pages
    seal_free: float = 0.2
    # share of captions left empty, for guidance without a classifier
    prompt_dropout: float = 0.1
    # captions that the vocabulary is learned from
    captions: int = 600
    # decay of the running mean of the weights, per step; 0 keeps none
    ema_decay: float = 0.999
    optimizer: OptimizerConfig = OptimizerConfig(
        lr=4e-4, beta2=0.99, weight_decay=1e-3, warmup=200, schedule="cosine"
    )

    def __post_init__(self) -> None:
        rule = self.reuse >= 1 and self.batch % self.reuse == 0
        need("text_unet.reuse", self.reuse, rule, f"a divisor of the batch of {self.batch}")
        need("text_unet.captions", self.captions, self.captions >= 1, "at least 1")
        for name in ("seal_free", "prompt_dropout"):
            value = getattr(self, name)
            need(f"text_unet.{name}", value, 0 <= value <= 1, "in [0, 1]")


@dataclass(frozen=True)
class VggConfig:
    """The small VGG of the content loss, an extra part of `seal2real-train base`."""

    # optimisation steps
    steps: int = 1200
    # images a step and process
    batch: int = 12
    optimizer: OptimizerConfig = OptimizerConfig(lr=1e-3, warmup=50, schedule="cosine")


@dataclass(frozen=True)
class PriorConfig:
    """Stage 1: the two prompts and the UNet (eq. 1 and 2)."""

    # base: a folder in diffusers layout, a hub id, or "tiny"
    base: str = "tiny"
    # optimisation steps of both equations together
    steps: int = 800
    # images of each domain a step and process
    batch: int = 4
    # micro-batches that a step is split into
    accumulate: int = 1
    # consecutive updates of the prompts (eq. 1)
    prompt_steps: int = 1
    # consecutive updates of the UNet (eq. 2)
    unet_steps: int = 1
    # initial real prompt T_r
    real_prompt: str = "A photo of document with real seal"
    # initial fake prompt T_f
    fake_prompt: str = "A photo of document with fake seal"
    # what eq. 2 trains of the UNet: all, adapters of its attention or of every layer, nothing
    unet: Literal["full", "lora", "lora-all", "frozen"] = "lora-all"
    # rank of LoRA's two factors
    lora_rank: int = 16
    # decay of the running mean of prompts and UNet, per update; 0 keeps none
    ema_decay: float = 0.98
    # where that mean lives; "cpu" beside a GPU takes in every tenth update
    ema_device: Literal["same", "cpu"] = "same"
    # min-SNR weight gamma (Hang et al. 2023); 0 weighs all timesteps alike
    min_snr: float = 0.0
    # windows of real images, encoded once before the first step, a process
    real_views: int = 384
    # likewise of drawn images
    drawn_views: int = 512
    # held-out windows of each domain that are evaluated
    held_out_views: int = 32
    # recompute activations in the backward pass
    gradient_checkpointing: bool = False
    prompt_optimizer: OptimizerConfig = OptimizerConfig(name="adam", lr=3e-2, schedule="cosine")
    unet_optimizer: OptimizerConfig = OptimizerConfig(name="adam", lr=1e-3, schedule="cosine")

    def __post_init__(self) -> None:
        turns = (self.prompt_steps, self.unet_steps)
        need("prior.prompt_steps, prior.unet_steps", turns, any(turns), "not both 0")


@dataclass(frozen=True)
class ForgerConfig:
    """Stage 2: the forger (eq. 3 to 6)."""

    # base: a folder in diffusers layout, a hub id, or "tiny"
    base: str = "tiny"
    # prior: `weights` folder of a finished `seal2real-train prior`; empty takes the shipped one
    prior: str = ""
    # steps after the warm-up
    steps: int = 400
    # steps of content loss alone before them (eq. 4)
    warmup_steps: int = 0
    # images of each domain a step and process
    batch: int = 4
    # micro-batches that a step is split into
    accumulate: int = 1
    # prior loss: "eq3" true gradient, "sds", or "dm" distribution matching
    prior_loss: Literal["eq3", "sds", "dm"] = "dm"
    # timesteps of the prior loss, as shares of them all
    t_range: tuple[float, float] = (0.02, 0.35)
    # divide the gradient of "dm" by the distance to the real image (DMD, Eq. 8)
    dm_normalise: bool = True
    # take the pull on bare paper out of the gradients of "sds" and "dm" (scope "support")
    keep_paper: bool = True
    # w of eq. 5
    content_weight: float = 0.01
    # alpha_l of eq. 4, relu1_1 .. relu5_1
    alpha: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    # feature network of eq. 4: "tiny" (shipped), "vgg19" (timm/vgg19.tv_in1k) or a file
    vgg: str = "tiny"
    # weight of matched moments of ink beside the prior loss (dos Santos et al. 2019); 0 has none.
    # The loss grows with the layers' widths; micro-batches and processes count one by one
    moments_weight: float = 1.0
    # layers of the feature network that are matched, from 0
    moments_layers: tuple[int, ...] = (1, 2, 3)
    # share of the way from drawn moments to those of the real images that is wanted, (0, 1]: with few
    # sources a part of the distance is chance (a shrinkage estimate, James & Stein 1961)
    moments_share: float = 1.0
    # windows of real images, and of drawn ones, that the moments are measured on at the start
    moments_windows: int = 2000
    # weigh the content loss by the ink's support
    content_mask: bool = True
    # compare structure only, not colour and light
    content_invariant: bool = False
    # epsilon under the root of eq. 4: what change of a feature still counts as small
    content_epsilon: float = 0.05
    # "support" trains through the paste; "crop" is the paper's literal whole-image variant
    scope: Literal["support", "crop"] = "support"
    # forger steps in an adversarial round; 0 plays none
    round_forger_steps: int = 1
    # steps of eq. 6 in an adversarial round
    round_prior_steps: int = 1
    # what eq. 6 trains of the UNet, see prior.unet
    unet: Literal["full", "lora", "lora-all", "frozen"] = "lora-all"
    # rank of LoRA's two factors
    lora_rank: int = 16
    # min-SNR weight gamma of eq. 6; 0 weighs all timesteps alike
    min_snr: float = 0.0
    # windows of real images for eq. 6, encoded once before the first step, a process
    real_views: int = 128
    # channels of the forger at full resolution, doubled from level to level
    width: int = 16
    # resolutions of the forger, each half the one above
    levels: int = 4
    # channels of the forger are never more
    max_width: int = 96
    # noise planes at the forger's input; 0 makes it a function of the page
    noise_channels: int = 4
    # decay of the running mean of the forger, per update; 0 keeps none
    ema_decay: float = 0.98
    # recompute activations in the backward pass
    gradient_checkpointing: bool = False
    # for moments of weight 1; see "Matched moments" in docs/training.md for what shipped
    optimizer: OptimizerConfig = OptimizerConfig(
        name="adam", lr=5e-4, beta1=0.8, warmup=20, schedule="cosine"
    )
    # of the UNet in eq. 6
    prior_optimizer: OptimizerConfig = OptimizerConfig(name="adam", lr=1e-3)
    # of the prompts in eq. 6
    prompt_optimizer: OptimizerConfig = OptimizerConfig(name="adam", lr=1e-2)

    def __post_init__(self) -> None:
        low, high = self.t_range
        for name in ("width", "max_width"):
            _need_channels(f"forger.{name}", getattr(self, name))
        rule = low >= 0 and high <= 1 and high - low >= _LEAST_T_RANGE
        need("forger.t_range", self.t_range, rule, "ascending by 0.001 or more, in [0, 1]")
        # a NaN fails the comparison
        rule = len(self.alpha) == _VGG_LAYERS and all(0 <= a < inf for a in self.alpha)
        rule = rule and max(self.alpha) > 0
        need("forger.alpha", self.alpha, rule, f"{_VGG_LAYERS} weights of at least 0, not all 0")
        looked = self.moments_layers
        rule = len(set(looked)) == len(looked) > 0 and set(looked) <= set(range(_VGG_LAYERS))
        need("forger.moments_layers", looked, rule, f"different numbers of 0 .. {_VGG_LAYERS - 1}")


@dataclass(frozen=True)
class GanConfig:
    """Baseline: unpaired translation of the CUT family (Park et al. 2020)."""

    # optimisation steps
    steps: int = 3000
    # images of each domain a step and process
    batch: int = 4
    # channels of the generator at full resolution, doubled from level to level
    width: int = 16
    # resolutions of the generator, each half the one above
    levels: int = 4
    # channels of the generator are never more
    max_width: int = 96
    # noise planes at the generator's input; 0 makes it a function of the page
    noise_channels: int = 4
    # channels of the critic's first layer
    critic_width: int = 32
    # strided layers of the critic, from 1: a receptive field of 34 px for 2, 70 px for 3
    critic_layers: int = 2
    # places a layer that PatchNCE compares
    patches: int = 256
    # temperature of PatchNCE
    temperature: float = 0.07
    # weight of PatchNCE on translated drawn images
    nce_weight: float = 1.0
    # weight of PatchNCE on real images, which should stay as they are
    identity_weight: float = 1.0
    # decay of the running mean of the generator, per update; 0 keeps none
    ema_decay: float = 0.999
    optimizer: OptimizerConfig = OptimizerConfig(name="adam", lr=2e-4, beta1=0.5, clip_norm=0.0)
    critic_optimizer: OptimizerConfig = OptimizerConfig(
        name="adam", lr=2e-4, beta1=0.5, clip_norm=0.0
    )

    def __post_init__(self) -> None:
        for name in ("width", "max_width"):
            _need_channels(f"gan.{name}", getattr(self, name))
        need("gan.critic_layers", self.critic_layers, self.critic_layers >= 1, "at least 1")


@dataclass(frozen=True)
class SegmenterConfig:
    """The finder of seals behind `seal2real crops`, trained on drawn pages."""

    # optimisation steps
    steps: int = 1200
    # images a step and process
    batch: int = 16
    optimizer: OptimizerConfig = OptimizerConfig(lr=2e-3, warmup=50, schedule="cosine")


@dataclass(frozen=True)
class Config:
    """Everything that `seal2real-train` can be told; a command reads its own sections."""

    loop: LoopConfig = field(default_factory=LoopConfig)
    data: DataConfig = field(default_factory=DataConfig)
    vae: VaeConfig = field(default_factory=VaeConfig)
    text_unet: TextUnetConfig = field(default_factory=TextUnetConfig)
    vgg: VggConfig = field(default_factory=VggConfig)
    prior: PriorConfig = field(default_factory=PriorConfig)
    forger: ForgerConfig = field(default_factory=ForgerConfig)
    gan: GanConfig = field(default_factory=GanConfig)
    segmenter: SegmenterConfig = field(default_factory=SegmenterConfig)

    def __post_init__(self) -> None:
        for section in fields(self):
            check_numbers(section.name, getattr(self, section.name))
        need(
            "gan.critic_layers",
            self.gan.critic_layers,
            self.data.size >> self.gan.critic_layers >= _LEAST_CRITIC_PX,
            f"so few that 2^layers goes {_LEAST_CRITIC_PX} times into data.size {self.data.size}",
        )
