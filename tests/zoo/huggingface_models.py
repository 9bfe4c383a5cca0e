"""Hugging Face transformers from tiny configurations: nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from . import packages
from .entry import Entry, both, floats, tokens

_Inputs = Callable[[], dict[str, Tensor]]
_TEXT = tokens("input_ids")
_PAIR = tokens("input_ids", "decoder_input_ids")
_PICTURE = floats("pixel_values", 2, 3, 32, 32)
_SOUND = floats("input_values", 2, 800)

_TINY: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
_SEQ: dict[str, Any] = {
    "vocab_size": 64,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "attention_dropout": 0.1,
    "activation_dropout": 0.15,
}
_T5: dict[str, Any] = {
    "vocab_size": 64,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 48,
    "num_layers": 2,
    "num_heads": 4,
}
_VIT: dict[str, Any] = {
    **{k: v for k, v in _TINY.items() if k != "vocab_size"},
    "image_size": 32,
    "patch_size": 8,
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.2,
}
_WAV: dict[str, Any] = {
    **_TINY,
    "conv_dim": (16, 16),
    "conv_stride": (5, 2),
    "conv_kernel": (10, 3),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
    "mask_time_prob": 0.0,
    "layerdrop": 0.0,
}

# Name of the model's class: its configuration, and its inputs.
_MODELS: dict[str, tuple[dict[str, Any], _Inputs]] = {
    "BertForSequenceClassification": (_TINY, _TEXT),
    "RobertaForMaskedLM": (_TINY, _TEXT),
    "AlbertModel": (
        {
            **_TINY,
            "embedding_size": 16,
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
        },
        _TEXT,
    ),
    "DistilBertForSequenceClassification": (
        {"vocab_size": 64, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
        _TEXT,
    ),
    "ElectraForSequenceClassification": ({**_TINY, "embedding_size": 16}, _TEXT),
    "DebertaV2ForSequenceClassification": (
        {**_TINY, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        _TEXT,
    ),
    "MPNetModel": (_TINY, _TEXT),
    "ConvBertModel": ({**_TINY, "embedding_size": 32}, _TEXT),
    "ModernBertForSequenceClassification": (
        {
            **_TINY,
            "attention_dropout": 0.1,
            "embedding_dropout": 0.1,
            "mlp_dropout": 0.1,
            "classifier_dropout": 0.1,
            "pad_token_id": 0,
        },
        _TEXT,
    ),
    "XLNetModel": (
        {"vocab_size": 64, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48},
        _TEXT,
    ),
    "FunnelModel": (
        {
            "vocab_size": 64,
            "d_model": 32,
            "n_head": 4,
            "d_head": 8,
            "d_inner": 48,
            "block_sizes": [1, 1],
            "num_decoder_layers": 1,
        },
        _TEXT,
    ),
    "GPT2LMHeadModel": (
        {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32},
        _TEXT,
    ),
    "GPTNeoXForCausalLM": ({**_TINY, "hidden_dropout": 0.1, "attention_dropout": 0.1}, _TEXT),
    "OPTForCausalLM": (
        {**_TINY, "ffn_dim": 48, "word_embed_proj_dim": 32, "attention_dropout": 0.1},
        _TEXT,
    ),
    "BloomForCausalLM": (
        {
            "vocab_size": 64,
            "hidden_size": 32,
            "n_layer": 2,
            "n_head": 4,
            "hidden_dropout": 0.1,
            "attention_dropout": 0.1,
        },
        _TEXT,
    ),
    "LlamaForCausalLM": ({**_TINY, "num_key_value_heads": 2, "attention_dropout": 0.1}, _TEXT),
    "PhiForCausalLM": (
        {**_TINY, "attention_dropout": 0.1, "resid_pdrop": 0.1, "embd_pdrop": 0.1},
        _TEXT,
    ),
    "FalconForCausalLM": ({**_TINY, "hidden_dropout": 0.1, "attention_dropout": 0.1}, _TEXT),
    "MptForCausalLM": (
        {
            "vocab_size": 64,
            "d_model": 32,
            "n_layers": 2,
            "n_heads": 4,
            "resid_pdrop": 0.1,
            "emb_pdrop": 0.1,
        },
        _TEXT,
    ),
    "T5ForConditionalGeneration": (_T5, _PAIR),
    "BartForConditionalGeneration": (_SEQ, _PAIR),
    "PegasusModel": (_SEQ, _PAIR),
    "WhisperForConditionalGeneration": (
        {
            **_SEQ,
            "num_mel_bins": 8,
            "max_source_positions": 20,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 3,
        },
        both(floats("input_features", 2, 8, 40), tokens("decoder_input_ids")),
    ),
    "ViTForImageClassification": (_VIT, _PICTURE),
    "DeiTModel": (_VIT, _PICTURE),
    "BeitModel": ({**_VIT, "drop_path_rate": 0.1}, _PICTURE),
    "Dinov2Model": (
        {**{k: v for k, v in _VIT.items() if k != "intermediate_size"}, "drop_path_rate": 0.1},
        _PICTURE,
    ),
    "ConvNextForImageClassification": (
        {
            "hidden_sizes": [16, 32],
            "depths": [1, 2],
            "num_stages": 2,
            "drop_path_rate": 0.3,
            "layer_scale_init_value": 1.0,
        },
        _PICTURE,
    ),
    "SwinModel": (
        {
            "image_size": 32,
            "patch_size": 2,
            "embed_dim": 16,
            "depths": [1, 2],
            "num_heads": [2, 4],
            "window_size": 4,
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
        },
        _PICTURE,
    ),
    "SegformerForSemanticSegmentation": (
        {
            "hidden_sizes": [16, 16, 16, 16],
            "num_attention_heads": [1, 2, 2, 2],
            "depths": [1, 1, 1, 1],
            "decoder_hidden_size": 16,
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
        },
        floats("pixel_values", 2, 3, 64, 64),
    ),
    "CLIPVisionModel": (
        {
            **{k: v for k, v in _TINY.items() if k != "vocab_size"},
            "image_size": 32,
            "patch_size": 8,
            "attention_dropout": 0.1,
        },
        _PICTURE,
    ),
    "Wav2Vec2ForSequenceClassification": (_WAV, _SOUND),
    "HubertModel": (_WAV, _SOUND),
    "ASTModel": (
        {
            **{k: v for k, v in _VIT.items() if k != "image_size"},
            "max_length": 24,
            "num_mel_bins": 16,
        },
        floats("input_values", 2, 24, 16),
    ),
    "PatchTSTModel": (
        {
            "num_input_channels": 2,
            "context_length": 32,
            "patch_length": 8,
            "patch_stride": 8,
            "d_model": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "ffn_dim": 48,
            "attention_dropout": 0.1,
            "path_dropout": 0.1,
            "ff_dropout": 0.1,
            "positional_dropout": 0.1,
        },
        floats("past_values", 2, 32, 2),
    ),
}


def entries() -> list[Entry]:
    """List transformers' part of the zoo; nothing is imported or built yet."""
    return [_entry(name, *what) for name, what in _MODELS.items()]


def _entry(name: str, settings: dict[str, Any], inputs: _Inputs) -> Entry:
    def build() -> nn.Module:
        kind: Any = getattr(packages.load("transformers"), name)
        model: nn.Module = kind(kind.config_class(**settings))
        return model

    return Entry(f"transformers/{name}", build, inputs)
