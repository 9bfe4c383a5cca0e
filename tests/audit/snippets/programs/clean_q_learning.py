"""Q-learning with a target network that is never trained, and a policy that acts in evaluation."""

import copy
import random

import torch
from torch import nn


class Agent:
    def __init__(self):
        self.q = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 2))
        self.target = copy.deepcopy(self.q)
        self.optimizer = torch.optim.RMSprop(self.q.parameters(), lr=1e-3)
        self.memory = []

    @torch.no_grad()
    def act(self, state):
        if random.random() < 0.1:
            return random.randrange(2)
        self.q.eval()
        action = self.q(state[None]).argmax(1).item()
        self.q.train()
        return action

    def learn(self, size=8):
        states, actions, rewards, after = zip(*random.sample(self.memory, size), strict=True)
        with torch.no_grad():
            best = self.target(torch.stack(after)).max(1).values
        wanted = torch.tensor(rewards) + 0.99 * best
        values = self.q(torch.stack(states)).gather(1, torch.tensor(actions)[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(values, wanted)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def main():
    agent, state = Agent(), torch.randn(4)
    for number in range(40):
        action = agent.act(state)
        after = torch.randn(4)
        agent.memory.append((state, action, random.random(), after))
        state = after
        if len(agent.memory) >= 16:
            agent.learn()
        if number % 10 == 0:
            agent.target.load_state_dict(agent.q.state_dict())


if __name__ == "__main__":
    main()
