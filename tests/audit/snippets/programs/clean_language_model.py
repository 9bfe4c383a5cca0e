"""An LSTM language model: states carried over, weights tied, text generated between epochs."""

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, words=20, width=12, p=0.3):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.drop = nn.Dropout(p)
        self.rnn = nn.LSTM(width, width, num_layers=2, dropout=p, batch_first=True)
        self.out = nn.Linear(width, words)
        self.out.weight = self.embed.weight

    def forward(self, tokens, state=None):
        hidden, state = self.rnn(self.drop(self.embed(tokens)), state)
        return self.out(self.drop(hidden)), state


@torch.no_grad()
def generate(model, start, count):
    was = model.training
    model.eval()
    tokens, state = start, None
    for _ in range(count):
        scores, state = model(tokens[:, -1:], state)
        tokens = torch.cat([tokens, scores[:, -1].softmax(-1).multinomial(1)], 1)
    model.train(was)
    return tokens


def main():
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    text = torch.randint(20, (4, 61))
    for _ in range(3):
        state = None
        for begin in range(0, 60, 10):
            x, y = text[:, begin : begin + 10], text[:, begin + 1 : begin + 11]
            if state is not None:
                state = tuple(part.detach() for part in state)
            scores, state = model(x, state)
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        generate(model, text[:1, :1], 5)


if __name__ == "__main__":
    main()
