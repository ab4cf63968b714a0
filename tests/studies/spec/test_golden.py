"""Hashes, keys and orders that stored studies rely on: they stay as they are, byte for byte.

``golden.json`` holds what specs came to before the packages were rebuilt: the catalog's, and made
ones with every feature of a spec.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import gofau_studies
from gofau_studies.spec import StudySpec, parse_spec, parse_yaml
from gofau_studies.spec.canonical import canonical_json
from gofau_studies.spec.cells import Cell, cells
from gofau_studies.spec.packs import bucket_key

CATALOG = Path(gofau_studies.__file__).parent / "catalog"
GOLDEN: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("golden.json").read_text(encoding="utf-8")
)


def digest(lines: Iterable[str]) -> str:
    whole = hashlib.sha256()
    for line in lines:
        whole.update(line.encode() + b"\n")
    return whole.hexdigest()


def place(cell: Cell) -> str:
    labels = [cell.key, cell.problem, cell.direction, cell.rule]
    return canonical_json([*labels, list(cell.point), list(cell.point.values())])


def found(spec: StudySpec) -> dict[str, object]:
    enumerated = list(cells(spec))
    packs = dict.fromkeys(bucket_key(cell.definition) for cell in enumerated)
    return {
        "hash": spec.hash,
        "cells": len(enumerated),
        "trials": spec.trial_count,
        "enumeration": digest(map(place, enumerated)),
        "definitions": digest(canonical_json(cell.definition) for cell in enumerated),
        "packs": len(packs),
        "pack_keys": digest(packs),
        "stored": digest([spec.model_dump_json()]),
    }


@pytest.mark.parametrize("name", GOLDEN["catalog"])
def test_a_study_of_the_catalog_is_what_it_was(name: str) -> None:
    assert (
        found(parse_yaml((CATALOG / name).read_text(encoding="utf-8"))) == (GOLDEN["catalog"][name])
    )


@pytest.mark.parametrize("name", GOLDEN["made"])
def test_every_feature_of_a_spec_enumerates_as_it_did(name: str) -> None:
    made = GOLDEN["made"][name]
    assert found(parse_spec(made["spec"])) == made["found"]
