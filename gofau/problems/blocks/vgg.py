"""VGG networks for small images."""

from torch import nn

from gofau.problems.blocks.layers import norm

_STAGES: dict[int, tuple[int, ...]] = {11: (1, 1, 2, 2, 2), 16: (2, 2, 3, 3, 3)}
"""Convolutions before each of the five poolings, by depth."""

_CHANNELS = (64, 128, 256, 512, 512)


def vgg(depth: int, classes: int, kind: str) -> list[nn.Module]:
    """The layers of VGG-11 or -16 with one linear layer on top, as is usual for small images.

    Convolutions start from Kaiming's normal distribution over their outputs with zero biases,
    the linear layer from a normal distribution of standard deviation 0.01, as in torchvision.

    Args:
        depth: 11 or 16, the paper's configurations A and D.
        classes: outputs.
        kind: of normalisation; see `gofau.problems.blocks.layers.norm`.

    Source: Simonyan, Zisserman, Very deep convolutional networks, ICLR (2015).
    """
    layers: list[nn.Module] = []
    inputs = 3
    for count, channels in zip(_STAGES[depth], _CHANNELS, strict=True):
        for _ in range(count):
            layers += [_convolution(inputs, channels), *norm(kind, channels), nn.ReLU()]
            inputs = channels
        layers.append(nn.MaxPool2d(2))
    head = nn.Linear(inputs, classes)
    nn.init.normal_(head.weight, 0, 0.01)
    nn.init.zeros_(head.bias)
    return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head]


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
