"""One of two rates is used, the other by keyword only is not."""

from torch.nn import Dropout, Linear, Module


class Attention(Module):
    def __init__(
        self,
        width: int,
        *,
        attn_drop: float = 0.0,  # <- DRP303
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.qkv = Linear(width, 3 * width)
        self.drop = Dropout(proj_drop)

    def forward(self, x):
        return self.drop(self.qkv(x))
