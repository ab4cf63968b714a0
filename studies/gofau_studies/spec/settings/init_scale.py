"""The factor on the standard initialisation of weights."""

from gofau import catalog
from gofau.catalog import Parameter
from gofau_studies.spec.fields import Arm, SpecFields
from gofau_studies.spec.setting import Part, Setting, check_fixed

NAME = catalog.init_scale.name


class InitScale(Setting):
    """``init_scale``, an entry of its own."""

    rank = 0
    named = (catalog.init_scale,)

    def drives(self, axis: str, arm: Arm) -> tuple[Parameter, ...]:
        """The factor, under every arm."""
        return (catalog.init_scale,) if axis == NAME else ()

    def settle(self, arm: Arm) -> Part:
        """The axis's value, or the fixed one."""
        fixed = {NAME: float(arm.spec.fixed.get(NAME, catalog.init_scale.default or 1.0))}
        return lambda driven: {**fixed, **driven}

    def check(self, spec: SpecFields) -> None:
        """Refuse a fixed value beside an axis, or that is no factor."""
        check_fixed(spec, catalog.init_scale)


KIND = InitScale()
