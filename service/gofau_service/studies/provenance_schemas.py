"""Inputs and environments as the API shows them."""

from typing import Any

from pydantic import Field

from gofau_service.studies.schemas import Out


class EnvironmentView(Out):
    """Where trials were computed: what decides the last bits of their results."""

    digest: str | None = Field(description="`null`: not recorded")
    trials: int
    record: dict[str, Any]


class InputsView(Out):
    """What trials of a problem and a rule depended on: data, module, loss, other code."""

    problem: str
    rule: str
    digest: str | None = Field(description="`null`: not recorded")
    trials: int
    record: dict[str, Any]


class StudyProvenance(Out):
    """What a study's completed trials depended on, and where they were computed."""

    environments: list[EnvironmentView]
    inputs: list[InputsView]
