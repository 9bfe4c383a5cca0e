"""Two models; the critic learns from a generator that runs under no_grad in training mode."""

import torch
from torch import nn

from torchdrop.modes import Guard


def main() -> None:
    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 8))
    critic = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
    generator_steps = torch.optim.Adam(generator.parameters(), lr=1e-3)
    critic_steps = torch.optim.Adam(critic.parameters(), lr=1e-3)
    with Guard(generator), Guard(critic):
        for _ in range(4):
            with torch.no_grad():
                fake = generator(torch.randn(4, 4))
            loss = critic(fake).mean() - critic(torch.randn(4, 8)).mean()
            critic_steps.zero_grad()
            loss.backward()
            critic_steps.step()
            loss = -critic(generator(torch.randn(4, 4))).mean()
            generator_steps.zero_grad()
            loss.backward()
            generator_steps.step()


if __name__ == "__main__":
    main()
