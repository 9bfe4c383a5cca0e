"""Torch's refusal to run live dropout under `vmap`, explained."""

from __future__ import annotations

from ._layers import listed
from ._subject import Subject


def explains(error: BaseException | None) -> bool:
    """Whether an error is torch's refusal of random calls under `vmap`.

    Args:
        error: What was raised.

    Returns:
        The verdict, by the error's words.
    """
    text = str(error)
    return isinstance(error, RuntimeError) and "vmap" in text and "randomness" in text


def explain(subject: Subject, error: BaseException) -> None:
    """Name the layers that drop, as advice, and add a note to the error.

    Args:
        subject: The model that ran.
        error: For which `explains` holds.
    """
    names = subject.layers.on()
    where = f" in {listed(names)}" if names else ""
    message = f"vmap ran into dropout that is on{where}."
    advice = "Give vmap randomness='different' or 'same', or put the model into evaluation mode."
    if not subject.has("DRP410"):
        note = getattr(error, "add_note", None)  # Python 3.11
        if note is not None:
            note(f"torchdrop: {message} {advice}")
    subject.report("DRP410", message, modules=names, fix=advice)
