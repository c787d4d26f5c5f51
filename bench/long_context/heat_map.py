#!/usr/bin/env python3
"""Draws accuracy by text length and depth of the needle, a small grid for each rule, as SVG.

Usage: bench/long_context/heat_map.py OUT/results.jsonl [--tasks needle_in_log,needle_in_text]
           [--needles 1,4] [--title TEXT] > needles.svg

Of several tasks or numbers of needles, the items are taken together. A cell says how many of a
hundred answers are right; one that has not been measured is empty, as are lengths at which `none`
does not fit the model.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "customization"))
import distilling  # noqa: E402
import lines  # noqa: E402
import svg  # noqa: E402

WIDTH, HEIGHT = 36, 24  # px of a cell
LEFT, ABOVE, BELOW = 66, 28, 52  # px around a grid
COLUMNS = 3  # grids side by side
TOP = 76  # px above all grids: title and scale

# No answer right, and all: one hue, from light to dark, that the colour-blind see as well.
LIGHT, DARK = (0xE8, 0xF1, 0xF8), (0x00, 0x4B, 0x7C)
INK, PAPER = "#000000", "#ffffff"  # numbers on light cells and on dark ones


def colour(share):
    """The colour of a cell, and that of the number in it."""
    mixed = (round(light + share * (dark - light)) for light, dark in zip(LIGHT, DARK))
    return "#" + "".join(f"{part:02x}" for part in mixed), PAPER if share > 0.7 else INK


def gather(measured, tasks=None, needles=None):
    """{rule: {(length, depth): (right, n)}} of the needle grid's lines."""
    grids = {}
    for line in measured:
        if line["part"] != "needles" or (tasks and line["task"] not in tasks) or \
                (needles and line["needles"] not in needles):
            continue
        grid = grids.setdefault(line["rule"], {})
        right, n = grid.get((line["length"], line["depth"]), (0, 0))
        grid[line["length"], line["depth"]] = right + line["right"], n + line["n"]
    return {rule: grids[rule] for rule in distilling.RULES if rule in grids}


def draw_cell(picture, x, y, count):
    box = f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="2"'
    if count is None:
        picture.add(f'{box} class="grid"/>')
        return
    right, n = count
    fill, ink = colour(right / n)
    picture.add(f'{box} fill="{fill}"><title>{right} of {n}</title></rect>')
    picture.add(f'<text x="{x + WIDTH / 2:.1f}" y="{y + HEIGHT / 2 + 5:.1f}" text-anchor="middle" '
                f'style="fill: {ink}">{100 * right / n:.0f}</text>')


def draw_grid(picture, x, y, rule, grid, lengths, depths):
    """One rule's grid, with its upper left corner there."""
    left, top = x + LEFT, y + ABOVE
    picture.add(f'<text x="{left}" y="{top - 10}" style="font-weight: 600">{rule}</text>')
    for row, depth in enumerate(depths):
        picture.text(left - 6, top + row * HEIGHT + HEIGHT / 2 + 5, f"{depth:g}", anchor="end")
        for column, length in enumerate(lengths):
            draw_cell(picture, left + column * WIDTH, top + row * HEIGHT,
                      grid.get((length, depth)))
    bottom = top + len(depths) * HEIGHT
    for column, length in enumerate(lengths):
        picture.text(left + (column + 0.5) * WIDTH, bottom + 16, f"{length}×", anchor="middle")
    picture.text(x + 16, (top + bottom) / 2, "depth", anchor="middle", turn=-90)
    picture.text(left + len(lengths) * WIDTH / 2, bottom + 34, "length of the text, in pots",
                 anchor="middle")


def draw_scale(picture):
    x, y, step = picture.width / 2 - 110, 42, 20
    picture.text(x - 8, y + 12, "answers right, %   0", anchor="end")
    for tenth in range(11):
        fill, _ = colour(tenth / 10)
        picture.add(f'<rect x="{x + tenth * step:.1f}" y="{y}" width="{step}" height="16" '
                    f'fill="{fill}"/>')
    picture.text(x + 11 * step + 6, y + 12, "100")


def heat_maps(title, grids):
    lengths = sorted({length for grid in grids.values() for length, _ in grid})
    depths = sorted({depth for grid in grids.values() for _, depth in grid})
    columns = min(COLUMNS, len(grids))
    across = LEFT + max(len(lengths) * WIDTH, 200)
    down = ABOVE + len(depths) * HEIGHT + BELOW
    rows = -(-len(grids) // columns)
    picture = svg.Picture(title, max(columns * across + 24, 520), TOP + rows * down)
    draw_scale(picture)
    for index, (rule, grid) in enumerate(grids.items()):
        draw_grid(picture, index % columns * across, TOP + index // columns * down, rule, grid,
                  lengths, depths)
    return picture.write()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--tasks", type=lambda text: text.split(","), help="default: all")
    parser.add_argument("--needles", type=lambda text: [int(each) for each in text.split(",")],
                        help="numbers of needles; default: all")
    parser.add_argument("--title", default="Needles found, by text length and depth")
    options = parser.parse_args()
    grids = gather(lines.read_lines(options.results), options.tasks, options.needles)
    if not grids:
        sys.exit(f"{options.results} has no line of such needles")
    print(heat_maps(options.title, grids), end="")


if __name__ == "__main__":
    main()
