"""The OpenAPI document names a model by its class, so two of one name would be told as one."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

from pydantic import BaseModel

import gofau_service.api
import gofau_studies.report
import gofau_studies.spec


def models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        yield model
        yield from models(model)


def test_every_model_has_a_name_of_its_own() -> None:
    for package in (gofau_service.api, gofau_studies.report, gofau_studies.spec):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    homes: dict[str, set[str]] = defaultdict(set)
    for model in models():
        if model.__module__.startswith(("gofau_service.", "gofau_studies.")):
            homes[model.__name__].add(model.__module__)
    assert len(homes) > 50
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}
