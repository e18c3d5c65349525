"""A few shapes on a canvas, as SVG text small enough for a page or as a PNG. Pixels from the upper
left corner."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]
_ANCHOR = {"start": "left", "middle": "center", "end": "right"}


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    points: tuple[Point, ...]
    fill: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Region:
    """Closed rings as one filled shape with an outline; a ring within another is a hole in it.
    link: where a click on it leads; title: what it is, told where the mouse rests."""

    rings: tuple[tuple[Point, ...], ...]
    fill: str
    outline: str = "#333"
    width: float = 0.6
    dashed: bool = False
    link: str = ""
    title: str = ""


@dataclass(frozen=True)
class Polyline:
    """A line through points."""

    points: tuple[Point, ...]
    colour: str
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Dots:
    """Round points of one size, filled or hollow."""

    points: tuple[Point, ...]
    radius: float
    colour: str
    hollow: bool = False


@dataclass(frozen=True)
class Label:
    """Words at a point; `anchor` start, middle or end."""

    at: Point
    words: str
    size: float = 11.0
    colour: str = "#333"
    anchor: str = "start"
    bold: bool = False


Shape = Area | Region | Polyline | Dots | Label


@dataclass
class Canvas:
    """Shapes in the order they are drawn, with what they show in words for those who cannot see
    them."""

    width: int
    height: int
    title: str
    description: str
    shapes: list[Shape] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    """What must be said with the picture, for those who set it below in their own type."""

    def svg(self) -> str:
        """One `<svg>` element with no outside reference, to be put in a page or a file as it is."""
        body = "".join(_drawn(shape) for shape in self.shapes)
        # A picture's parts are hidden from those who cannot see it; links must not be.
        linked = any(isinstance(shape, Region) and shape.link for shape in self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} '
            f'{self.height}" role="{"group" if linked else "img"}" '
            f'font-family="sans-serif"><title>{escape(self.title)}</title><desc>{escape(self.description)}</desc>'
            f'<path fill="#fff" d="M0 0h{self.width}v{self.height}H0z"/>{body}</svg>'
        )

    def png(self, *, scale: float = 2.0) -> bytes:
        """The same picture as PNG, `scale` pixels to a pixel."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(self.width / 100, self.height / 100), dpi=100 * scale)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.axis("off")
        for order, shape in enumerate(self.shapes):
            _draw(axes, shape, order)
        content = io.BytesIO()
        figure.savefig(content, format="png")
        return content.getvalue()


def _n(value: float) -> str:
    """A coordinate with one decimal and no ballast."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.", "-.")


def _path(points: tuple[Point, ...]) -> str:
    """Points as a path: the first as it is, the others as steps in whole tenths, which are shorter
    to write."""
    tenths = [(round(x * 10), round(y * 10)) for x, y in points]
    steps = [
        f"{_n((x - u) / 10)} {_n((y - v) / 10)}"
        for (u, v), (x, y) in zip(tenths, tenths[1:], strict=False)
    ]
    start = f"M{_n(tenths[0][0] / 10)} {_n(tenths[0][1] / 10)}"
    return start + ("l" + " ".join(steps) if steps else "").replace(" -", "-")


def _area(shape: Area) -> str:
    seen = f' fill-opacity="{shape.opacity}"' if shape.opacity < 1 else ""
    return f'<path fill="{shape.fill}"{seen} d="{_path(shape.points)}z"/>'


def _region(shape: Region) -> str:
    dash = ' stroke-dasharray="2 2"' if shape.dashed else ""
    rings = "".join(f"{_path(ring)}z" for ring in shape.rings)
    title = f"<title>{escape(shape.title)}</title>" if shape.title else ""
    drawn = (
        f'<path fill="{shape.fill}" fill-rule="evenodd" stroke="{shape.outline}" '
        f'stroke-width="{shape.width:g}"{dash} d="{rings}"'
    )
    drawn += f">{title}</path>" if title else "/>"
    if not shape.link:
        return drawn
    named = quoteattr(shape.title or shape.link)
    return f"<a href={quoteattr(shape.link)} aria-label={named}>{drawn}</a>"


def _line(shape: Polyline) -> str:
    dash = ' stroke-dasharray="4 3"' if shape.dashed else ""
    width = f' stroke-width="{shape.width}"' if shape.width != 1 else ""
    return f'<path fill="none" stroke="{shape.colour}"{width}{dash} d="{_path(shape.points)}"/>'


def _dots(shape: Dots) -> str:
    """Steps of no length with round ends: a tenth of the text that circles would need."""
    places = "".join(f"M{_n(x)} {_n(y)}h0" for x, y in shape.points)
    round_ends = f'<path fill="none" stroke-linecap="round" d="{places}"'
    filled = f'{round_ends} stroke="{shape.colour}" stroke-width="{2 * shape.radius + 1:g}"/>'
    return filled + (
        f'{round_ends} stroke="#fff" stroke-width="{2 * shape.radius - 1:g}"/>'
        if shape.hollow
        else ""
    )


def _text(shape: Label) -> str:
    x, y = shape.at
    anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
    bold = ' font-weight="bold"' if shape.bold else ""
    place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(shape.size)}" fill={quoteattr(shape.colour)}'
    return f"<text {place}{anchor}{bold}>{escape(shape.words)}</text>"


def _drawn(shape: Shape) -> str:
    """A shape as SVG."""
    match shape:
        case Area():
            return _area(shape)
        case Region():
            return _region(shape)
        case Polyline():
            return _line(shape)
        case Dots():
            return _dots(shape)
        case Label():
            return _text(shape)


def _draw(axes: Axes, shape: Shape, order: int) -> None:
    """One shape in matplotlib, above those before it."""
    if isinstance(shape, Area):
        x, y = zip(*shape.points, strict=True)
        axes.fill(x, y, facecolor=shape.fill, alpha=shape.opacity, linewidth=0, zorder=order)
    elif isinstance(shape, Region):
        _draw_region(axes, shape, order)
    elif isinstance(shape, Polyline):
        x, y = zip(*shape.points, strict=True)
        style = "--" if shape.dashed else "-"
        axes.plot(
            x, y, color=shape.colour, linewidth=0.72 * shape.width, linestyle=style, zorder=order
        )
    elif isinstance(shape, Dots):
        x, y = zip(*shape.points, strict=True)
        axes.plot(
            x,
            y,
            "o",
            markersize=1.44 * shape.radius,
            markerfacecolor="#fff" if shape.hollow else shape.colour,
            markeredgecolor=shape.colour,
            markeredgewidth=0.72,
            zorder=order,
        )
    else:
        axes.text(
            *shape.at,
            shape.words,
            fontsize=0.72 * shape.size,
            color=shape.colour,
            ha=_ANCHOR[shape.anchor],
            va="baseline",
            weight="bold" if shape.bold else "normal",
            zorder=order,
        )


def _draw_region(axes: Axes, shape: Region, order: int) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    rings = [Path(ring, closed=True) for ring in shape.rings]
    axes.add_patch(
        PathPatch(
            Path.make_compound_path(*rings),
            facecolor=shape.fill,
            edgecolor=shape.outline,
            linewidth=0.72 * shape.width,
            linestyle="--" if shape.dashed else "-",
            zorder=order,
        )
    )
