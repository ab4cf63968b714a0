"""The additive rule: gradient descent as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, final

from gofau.catalog import RuleEntry, positive
from gofau.rules.base import UpdateRule

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State

LR: Final = positive("lr", None, "step size of the additive term")


@final
class Additive(UpdateRule):
    """θ ← θ − lr·u; equals the torch.optim optimizer of the same direction."""

    entry: ClassVar[RuleEntry] = RuleEntry("additive", "θ ← θ − lr·u.", (LR,))
    name: ClassVar[str] = entry.name

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros move."""
        return True

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        return param - u * hyper["lr"]
