# layer: run
"""An ensemble by vmap, with dropout on: torch stops, and the watch says which layer it was."""

import torch
from torch import nn
from torch.func import functional_call, stack_module_state


def build():
    return nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))


def main():
    members = [build() for _ in range(3)]
    parameters, buffers = stack_module_state(members)
    base, x = build().train(), torch.randn(5, 4)

    def run(weights, others, batch):
        return functional_call(base, (weights, others), (batch,))

    try:
        torch.vmap(run, in_dims=(0, 0, None))(parameters, buffers, x)
    except RuntimeError as error:
        print(str(error).split(".")[0])


if __name__ == "__main__":
    main()
