from itertools import pairwise

import torch

from torchdrop.functional import dropout
from torchdrop.report._network import DRAWS, MOST_NODES, drawing
from torchdrop.tuning import Layout

LAYOUT = Layout((64, 128, 5, 10), (False, True, True, False))


def test_the_masks_are_those_that_dropout_draws() -> None:
    generator = torch.Generator().manual_seed(0)
    picture = drawing(LAYOUT, 0.3)
    for draw in picture.draws:
        for place, width in ((1, 128), (2, 5)):
            row = dropout(torch.ones(4, width), 0.3, training=True, generator=generator)[0]
            shown = [row[index] != 0 for index in picture.layers[place].shown]
            assert draw.bits[place] == "".join("1" if kept else "0" for kept in shown)


def test_layers_without_dropout_keep_every_node() -> None:
    for draw in drawing(LAYOUT, 0.9).draws:
        assert "0" not in draw.bits[0] + draw.bits[3]


def test_wide_layers_show_their_ends_and_dots_between() -> None:
    wide, narrow = drawing(LAYOUT, 0.3).layers[1:3]
    assert wide.shown == (*range(7), *range(121, 128))
    assert len(wide.nodes) == MOST_NODES
    assert len(wide.dots) == 3
    assert (narrow.shown, narrow.dots) == ((0, 1, 2, 3, 4), ())


def test_no_edge_touches_a_dropped_node() -> None:
    picture = drawing(LAYOUT, 0.5)
    bits = picture.draws[0].bits
    kept = [part.count("1") for part in bits]
    assert picture.edges.count("M") == sum(a * b for a, b in pairwise(kept))
    for layer, part in zip(picture.layers, bits, strict=True):
        for (x, y), bit in zip(layer.nodes, part, strict=True):
            if bit == "0":
                assert f"M{x} {y}L" not in picture.edges
                assert not f"{picture.edges}M".count(f"L{x} {y}M")


def test_counts_say_what_the_bits_show() -> None:
    for number, draw in enumerate(drawing(LAYOUT, 0.3).draws, start=1):
        shown, narrow = draw.bits[1].count("1"), draw.bits[2].count("1")
        assert f"Mini-batch {number} of {DRAWS}: hidden layer 1 kept {shown} of 14" in draw.counts
        assert f"hidden layer 2 kept {narrow} of 5." in draw.counts


def test_everything_is_dropped_at_one() -> None:
    picture = drawing(LAYOUT, 1.0)
    assert set(picture.draws[0].bits[1]) == {"0"}
    assert picture.edges == ""


def test_a_network_without_hidden_layers_can_be_drawn() -> None:
    picture = drawing(Layout((4, 2), (True, False)), 0.5)
    assert [layer.name for layer in picture.layers] == ["input", "output"]
