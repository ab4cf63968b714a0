"""Study specs, cells, packs, robustness metrics and reports."""
