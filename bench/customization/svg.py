"""Draws charts as SVG, with nothing but the standard library.

    svg.bars("Accuracy", ["a", "b"], [svg.Bars("ours", [0.7, 0.5], [(0.6, 0.8), (0.4, 0.6)])],
             y_label="share of right answers", y_top=1.0)
    svg.lines("Accuracy against server share", [svg.Line("ours", [(0, 0.5), (1, 0.9)])],
              x_label="share of questions sent", y_label="accuracy")

Both return the file's text. The background stays open; text and axes follow the reader's light or
dark theme, and the colours (Okabe and Ito 2008, without the yellow) are told apart on both, by the
colour-blind too. Lines also differ in their dashes.
"""
import math
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#7a5195"]
DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 4", "12 4", "1 4", "6 2 2 2"]

FONT = 14  # px
LETTER = 0.55 * FONT  # a letter's mean width in a sans-serif font

STYLE = f"""
text {{ font: {FONT}px system-ui, "DejaVu Sans", sans-serif; fill: #24292f }}
.title {{ font-weight: 600; font-size: {FONT + 3}px }}
.axis {{ stroke: #57606a; fill: none }}
.grid {{ stroke: #8c959f; stroke-opacity: 0.3; fill: none }}
.whisker {{ stroke: #24292f; stroke-width: 1.2; fill: none }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #e6edf3 }}
  .axis {{ stroke: #9198a1 }}
  .whisker {{ stroke: #e6edf3 }}
}}
"""


@dataclass
class Bars:
    """One bar a group."""

    name: str
    values: list  # [groups]; None: no bar
    whiskers: list = field(default_factory=list)  # [groups] (low, high), or None; may be empty


@dataclass
class Line:
    name: str
    points: list  # (x, y), in the order of drawing
    marks: bool = False  # a dot at every point


def ticks(low, high, wanted=5):
    """Round numbers from `low` to `high`, about as many as wanted: steps of 1, 2 or 5."""
    power = 10.0 ** math.floor(math.log10((high - low) / wanted))
    step = next(power * m for m in (1, 2, 5, 10) if (high - low) / (power * m) <= wanted + 1e-9)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def label_width(text):
    return LETTER * len(text)


def stroke(index):
    """The attributes of the line of this number."""
    return (f' stroke="{COLOURS[index % len(COLOURS)]}" stroke-width="2.2" stroke-linejoin="round" '
            f'stroke-dasharray="{DASHES[index % len(DASHES)] or "none"}"')


def extent(values):
    """The least and the greatest; a little apart when they are the same."""
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


class Picture:
    """The parts of a picture drawn so far, and how they become a file."""

    def __init__(self, title, width, height):
        self.title, self.width, self.height = title, width, height
        self.parts = []
        self.text(width / 2, 24, title, anchor="middle", kind="title")

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, text, anchor="start", kind="", turn=0):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        styled = f' class="{kind}"' if kind else ""
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{styled}{turned}>'
                 f"{escape(text)}</text>")

    def path(self, points, kind="", attributes=""):
        data = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        styled = f' class="{kind}"' if kind else ' fill="none"'
        self.add(f'<path d="{data}"{styled}{attributes}/>')

    def write(self):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img">',
            f"<title>{escape(self.title)}</title>", f"<style>{STYLE}</style>", *self.parts,
            "</svg>", ""])


class Frame(Picture):
    """A picture with a plotting area and its axes."""

    def __init__(self, title, width, height, names, y_label, dashed=False):
        super().__init__(title, width, height)
        self.left, self.right = 64, width - 16
        self.top = 48 + self.legend(names, 46, dashed)
        self.bottom = height - 48
        x, y = 18, (self.top + self.bottom) / 2
        self.text(x, y, y_label, anchor="middle", turn=-90)

    def legend(self, names, y, dashed):
        """Draws what each colour or line is, as many names a row as fit; returns the height."""
        x, rows = 64, 1
        for index, name in enumerate(names):
            entry = 28 + label_width(name) + 16
            if x + entry > self.width and x > 64:
                x, rows = 64, rows + 1
            row = y + 22 * (rows - 1)
            if dashed:
                self.path([(x, row + 5), (x + 22, row + 5)], attributes=stroke(index))
            else:
                self.add(f'<rect x="{x:.1f}" y="{row - 1}" width="20" height="12" rx="2" '
                         f'fill="{COLOURS[index % len(COLOURS)]}"/>')
            self.text(x + 26, row + 10, name)
            x += entry
        return 22 * rows

    def scale(self, y_low, y_high):
        """Draws the y axis and its grid; returns value -> y."""
        def y_of(value):
            share = (value - y_low) / (y_high - y_low)
            return self.bottom - share * (self.bottom - self.top)

        for tick in ticks(y_low, y_high):
            y = y_of(tick)
            self.path([(self.left, y), (self.right, y)], "grid")
            self.text(self.left - 8, y + 5, f"{tick:g}", anchor="end")
        self.path([(self.left, self.bottom), (self.right, self.bottom)], "axis")
        return y_of


def bars(title, groups, series, y_label, y_top=None, width=760, height=400):
    """Groups of bars from 0 up, side by side, with whiskers for their intervals."""
    frame = Frame(title, width, height, [one.name for one in series], y_label)
    room = (frame.right - frame.left) / len(groups)  # px a group
    slanted = max(map(label_width, groups)) > room - 6
    if slanted:
        frame.bottom -= 0.5 * max(map(label_width, groups)) - 8
    values = [value for one in series for value in one.values if value is not None]
    ends = [whisker[1] for one in series for whisker in one.whiskers if whisker]
    y_of = frame.scale(0, y_top or 1.05 * max(values + ends) or 1)
    bar = 0.84 * room / len(series)
    for g, group in enumerate(groups):
        middle = frame.left + (g + 0.5) * room
        for s, one in enumerate(series):
            if one.values[g] is None:
                continue
            x = middle - 0.42 * room + s * bar
            y = y_of(one.values[g])
            hint = escape(f"{one.name}, {group}: {one.values[g]:.3g}")
            frame.add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{0.92 * bar:.1f}" '
                      f'height="{frame.bottom - y:.1f}" fill="{COLOURS[s % len(COLOURS)]}">'
                      f"<title>{hint}</title></rect>")
            if one.whiskers and one.whiskers[g]:
                low, high = (y_of(value) for value in one.whiskers[g])
                centre, cap = x + 0.46 * bar, min(4.0, 0.25 * bar)
                frame.path([(centre, low), (centre, high)], "whisker")
                for end in (low, high):
                    frame.path([(centre - cap, end), (centre + cap, end)], "whisker")
        if slanted:
            frame.text(middle + 4, frame.bottom + 16, group, anchor="end", turn=-30)
        else:
            frame.text(middle, frame.bottom + 20, group, anchor="middle")
    return frame.write()


def lines(title, series, x_label, y_label, x_range=None, y_range=None, x_names=None, width=760,
          height=400):
    """Lines over a common x axis; the ranges are those of the points unless given.

    x_names: what stands under x = 0, 1, .., instead of round numbers.
    """
    points = [point for one in series for point in one.points]
    x_low, x_high = x_range or extent([x for x, _ in points])
    y_low, y_high = y_range or extent([y for _, y in points])
    frame = Frame(title, width, height, [one.name for one in series], y_label, dashed=True)
    y_of = frame.scale(y_low, y_high)

    def x_of(value):
        return frame.left + (value - x_low) / (x_high - x_low) * (frame.right - frame.left)

    marks = enumerate(x_names) if x_names else [(x, f"{x:g}") for x in ticks(x_low, x_high)]
    for tick, name in marks:
        frame.path([(x_of(tick), frame.bottom), (x_of(tick), frame.bottom + 5)], "axis")
        frame.text(x_of(tick), frame.bottom + 20, name, anchor="middle")
    frame.text((frame.left + frame.right) / 2, height - 8, x_label, anchor="middle")
    for index, one in enumerate(series):
        drawn = [(x_of(x), y_of(y)) for x, y in one.points]
        frame.path(drawn, attributes=stroke(index))
        for x, y in drawn if one.marks else []:
            frame.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" '
                      f'fill="{COLOURS[index % len(COLOURS)]}"/>')
    return frame.write()
