"""An activation and dropout after it, as one function."""

from __future__ import annotations

import torch
from torch import Tensor

from ..kernels import can_fuse, masked_activation, seed_for
from ._activations import Activation, activate, check_activation
from ._dropout import dropout
from ._settings import Scale, check_scale, known_rate, training_factor


def activation_dropout(
    x: Tensor,
    activation: Activation,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
    scale: Scale = "train",
    negative_slope: float = 0.01,
) -> Tensor:
    """Apply an activation, then zero each element with probability `p` and rescale.

    Where the native kernel is there, both run in one pass. `relu` and `leaky_relu` of float32 and
    float64 then give the bits of the two apart; the others agree to the rounding of float32, and
    16-bit floats are rounded once, not twice. `gelu` and `silu` of float64 run apart.

    `y = dropout(activation(x))`, by definition: for one state of the generator the mask is that
    of `dropout`, so `E[y] = activation(x)` in training; out of training `y = activation(x)`.
    Dropped elements are exactly 0, NaN and infinity included, and so are their gradients.

    Args:
        x: Floating point, any shape; what goes into the activation.
        activation: `relu`, `leaky_relu`, `gelu` (exact, with erf), `gelu_tanh` (the approximation
            with tanh) or `silu`.
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: `train` divides by `1 - p` in training (inverted dropout, as torch does); `eval`
            multiplies by `1 - p` in evaluation.
        negative_slope: What `leaky_relu` multiplies negative elements by; others ignore it.

    Returns:
        A new tensor with the shape, dtype and device of `x`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, or `activation` or `scale` is unknown.
        TypeError: If `x` is not floating point.

    Example:
        >>> import torch
        >>> x = torch.tensor([-1.0, 2.0])
        >>> activation_dropout(x, "relu", 0.5, training=False)
        tensor([0., 2.])

    Source:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
        JMLR 15 (2014), section 4: the mask multiplies a layer's outputs, after its activation.
        Differs as `dropout` does.
    """
    p = known_rate(p, x)
    check_activation(activation)
    if not x.is_floating_point():
        raise TypeError(
            f"activation_dropout works on floating point tensors; got {x.dtype}. Convert it with "
            ".float() first."
        )
    if training and not isinstance(p, Tensor) and p > 0 and can_fuse(x, activation):
        check_scale(scale)
        seed, factor = seed_for(x, generator), training_factor(p, scale)
        return masked_activation(x, int(seed), p, float(factor), activation, negative_slope)
    y = activate(x, activation, negative_slope)
    return dropout(y, p, training=training, generator=generator, scale=scale)


def activation_dropout_(
    x: Tensor,
    activation: Activation,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
    scale: Scale = "train",
    negative_slope: float = 0.01,
) -> Tensor:
    """Do what `activation_dropout` does and write the result into `x`.

    Where a gradient is needed, a copy of `x` is kept: backward asks for the activation's input.

    Args:
        x: As in `activation_dropout`; changed in place.
        activation: As in `activation_dropout`.
        p: Probability of dropping an element, in `[0, 1]`.
        training: Whether to drop at all.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: As in `activation_dropout`.
        negative_slope: As in `activation_dropout`.

    Returns:
        `x` itself.
    """
    y = activation_dropout(
        x.clone() if x.requires_grad and torch.is_grad_enabled() else x,
        activation,
        p,
        training=training,
        generator=generator,
        scale=scale,
        negative_slope=negative_slope,
    )
    return x.copy_(y)
