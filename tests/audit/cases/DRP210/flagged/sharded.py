"""Sharded data parallelism has a batch of its own on every process, too."""

import torch as t
from torch import nn
from torch.distributed import get_rank, init_process_group
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

SEED = 7


def train():
    init_process_group("nccl")
    t.random.manual_seed(SEED)  # <- DRP210
    device = get_rank() % t.cuda.device_count()
    layer = nn.TransformerEncoderLayer(8, 2, dropout=0.1)
    return FSDP(layer.to(device))
