"""The sleeping network only gives gradients to a graph that is learned; its own step wakes it."""

import torch
import torch.nn.functional as F


class Structure:
    def __init__(self, network, graph):
        self.network = network
        self.graph = graph
        self.optimizer = torch.optim.Adam(self.network.parameters())

    def fit(self, x, y, held_out):
        graph = self.graph
        self.graph_optimizer = torch.optim.SGD(graph.parameters(), lr=0.1)
        for epoch in range(100):
            self.learn_graph(x, y)
            self.learn_weights(x, y, held_out)

    def learn_graph(self, x, y):
        self.graph_optimizer.zero_grad()
        loss = F.nll_loss(self.network(x, self.graph()), y)
        loss.backward()
        self.graph_optimizer.step()

    def learn_weights(self, x, y, held_out):
        self.network.train()
        self.optimizer.zero_grad()
        loss = F.nll_loss(self.network(x, self.graph()), y)
        loss.backward()
        self.optimizer.step()
        self.network.eval()
        print(self.network(held_out, self.graph()))
