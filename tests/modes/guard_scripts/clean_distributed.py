"""DistributedDataParallel with one process; validation goes around the wrapper."""

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from torchdrop.modes import Guard


def main() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))
    batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(3)]
    store = distributed.HashStore()  # type: ignore[attr-defined]
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(parallel.parameters(), lr=0.01)
    with Guard(parallel):
        for _ in range(2):
            model.train()
            for x, y in batches:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(parallel(x), y)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            model.eval()
            with torch.no_grad():
                for x, _ in batches:
                    parallel.module(x)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
