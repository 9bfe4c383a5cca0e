"""A Wasserstein GAN: five steps of the critic for one of the generator, gradient penalty, images."""

import torch
from torch import nn


def penalty(critic, real, fake):
    share = torch.rand(len(real), 1)
    mixed = (share * real + (1 - share) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return (gradient.norm(dim=1) - 1).pow(2).mean()


def main():
    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 8))
    critic = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
    steps = torch.optim.Adam(generator.parameters(), lr=1e-3)
    critic_steps = torch.optim.Adam(critic.parameters(), lr=1e-3)
    fixed = torch.randn(6, 4)
    for _ in range(4):
        for _ in range(5):
            real = torch.randn(8, 8)
            with torch.no_grad():
                fake = generator(torch.randn(8, 4))
            loss = critic(fake).mean() - critic(real).mean() + penalty(critic, real, fake)
            critic_steps.zero_grad()
            loss.backward()
            critic_steps.step()
        noise = torch.randn(8, 4)
        loss = -critic(generator(noise)).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
        generator.eval()
        with torch.no_grad():
            generator(fixed)
        generator.train()


if __name__ == "__main__":
    main()
