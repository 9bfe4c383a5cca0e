"""The vision transformers of vit-pytorch to audit: settings that keep them tiny."""

from __future__ import annotations

from typing import Any

_RATES: dict[str, Any] = {"dropout": 0.1, "emb_dropout": 0.1}
TINY: dict[str, Any] = {
    **{"image_size": 32, "patch_size": 8, "num_classes": 10, "dim": 32, "depth": 2, "heads": 2},
    **{"mlp_dim": 48, "dim_head": 16, **_RATES},
}
PICTURE, VIDEO, VOLUME = (2, 3, 32, 32), (2, 3, 8, 32, 32), (1, 1, 32, 32, 32)

_FRAMES: dict[str, Any] = {
    **{"image_patch_size": 8, "patch_size": None, "frames": 8, "frame_patch_size": 2},
}
_CLIP: dict[str, Any] = {**_FRAMES, "depth": None, "spatial_depth": 2, "temporal_depth": 2}

# File, class, changes to `TINY` (`None` takes a setting away), shape of the input.
VIT: tuple[tuple[str, str, dict[str, Any], tuple[int, ...]], ...] = (
    ("vit", "ViT", {}, PICTURE),
    ("deepvit", "DeepViT", {}, PICTURE),
    ("cait", "CaiT", {"cls_depth": 1, "layer_dropout": 0.05}, PICTURE),
    ("parallel_vit", "ViT", {}, PICTURE),
    ("learnable_memory_vit", "ViT", {}, PICTURE),
    ("ats_vit", "ViT", {"max_tokens_per_depth": (8, 4)}, PICTURE),
    ("rvt", "RvT", {}, PICTURE),
    ("vit_for_small_dataset", "ViT", {}, PICTURE),
    ("vit_with_patch_dropout", "ViT", {"patch_dropout": 0.25}, PICTURE),
    (
        "vit_with_patch_merger",
        "ViT",
        {"patch_merge_layer": 1, "patch_merge_num_tokens": 4},
        PICTURE,
    ),
    ("vit_with_decorr", "ViT", {}, PICTURE),
    ("vit_with_keel_post_ln", "ViT", {}, PICTURE),
    ("vit_detpool", "ViTDetPool", {}, PICTURE),
    ("vit_5", "ViT", {}, PICTURE),
    ("jumbo_vit", "JumboViT", {"dropout": None, "emb_dropout": None}, PICTURE),
    ("xcit", "XCiT", {"cls_depth": 1, "layer_dropout": 0.05}, PICTURE),
    ("normalized_vit", "nViT", {"emb_dropout": None}, PICTURE),
    ("simple_vit", "SimpleViT", {"dropout": None, "emb_dropout": None}, PICTURE),
    ("vit_1d", "ViT", {"image_size": None, "seq_len": 32}, (2, 3, 32)),
    ("vit_3d", "ViT", _FRAMES, VIDEO),
    ("vivit", "ViViT", _CLIP, VIDEO),
    ("vivit", "ViViT", {**_CLIP, "use_flash_attn": False}, VIDEO),
    ("vivit_with_moss", "ViViT", _CLIP, VIDEO),
    ("simple_flash_attn_vit", "SimpleViT", {"dropout": None, "emb_dropout": None}, PICTURE),
    (
        "cct",
        "CCT",
        {
            "image_size": 32,
            "patch_size": None,
            "dim": None,
            "depth": None,
            "heads": None,
            "mlp_dim": None,
            "dim_head": None,
            "dropout": None,
            "emb_dropout": None,
            "img_size": 32,
            "embedding_dim": 32,
            "num_layers": 2,
            "num_heads": 2,
            "mlp_ratio": 2.0,
        },
        PICTURE,
    ),
)
