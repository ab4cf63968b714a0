"""Figures: inline SVG for pages, matplotlib for print. Both draw the same views."""
