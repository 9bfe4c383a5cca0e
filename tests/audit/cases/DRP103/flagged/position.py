"""By position, through a constant of the module, under another name."""

from torch import nn
from torch.nn.functional import dropout as thin_out

ACTIVE = True


class Encoder(nn.Module):
    def encode(self, tokens):
        hidden = self.embed(tokens)
        return thin_out(hidden, 0.2, ACTIVE)  # <- DRP103
