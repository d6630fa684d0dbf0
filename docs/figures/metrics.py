"""The four metrics on one example: which prediction is best depends on what is counted."""

from __future__ import annotations

import numpy as np
from figures.svg import Sheet

from minifcn.inference.metrics import FIGURES, ConfusionMatrix, Scores

CLASSES = {".": "background", "c": "cat", "b": "bird"}
HUES = ("", "blue", "orange")
TRUTH = """
................
................
..ccccc.........
.ccccccc........
.ccccccc........
.ccccccc....bb..
..ccccc.....bb..
...ccc..........
................
................"""
BLIND = TRUTH.replace("b", ".")
LARGE = """
................
................
..ccccc.........
.ccccccc..bbbbb.
.ccccccc..bbbbb.
.ccccccc..bbbbb.
..ccccc...bbbbb.
...ccc....bbbbb.
................
................"""
SMALL = """
................
................
................
..cccc..........
..cccc..........
..cccc......bb..
..cccc......b...
................
................
................"""
PREDICTIONS = {"overlooks the bird": BLIND, "bird far too large": LARGE, "both too small": SMALL}
METRICS = {
    "pixel accuracy": "right / all pixels",
    "mean accuracy": "right / true, mean of classes",
    "mean IU": "right / (true or predicted)",
    "f.w. IU": "IU, weighted by true pixels",
}
CELL, STEP, LEFT = 9.6, 168, 22


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "Which prediction is best? Each metric has an answer of its own",
        "A label map with a cat and a small bird, and three predictions: one without the bird, one "
        "with a bird six times too large, one with both too small. Pixel accuracy and frequency "
        "weighted IU prefer the first, mean accuracy the second, mean IU the third.",
        448,
    )
    truth = label_map(TRUTH)
    draw_map(sheet, LEFT, "truth", truth, truth)
    results = []
    for column, (name, text) in enumerate(PREDICTIONS.items(), start=1):
        prediction = label_map(text)
        draw_map(sheet, LEFT + column * STEP, name, prediction, truth)
        counts = ConfusionMatrix(len(CLASSES))
        counts.update(truth, prediction)
        results.append(counts.scores())
    for row, (field, (metric, meaning)) in enumerate(zip(FIGURES, METRICS.items(), strict=True)):
        y = 206 + 46 * row
        sheet.text(LEFT, y - 7, metric, bold=True)
        sheet.text(LEFT, y + 9, meaning, fill="soft", size=11)
        draw_bars(sheet, y, [getattr(scores, field) for scores in results])
    draw_classes(sheet, 400, results)
    return sheet


def label_map(text: str) -> np.ndarray:
    """Return (10, 16) classes of a drawn map."""
    return np.array([[list(CLASSES).index(letter) for letter in row] for row in text.split()])


def draw_map(sheet: Sheet, x: float, name: str, classes: np.ndarray, truth: np.ndarray) -> None:
    """Draw a label map, with the outlines of the truth on it."""
    y, (rows, columns) = 72, classes.shape
    sheet.text(x, 56, name, bold=True)
    for kind in (1, 2):
        runs = ""
        for i in range(rows):
            found = np.flatnonzero(classes[i] == kind)  # in each row one run of pixels
            if len(found):
                begin, width = x + found[0] * CELL, len(found) * CELL
                runs += f"M{begin:.1f} {y + i * CELL:.1f}h{width:.1f}v{CELL}h{-width:.1f}z"
        if runs:
            sheet.path(runs, fill=HUES[kind], shade=0.55)
    edges = ""
    for i, j in np.ndindex(rows - 1, columns - 1):
        if truth[i, j] != truth[i, j + 1]:
            edges += f"M{x + (j + 1) * CELL:.1f} {y + i * CELL:.1f}v{CELL}"
        if truth[i, j] != truth[i + 1, j]:
            edges += f"M{x + j * CELL:.1f} {y + (i + 1) * CELL:.1f}h{CELL}"
    sheet.path(edges, stroke="ink", weight=1.4)
    sheet.rect(x, y, columns * CELL, rows * CELL, stroke="soft")


def draw_bars(sheet: Sheet, y: float, values: list[float]) -> None:
    """Draw a metric of each prediction; the largest stands out."""
    for column, value in enumerate(values, start=1):
        x, best = LEFT + column * STEP, value == max(values)
        full = 16 * CELL - 44
        sheet.rect(x, y - 8, full, 16, stroke="rule")
        hue, shade = ("green", 0.75) if best else ("soft", 0.35)
        sheet.rect(x, y - 8, full * value, 16, fill=hue, shade=shade)
        text = f"{100 * value:.1f}"
        sheet.text(x + full + 6, y, text, bold=best, fill="green" if best else "ink", size=13)


def draw_classes(sheet: Sheet, y: float, results: list[Scores]) -> None:
    """Write the IU of each class, of which the means are."""
    sheet.text(LEFT, y, "IU of each class", fill="soft")
    for column, scores in enumerate(results, start=1):
        for line, (name, value) in enumerate(zip(CLASSES.values(), scores.class_iu, strict=True)):
            text = f"{name} {100 * value:.1f}"
            sheet.text(LEFT + column * STEP, y + 15 * line, text, fill="soft", size=11.5)
    sheet.text(LEFT, y + 30, "in percent; lines: truth", fill="soft", size=11.5)
