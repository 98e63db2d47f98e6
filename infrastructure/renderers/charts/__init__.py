"""The charts of a report as SVG: the same picture in a page and in a PDF, readable in grey, never by colour alone.

Only presentation attributes are used, no style sheets, no scripts and nothing from outside. Lines and text take
`currentColor`, so that a dark page can turn them round.
"""
