"""How this Hearth looks without any template: its colour, pattern, logo and icon, from the settings.

`style()` stands between Hearth's own style sheets and that of a theme. Readers who want more contrast get
shades of the colour that stand out better still.
"""

import mimetypes
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.conf import settings

from config.colors import BLACK, DARK, LIGHT, TEXT, WHITE, Color, clearest

# What stands on bubbles of one's own, as in static/css/tokens.css.
ON_BUBBLE = {"text": ("#111b21", "#e9edef"), "link": ("#00538a", "#b9e7ff"), "meta": ("#3f4f56", "#d3e6e0")}
ENHANCED = 7.0  # what Hearth keeps to for text, more than WCAG asks for at level AA

PATTERNS = {
    "doodles": "",
    "dots": """\
.page-room .pane-main::before {
  background: radial-gradient(circle, var(--doodle) 2px, #0000 2.5px) 0 0 / 24px 24px;
}
""",
    "none": ".page-room .pane-main::before { content: none; }\n",
}
LOGO = "logo"
DOT = '<circle cx="25" cy="7" r="7" fill="#d92d20" stroke="#fff" stroke-width="1.5"/>'


def style() -> str:
    """Return the rules that the settings ask for; nothing where they ask for nothing."""
    accent = colors(*settings.SITE_ACCENT) if settings.SITE_ACCENT else ""
    return accent + PATTERNS[settings.SITE_PATTERN] + logo()


def colors(light: Color, dark: Color) -> str:
    """Return the tokens that follow the accent colour: it, or a shade of it that can be read."""
    strong = (
        light.against(*LIGHT, toward=BLACK, contrast=ENHANCED),
        dark.against(*DARK, toward=WHITE, contrast=ENHANCED),
    )
    deep = DARK[1]
    texts = [[Color.parse(pair[index]) for pair in ON_BUBBLE.values()] for index in (0, 1)]
    bubble = (
        light.mixed(WHITE, 0.8).against(*texts[0], toward=WHITE, contrast=TEXT),
        dark.mixed(deep, 0.4).against(*texts[1], toward=BLACK, contrast=TEXT),
    )
    strip = (
        light.against(WHITE, toward=BLACK, contrast=ENHANCED),
        dark.mixed(deep, 0.7).against(WHITE, toward=BLACK, contrast=ENHANCED),
    )
    on_accent = [clearest(BLACK, WHITE, on=color) for color in (light, dark)]
    hover = [
        color.mixed(BLACK if on == WHITE else WHITE, 0.2)
        for color, on in zip((light, dark), on_accent, strict=True)
    ]
    always = {
        "accent-text": strong,
        "accent-hover": strong,  # with more contrast, the accent is this
        "on-accent": [clearest(BLACK, WHITE, on=color) for color in strong],
        "bubble-own": bubble,
    }
    usual = {
        "accent": (light, dark),
        "accent-hover": hover,
        "on-accent": on_accent,
        "focus": strong,
        "strip": strip,
    }
    return f"""\
:root {{ {_declared(always)} }}
@media not (prefers-contrast: more) {{
  :root:not([data-contrast=more]) {{ {_declared(usual)} }}
}}
"""


def _declared(tokens: Mapping[str, Sequence[Color]]) -> str:
    return " ".join(f"--{name}: light-dark({light}, {dark});" for name, (light, dark) in tokens.items())


def logo() -> str:
    """Return what shows the logo in place of the icon, as wide as it is."""
    if not settings.SITE_LOGO:
        return ""
    return f"""\
.home::before, .empty::before {{
  inline-size: auto; max-inline-size: 100%;
  border-radius: 0;
  background: none;
  content: url("../{LOGO}{settings.SITE_LOGO.suffix}");
}}
.home::before {{ block-size: 2.25rem; }}
"""


def icon(file: Path, mark: str = "") -> str:
    """Return the icon of tabs with a mark on it, as SVG, whatever its file is."""
    kind = mimetypes.guess_type(file.name)[0]
    data = b64encode(file.read_bytes()).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<image width="32" height="32" href="data:{kind};base64,{data}"/>{mark}</svg>\n'
    )


def files() -> dict[str, bytes]:
    """Return the static files that the settings stand for."""
    made = {}
    if file := settings.SITE_ICON:
        made = {"icon.svg": icon(file).encode(), "icon-unread.svg": icon(file, DOT).encode()}
    if settings.SITE_LOGO:
        made[f"{LOGO}{settings.SITE_LOGO.suffix}"] = settings.SITE_LOGO.read_bytes()
    return made
