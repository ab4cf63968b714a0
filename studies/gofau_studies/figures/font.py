"""The font of an SVG inside the SVG, so that it looks the same on every machine."""

import re
from base64 import b64encode
from html import unescape
from io import BytesIO

from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib import font_manager

FAMILY = "DejaVu Sans"
TEXT = re.compile(r"<text[^>]*>(.*?)</text>", re.DOTALL)


def with_font(svg: str) -> str:
    """``svg`` with those glyphs of its font that its texts need, as WOFF in a style sheet."""
    letters = "".join(sorted(set(unescape("".join(TEXT.findall(svg))))))
    if not letters:
        return svg
    data = b64encode(_woff(letters)).decode("ascii")
    face = f"@font-face{{font-family:'{FAMILY}';src:url(data:font/woff;base64,{data})}}"
    return svg.replace("<defs>", f"<defs>\n  <style>{face}</style>", 1)


def _woff(letters: str) -> bytes:
    options = subset.Options(hinting=False, notdef_outline=True)
    options.drop_tables += ["FFTM"]  # FontForge's time stamp
    path = font_manager.findfont(FAMILY, fallback_to_default=False)
    with TTFont(path, recalcTimestamp=False) as font:
        chosen = subset.Subsetter(options)
        chosen.populate(text=letters)
        chosen.subset(font)
        font.flavor = "woff"
        target = BytesIO()
        font.save(target)
    return target.getvalue()
