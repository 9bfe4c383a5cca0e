"""One rank of two: `python one_rank.py RANK FOLDER SEED` saves which units it drops."""

import sys
from pathlib import Path

import torch
from torch import nn

from torchdrop.nn import Dropout


def main() -> None:
    rank, folder, seed = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2
    )
    torch.manual_seed(seed)
    model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(8, 64), Dropout(0.5)))
    torch.save(model(torch.ones(4, 8)).detach() == 0, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
