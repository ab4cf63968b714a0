"""Residual networks for small images."""

from torch import nn

from gofau.problems.blocks.layers import norm


def resnet(depth: int, classes: int, kind: str) -> nn.Module:
    """torchvision's ResNet-18 or -34 with the stem for small images.

    The first convolution is 3x3 with stride 1, and no pooling follows it; the rest and the
    initialisation are torchvision's.

    Args:
        depth: 18 or 34.
        classes: outputs.
        kind: of normalisation; see `gofau.problems.blocks.layers.norm`.

    Raises:
        ModuleNotFoundError: torchvision is not installed.

    Source: He et al., Deep residual learning for image recognition, CVPR (2016).
    """
    try:
        from torchvision.models import resnet18, resnet34
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the ResNet problems take their networks from torchvision, which is not installed; "
            "install it with: pip install 'gofau[workers]'"
        ) from error
    build = {18: resnet18, 34: resnet34}[depth]
    network: nn.Module = build(
        num_classes=classes, norm_layer=lambda channels: _norm(kind, channels)
    )
    stem = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
    network.conv1 = stem
    network.maxpool = nn.Identity()
    return network


def _norm(kind: str, channels: int) -> nn.Module:
    return next(iter(norm(kind, channels)), nn.Identity())
