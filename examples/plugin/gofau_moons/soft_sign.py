"""A rule between the direction itself and its sign."""

from typing import ClassVar, final

from torch import Tensor

from gofau.hyper import Hyper, State
from gofau.rules import UpdateRule


@final
class SoftSign(UpdateRule):
    """θ ← θ − lr·u/(sharpness + abs(u)): small steps follow u, large ones are at most lr."""

    name: ClassVar[str] = "soft-sign"

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember of the initial parameter."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool:
        """A step does not depend on the parameter, so zeros move."""
        return True

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; each number in ``hyper`` may be a tensor, one value per trial."""
        return param - hyper["lr"] * u / (hyper["sharpness"] + u.abs())
