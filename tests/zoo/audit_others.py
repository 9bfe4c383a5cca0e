"""Models of smaller packages, by their constructors."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from . import packages
from .vit_settings import TINY, VIT, VOLUME

_Pair = tuple[str, Callable[[], tuple[nn.Module, Any]]]


def pairs() -> Iterator[_Pair]:
    """Yield the name of each model with what makes it and an example."""
    for file, kind, changes, shape in VIT:
        name = f"vit-pytorch/{file}.{kind}" + (" (no flash)" if "use_flash_attn" in changes else "")
        yield name, partial(_vit, file, kind, changes, shape)
    yield from _monai()
    yield from _segmentation()
    yield from _pytorchcv()
    yield from _diffusers()
    yield from _geometric()
    yield from _x_transformers()


def _vit(
    file: str, kind: str, changes: dict[str, Any], shape: tuple[int, ...]
) -> tuple[nn.Module, Any]:
    packages.load("vit_pytorch")
    settings = {name: value for name, value in {**TINY, **changes}.items() if value is not None}
    made: Any = getattr(importlib.import_module(f"vit_pytorch.{file}"), kind)
    return made(**settings), torch.randn(*shape)


def _by_name(
    path: str, settings: dict[str, Any], *shapes: tuple[int, ...]
) -> tuple[nn.Module, Any]:
    package, _, rest = path.partition(".")
    packages.load(package)
    module, _, kind = rest.rpartition(".")
    made: Any = getattr(importlib.import_module(f"{package}.{module}".rstrip(".")), kind)
    return made(**settings), tuple(torch.randn(*shape) for shape in shapes)


def _monai() -> Iterator[_Pair]:
    three = {"spatial_dims": 3, "in_channels": 1, "out_channels": 2}
    unet = {"channels": (4, 8, 16), "strides": (2, 2), "dropout": 0.1}
    attend = {"hidden_size": 32, "num_heads": 4, "dropout_rate": 0.3}
    nets: tuple[tuple[str, dict[str, Any], tuple[int, ...]], ...] = (
        ("nets.UNet", {**three, **unet}, VOLUME),
        ("nets.AttentionUnet", {**three, **unet}, VOLUME),
        ("nets.BasicUNet", {**three, "features": (4, 4, 8, 8, 8, 4), "dropout": 0.1}, VOLUME),
        (
            "nets.BasicUNetPlusPlus",
            {**three, "features": (4, 4, 8, 8, 8, 4), "dropout": 0.1},
            VOLUME,
        ),
        ("nets.DenseNet121", {**three, "dropout_prob": 0.1}, (2, 1, 64, 64, 64)),
        (
            "nets.DynUNet",
            {
                **three,
                "kernel_size": (3, 3, 3),
                "strides": (1, 2, 2),
                "upsample_kernel_size": (2, 2),
                "dropout": 0.1,
            },
            VOLUME,
        ),
        (
            "nets.EfficientNetBN",
            {"model_name": "efficientnet-b0", "spatial_dims": 2, "pretrained": False},
            (2, 3, 64, 64),
        ),
        (
            "nets.FullyConnectedNet",
            {"in_channels": 8, "out_channels": 2, "hidden_channels": (16, 16), "dropout": 0.1},
            (8, 8),
        ),
        ("nets.HighResNet", {**three, "dropout_prob": 0.1}, VOLUME),
        ("nets.SegResNet", {**three, "init_filters": 8, "dropout_prob": 0.1}, VOLUME),
        (
            "nets.SegResNetVAE",
            {
                "in_channels": 1,
                "out_channels": 2,
                "input_image_size": (32, 32, 32),
                "init_filters": 8,
                "dropout_prob": 0.1,
            },
            VOLUME,
        ),
        (
            "nets.SEResNet50",
            {"spatial_dims": 2, "in_channels": 3, "num_classes": 3, "dropout_prob": 0.1},
            (2, 3, 64, 64),
        ),
        (
            "nets.SwinUNETR",
            {
                **three,
                "feature_size": 12,
                "depths": (1, 1, 1, 1),
                "drop_rate": 0.1,
                "attn_drop_rate": 0.1,
                "dropout_path_rate": 0.1,
            },
            (2, 1, 64, 64, 64),
        ),
        (
            "nets.UNETR",
            {
                **three,
                "img_size": 32,
                "feature_size": 4,
                "hidden_size": 24,
                "mlp_dim": 32,
                "num_heads": 4,
                "dropout_rate": 0.1,
            },
            VOLUME,
        ),
        ("nets.VNet", {**three, "dropout_prob_up": (0.5, 0.5)}, VOLUME),
        (
            "nets.ViT",
            {
                "in_channels": 1,
                "img_size": (32, 32, 32),
                "patch_size": (8, 8, 8),
                "hidden_size": 24,
                "mlp_dim": 32,
                "num_layers": 2,
                "num_heads": 4,
                "dropout_rate": 0.1,
                "classification": True,
            },
            VOLUME,
        ),
        (
            "nets.ViTAutoEnc",
            {
                "in_channels": 1,
                "img_size": (32, 32, 32),
                "patch_size": (4, 4, 4),
                "hidden_size": 24,
                "mlp_dim": 32,
                "num_layers": 2,
                "num_heads": 4,
                "dropout_rate": 0.1,
            },
            VOLUME,
        ),
        (
            "nets.Classifier",
            {
                "in_shape": (1, 32, 32),
                "classes": 3,
                "channels": (4, 8),
                "strides": (2, 2),
                "dropout": 0.1,
            },
            (2, 1, 32, 32),
        ),
        (
            "nets.AutoEncoder",
            {**three, "channels": (4, 8), "strides": (2, 2), "dropout": 0.1},
            VOLUME,
        ),
        (
            "nets.VarAutoEncoder",
            {
                "spatial_dims": 2,
                "in_shape": (1, 32, 32),
                "out_channels": 1,
                "latent_size": 4,
                "channels": (4, 8),
                "strides": (2, 2),
                "dropout": 0.1,
            },
            (2, 1, 32, 32),
        ),
        ("nets.MedNeXtS", three, VOLUME),
        ("nets.HoVerNet", {"mode": "fast", "dropout_prob": 0.1}, (1, 3, 256, 256)),
        (
            "nets.VoxelMorphUNet",
            {
                "spatial_dims": 3,
                "in_channels": 2,
                "unet_out_channels": 32,
                "channels": (16, 32, 32, 32, 32, 32),
                "final_conv_channels": (16, 16),
            },
            (1, 2, 32, 32, 32),
        ),
        (
            "blocks.TransformerBlock",
            {"hidden_size": 32, "mlp_dim": 48, "num_heads": 4, "dropout_rate": 0.3},
            (2, 9, 32),
        ),
        ("blocks.SABlock", attend, (2, 9, 32)),
        ("blocks.SABlock", {**attend, "use_flash_attention": True}, (2, 9, 32)),
        ("blocks.CrossAttentionBlock", attend, (2, 9, 32)),
        ("blocks.CrossAttentionBlock", {**attend, "use_flash_attention": True}, (2, 9, 32)),
        ("blocks.MLPBlock", {"hidden_size": 32, "mlp_dim": 48, "dropout_rate": 0.1}, (2, 9, 32)),
    )
    for kind, settings, shape in nets:
        name = f"monai/{kind}{' (flash)' if settings.get('use_flash_attention') else ''}"
        yield name, partial(_by_name, f"monai.networks.{kind}", settings, shape)


def _segmentation() -> Iterator[_Pair]:
    names = ("Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "DeepLabV3")
    for name in (*names, "DeepLabV3Plus", "UPerNet", "Segformer"):
        settings: dict[str, Any] = {"encoder_name": "resnet18", "encoder_weights": None}
        if name in ("Unet", "FPN", "PSPNet"):
            settings = {**settings, "aux_params": {"classes": 3, "dropout": 0.2}}
        shape = (2, 3, 64, 64)
        path = f"segmentation_models_pytorch.{name}"
        yield f"smp/{name}", partial(_by_name, path, settings, shape)


def _pytorchcv() -> Iterator[_Pair]:
    names = (
        *(
            "alexnet",
            "vgg11",
            "bn_vgg11",
            "resnet10",
            "preresnet10",
            "resnext14_16x4d",
            "seresnet10",
        ),
        *(
            "airnet50_1x64d_r2",
            "ibn_resnet50",
            "diracnet18v2",
            "densenet121",
            "condensenet74_c4_g4",
        ),
        *("peleenet", "wrn50_2", "drnc26", "dla34", "fishnet99", "squeezenet_v1_0", "sqnxt23_w1"),
        *(
            "shufflenet_g1_wd4",
            "shufflenetv2_wd2",
            "menet108_8x1_g3",
            "mobilenet_wd4",
            "mobilenetv2_wd4",
        ),
        *("igcv3_wd4", "mnasnet_a1", "darknet_tiny", "xception", "inceptionv3", "nasnet_4a1056"),
        *(
            "hrnet_w18_small_v1",
            "vovnet27s",
            "efficientnet_b0",
            "wrn16_10_cifar10",
            "pyramidnet110_a48_cifar10",
        ),
        *(
            "resnet20_cifar10",
            "densenet40_k12_cifar10",
            "nin_cifar10",
            "shakeshakeresnet20_2x16d_cifar10",
        ),
        *(
            "rir_cifar10",
            "xdensenet40_2_k24_bc_cifar10",
            "dicenet_wd5",
            "bisenet_resnet18_celebamaskhq",
        ),
        *(
            "pspnet_resnetd50b_voc",
            "icnet_resnetd50b_cityscapes",
            "fastscnn_cityscapes",
            "sinet_cityscapes",
        ),
    )
    for name in names:
        yield f"pytorchcv/{name}", partial(_of_pytorchcv, name)


def _of_pytorchcv(name: str) -> tuple[nn.Module, Any]:
    packages.load("pytorchcv")
    provider: Any = importlib.import_module("pytorchcv.model_provider")
    model = provider.get_model(name, pretrained=False)
    side = 32 if "cifar" in name else max(getattr(model, "in_size", (224, 224)))
    side = 224 if side > 500 and name.split("_", maxsplit=1)[0] not in ("icnet", "pspnet") else side
    return model.train(), torch.randn(1 if side > 224 else 2, 3, side, side)


def _diffusers() -> Iterator[_Pair]:
    blocks = {"block_out_channels": (32, 64), "norm_num_groups": 8, "dropout": 0.1}
    unet = {
        **{"sample_size": 16, "layers_per_block": 1, **blocks},
        **{"down_block_types": ("DownBlock2D", "AttnDownBlock2D")},
        **{"up_block_types": ("AttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 8},
    }
    yield "diffusers/UNet2DModel", partial(_noisy, "UNet2DModel", unet, (2, 3, 16, 16), None)
    conditioned = {
        **{"sample_size": 16, "layers_per_block": 1, **blocks, "cross_attention_dim": 32},
        **{"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "attention_head_dim": 8},
        **{"up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D")},
    }
    yield (
        "diffusers/UNet2DConditionModel",
        partial(_noisy, "UNet2DConditionModel", conditioned, (2, 4, 16, 16), (2, 5, 32)),
    )
    vae = {"block_out_channels": (32, 64), "norm_num_groups": 8, "layers_per_block": 1}
    vae["down_block_types"] = ("DownEncoderBlock2D",) * 2
    vae["up_block_types"] = ("UpDecoderBlock2D",) * 2
    for name in ("AutoencoderKL", "VQModel"):
        yield f"diffusers/{name}", partial(_by_name, f"diffusers.{name}", vae, (2, 3, 32, 32))
    dit = {"num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 2, "dropout": 0.1}
    dit |= {"sample_size": 8, "patch_size": 2, "norm_num_groups": 4}
    yield "diffusers/DiTTransformer2DModel", partial(_dit, dit)
    prior = {"num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 2, "dropout": 0.1}
    prior |= {"embedding_dim": 16, "num_embeddings": 7}
    yield "diffusers/PriorTransformer", partial(_prior, prior)


def _noisy(
    kind: str, settings: dict[str, Any], shape: tuple[int, ...], condition: tuple[int, ...] | None
) -> tuple[nn.Module, Any]:
    made: Any = getattr(packages.load("diffusers"), kind)
    example: dict[str, Any] = {"sample": torch.randn(*shape), "timestep": torch.tensor([3, 5])}
    if condition is not None:
        example["encoder_hidden_states"] = torch.randn(*condition)
    return made(**settings), example


def _dit(settings: dict[str, Any]) -> tuple[nn.Module, Any]:
    made: Any = packages.load("diffusers")
    labels, steps = torch.tensor([1, 2]), torch.tensor([3, 5])
    example = {"hidden_states": torch.randn(2, 4, 8, 8), "timestep": steps, "class_labels": labels}
    return made.DiTTransformer2DModel(**settings), example


def _prior(settings: dict[str, Any]) -> tuple[nn.Module, Any]:
    made: Any = packages.load("diffusers")
    example = {
        "hidden_states": torch.randn(2, 16),
        "timestep": torch.tensor([3, 5]),
        "proj_embedding": torch.randn(2, 16),
        "encoder_hidden_states": torch.randn(2, 7, 16),
    }
    return made.PriorTransformer(**settings), example


def _geometric() -> Iterator[_Pair]:
    for kind in ("GCN", "GraphSAGE", "GIN", "GAT", "PNA", "EdgeCNN"):
        yield f"torch-geometric/{kind}", partial(_graph, kind)


def _graph(kind: str) -> tuple[nn.Module, Any]:
    packages.load("torch_geometric")
    nets: Any = importlib.import_module("torch_geometric.nn")
    settings: dict[str, Any] = {"norm": "batch_norm"} if kind in ("GCN", "GIN") else {}
    if kind == "PNA":
        settings = {"aggregators": ["mean"], "scalers": ["identity"], "deg": torch.ones(4)}
    model: nn.Module = getattr(nets, kind)(8, 16, 2, out_channels=3, dropout=0.2, **settings)
    return model, (torch.randn(40, 8), torch.randint(0, 40, (2, 160)))


def _x_transformers() -> Iterator[_Pair]:
    rates = {"layer_dropout": 0.1, "attn_dropout": 0.1, "ff_dropout": 0.1}
    for kind in ("Encoder", "Decoder"):
        for flash in (False, True):
            name = f"x-transformers/{kind}{' (flash)' if flash else ''}"
            yield name, partial(_of_x_transformers, kind, {**rates, "attn_flash": flash})


def _of_x_transformers(kind: str, settings: dict[str, Any]) -> tuple[nn.Module, Any]:
    made: Any = packages.load("x_transformers")
    layers = getattr(made, kind)(dim=32, depth=2, heads=2, **settings)
    model = made.TransformerWrapper(
        num_tokens=64, max_seq_len=16, attn_layers=layers, emb_dropout=0.1
    )
    return model, torch.randint(0, 64, (2, 12))
