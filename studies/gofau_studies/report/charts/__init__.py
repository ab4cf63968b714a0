"""Charts of a report, one kind a file: ``CHART`` in it is a `ChartMaker`. Files are found.

The file's name is the chart's: in the report's JSON, in file names and in ``gofau figures --only``.
"""
