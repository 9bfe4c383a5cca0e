"""With names, and in a method, for a recurrent layer."""

from torch.nn import LSTM, Dropout, Linear, Module


class Model(Module):
    def __init__(self):
        super().__init__()
        self.rnn = LSTM(8, 8, num_layers=2, dropout=0.3)
        self.drop = Dropout(0.1)
        self.last = Linear(8, 2)

    def forward(self, x):
        return self.last(self.drop(self.rnn(x)[0]))

    def without_dropout(self):
        for name, part in self.named_modules():
            if name != "last" and isinstance(part, Dropout):
                part.p = 0.0  # <- DRP312
        return self
