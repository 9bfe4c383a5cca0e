# layer: run
"""The ratio of a policy to itself is not 1: the second pass ran with dropout."""

import torch
from torch import nn

import torchdrop


def log_probability(policy, states, actions):
    return policy(states).log_softmax(-1).gather(1, actions[:, None]).squeeze(1)


def main():
    policy = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Dropout(0.1), nn.Linear(32, 4))
    states, actions = torch.randn(64, 6), torch.randint(4, (64,))
    with torchdrop.watch(on_find="collect") as watching:
        policy.eval()
        old = log_probability(policy, states, actions).detach()
        policy.train()
        new = log_probability(policy, states, actions)
        ratio = (new - old).exp()
        watching.same_policy(policy, old, new)
    print("ratio", float(ratio.mean()), "+-", float(ratio.std()))
    return watching.findings


if __name__ == "__main__":
    FINDINGS = main()
