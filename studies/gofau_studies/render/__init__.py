"""Reports as HTML, Markdown and plain text."""
