"""timm's architectures: small ones of each family, dropping wherever their constructors can."""

from __future__ import annotations

from typing import Any

from torch import nn

from . import packages
from .entry import Entry, floats

_HEAD = {"drop_rate": 0.1}
_PATHS = {"drop_rate": 0.2, "drop_path_rate": 0.1}
_ATTENTION = {**_PATHS, "attn_drop_rate": 0.1, "proj_drop_rate": 0.15}
_VIT = {**_ATTENTION, "pos_drop_rate": 0.05, "depth": 3}
_SWIN = {**_ATTENTION, "depths": (1, 2), "num_heads": (2, 4), "embed_dim": 24}

# Name: the side of its pictures in pixels, and what its constructor is told.
_MODELS: dict[str, tuple[int, dict[str, Any]]] = {
    "resnet18": (64, _PATHS),
    "resnet26d": (64, {**_PATHS, "drop_block_rate": 0.1}),
    "resnetblur50": (64, _PATHS),
    "resnest14d": (64, _PATHS),
    "skresnet18": (64, _PATHS),
    "cspresnet50": (64, _PATHS),
    "densenet121": (64, _HEAD),
    "dla34": (64, _HEAD),
    "dpn48b": (64, _HEAD),
    "efficientnet_b0": (64, _PATHS),
    "ghostnet_050": (64, _HEAD),
    "hrnet_w18_small": (64, _HEAD),
    "inception_v3": (96, _HEAD),
    "mobilenetv3_small_050": (64, _PATHS),
    "nf_regnet_b0": (64, _PATHS),
    "regnetx_002": (64, _PATHS),
    "rexnet_100": (64, _PATHS),
    "xception41": (64, _PATHS),
    "convnext_atto": (64, _PATHS),
    "edgenext_xx_small": (64, _PATHS),
    "focalnet_tiny_srf": (64, _PATHS),
    "inception_next_tiny": (64, _PATHS),
    "poolformer_s12": (64, _PATHS),
    "sequencer2d_s": (64, {**_PATHS, "layers": (1, 1, 1, 1)}),
    "vit_tiny_patch16_224": (64, {**_VIT, "patch_drop_rate": 0.25, "img_size": 64}),
    "deit_tiny_distilled_patch16_224": (64, {**_VIT, "img_size": 64}),
    "beit_base_patch16_224": (64, {**_VIT, "img_size": 64, "embed_dim": 96, "num_heads": 3}),
    "cait_xxs24_224": (64, {**_VIT, "img_size": 64}),
    "convit_tiny": (64, {**_VIT, "img_size": 64}),
    "eva02_tiny_patch14_224": (56, {**_VIT, "img_size": 56}),
    "xcit_nano_12_p16_224": (64, {**_VIT, "img_size": 64}),
    "crossvit_9_240": (240, _PATHS),
    "coat_tiny": (64, {**_PATHS, "img_size": 64}),
    "coatnet_pico_rw_224": (224, _PATHS),
    "davit_tiny": (64, _PATHS),
    "efficientformer_l1": (224, _PATHS),
    "gcvit_xxtiny": (224, _PATHS),
    "hiera_tiny_224": (224, _PATHS),
    "levit_128s": (224, _PATHS),
    "maxvit_rmlp_pico_rw_256": (256, _PATHS),
    "mobilevit_xxs": (64, _PATHS),
    "mvitv2_tiny": (64, {**_PATHS, "img_size": 64}),
    "nest_tiny": (224, _PATHS),
    "pit_ti_224": (224, {**_PATHS, "attn_drop_rate": 0.1, "proj_drop_rate": 0.15}),
    "pvt_v2_b0": (64, {**_PATHS, "attn_drop_rate": 0.1, "proj_drop_rate": 0.15}),
    "swin_tiny_patch4_window7_224": (56, {**_SWIN, "img_size": 56}),
    "swinv2_tiny_window8_256": (64, {**_SWIN, "img_size": 64}),
    "tiny_vit_5m_224": (224, _PATHS),
    "twins_svt_small": (224, {**_PATHS, "attn_drop_rate": 0.1, "proj_drop_rate": 0.15}),
    "volo_d1_224": (224, {**_PATHS, "attn_drop_rate": 0.1}),
}


def entries() -> list[Entry]:
    """List timm's part of the zoo; nothing is imported or built yet."""
    return [_entry(name, *what) for name, what in _MODELS.items()]


def _entry(name: str, side: int, settings: dict[str, Any]) -> Entry:
    def build() -> nn.Module:
        timm: Any = packages.load("timm")
        model: nn.Module = timm.create_model(name, pretrained=False, num_classes=10, **settings)
        return model

    return Entry(f"timm/{name}", build, floats("x", 2, 3, side, side))
