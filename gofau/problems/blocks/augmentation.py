"""Random changes to training images, drawn from a trial's own stream."""

import torch
from torch import Tensor
from torch.nn import functional as F


def crop_and_flip(x: Tensor, generator: torch.Generator, padding: int) -> Tensor:
    """Each image shifted by up to ``padding`` pixels in zeros, and mirrored half of the time.

    This is the random crop of an image with ``padding`` zeros on every side, and a horizontal
    flip. All draws come from the CPU, so that the device of a pack changes nothing.

    Args:
        x: images ``[B, C, H, W]`` of any dtype.
        generator: a CPU generator.
        padding: pixels, >= 0.

    Returns:
        Tensor: images of the same shape and dtype.

    Source: He et al., Deep residual learning for image recognition, CVPR (2016), section 4.2.
    """
    size, _, height, width = x.shape
    shifts = torch.randint(2 * padding + 1, (2, size, 1), generator=generator)
    mirrored = torch.rand(size, 1, generator=generator) < 0.5
    rows = shifts[0] + torch.arange(height)
    columns = torch.where(mirrored, torch.arange(width - 1, -1, -1), torch.arange(width))
    columns = columns + shifts[1]
    padded = F.pad(x, (padding,) * 4)
    image = torch.arange(size, device=x.device).view(-1, 1, 1)
    index = image, rows.to(x.device).unsqueeze(2), columns.to(x.device).unsqueeze(1)
    return padded.permute(0, 2, 3, 1)[index].permute(0, 3, 1, 2).contiguous()
