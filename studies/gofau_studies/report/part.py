"""What everything in a report is."""

from pydantic import BaseModel, ConfigDict


class ReportPart(BaseModel):
    """Base of everything in a report: frozen and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
