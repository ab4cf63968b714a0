"""The additive rule: gradient descent as usual."""

from typing import ClassVar, final

from torch import Tensor

from gofau.hyper import Hyper, State
from gofau.rules.base import UpdateRule


@final
class Additive(UpdateRule):
    """θ ← θ − lr·u; equals the torch.optim optimizer of the same direction."""

    name: ClassVar[str] = "additive"

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros move."""
        return True

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        return param - u * hyper["lr"]
