"""The layer is made in a base class, and the flag is compared."""

from torch import nn


class Base(nn.Module):
    def __init__(self, attn_drop):
        super().__init__()
        self.attn_drop = attn_drop


class Flash(Base):
    def forward(self, q):
        if self.training is False:
            self.attn_drop = 0.0  # <- DRP206
        return self.attend(q, dropout_p=self.attn_drop)
