"""Seeding is a function of its own, and so is the process group."""

import random

import torch
import torch.distributed as dist
from torch import nn


def seed_everything(seed):
    random.seed(seed)
    torch.manual_seed(seed)


def setup(rank, size):
    dist.init_process_group("gloo", rank=rank, world_size=size)


def run(rank, size, seed):
    setup(rank, size)
    seed_everything(seed)  # <- DRP210
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.2))
    return nn.parallel.DistributedDataParallel(model)
