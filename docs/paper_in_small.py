"""Write docs/paper-in-small.md, the gallery of experiments, from their results.

    python docs/paper_in_small.py FOLDER     take what `minifcn paper` left there, write the page
    python docs/paper_in_small.py            write the page from the results that are here
    python docs/paper_in_small.py --check    say whether it is out of date, and change nothing

Results and pictures lie in docs/experiments/NAME-DATA. Figures in the page come from nowhere else.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

from minifcn.experiments import EXPERIMENTS, experiment
from minifcn.experiments.experiment import FAILS, HOLDS, OPEN
from minifcn.experiments.plots import NAME as PICTURE
from minifcn.experiments.records import NAME, read_record
from minifcn.experiments.tables import markdown

DOCS = Path(__file__).resolve().parent
RESULTS, PAGE = DOCS / "experiments", DOCS / "paper-in-small.md"
DATA = {"shapes": "Drawn shapes", "camvid": "CamVid", "voc": "PASCAL VOC"}
MARKS = {HOLDS: "yes", FAILS: "no", OPEN: "open"}
HEAD = """\
# The paper in small

Each statement of the paper (CVPR 2015, and the journal's version, PAMI 2017) as one command that
runs on a laptop: what the paper says and measures, what comes out here, and whether the statement
holds at this size. Small nets, small images and short trainings can contradict a statement about
large ones without refuting it; where that seems to be so, it is said.

The verdicts are computed, not written: of two kinds of training, each seed of the one is compared
with the same seed of the other. *Holds* and *does not hold* mean that all seeds agree; when they do
not, it *cannot be told*. Mean IU is in percent; in brackets is the lowest and the highest of the
seeds. CamVid's and VOC's images are taken at half their size, with GoogLeNet's ImageNet weights and
one seed. Minutes are those of one core of an Intel Xeon with AVX-512, which other programs shared;
all trainings are in them, also those that several experiments share and that are made once.

```sh
python -m minifcn.paper
```

lists the experiments; `paper all` makes the whole gallery of drawn shapes, and goes on where it was
stopped. This page is written by `docs/paper_in_small.py` from what they leave behind.
"""


def main() -> int:
    """Run the script; return 1 if the page is out of date."""
    arguments = sys.argv[1:]
    check = "--check" in arguments
    for folder in arguments:
        if folder != "--check":
            take(Path(folder))
    text = page()
    if check:
        fresh = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("ok" if fresh else f"{PAGE.name} is out of date: run `python {sys.argv[0]}`")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def take(folder: Path) -> None:
    """Copy the results and the pictures of all experiments that were conducted in a folder."""
    for found in sorted(folder.glob(f"*/{NAME}")):
        record = read_record(found.parent)
        if "experiment" not in record or record["smoke"]:
            continue
        kept = RESULTS / f"{record['experiment']}-{record['data']}"
        kept.mkdir(parents=True, exist_ok=True)
        for name in (NAME, PICTURE, *shown(record)):
            shutil.copyfile(found.parent / name, kept / name)


def shown(record: dict[str, Any]) -> list[str]:
    """Return the further pictures of an experiment; photographs of the data sets are not ours."""
    return record["pictures"] if record["data"] == "shapes" else []


def page() -> str:
    """Return the page."""
    records = {
        name: [
            read_record(RESULTS / f"{name}-{data}")
            for data in DATA
            if (RESULTS / f"{name}-{data}" / NAME).is_file()
        ]
        for name in EXPERIMENTS
    }
    return "\n".join([HEAD, overview(records), *map(section, records, records.values())])


def overview(records: dict[str, list[dict[str, Any]]]) -> str:
    """Return the table of all statements: where each is in the paper, and whether it holds."""
    lines = [f"| statement | where | {' | '.join(DATA.values())} |", "| --- " * 5 + "|"]
    for name, some in records.items():
        one = experiment(name)
        verdicts = {record["data"]: MARKS[record["verdict"]] for record in some}
        found = " | ".join(verdicts.get(data, "") for data in DATA)
        lines.append(f"| [{name}](#{name}): {one.statement} | {one.section} | {found} |")
    return "\n".join(lines) + "\n"


def explained(name: str) -> str:
    """Return links to the pages of the textbook that show an experiment's command."""
    command = re.compile(rf"minifcn[. ]paper {name}(?![\w-])")
    links = []
    for page in sorted([*DOCS.glob("ideas/*.md"), *DOCS.glob("layers/*.md")]):
        text = page.read_text(encoding="utf-8")
        if command.search(text):
            title = text.partition("\n")[0].lstrip("# ")
            links.append(f"[{title}]({page.relative_to(DOCS).as_posix()})")
    return ", ".join(links)


def section(name: str, records: list[dict[str, Any]]) -> str:
    """Return what the page says of an experiment."""
    one = experiment(name)
    parts = [f"## {name}\n", f"*{one.section}.* {one.statement}\n"]
    if one.paper:
        parts.append(f"The paper: {one.paper}.\n")
    if pages := explained(name):
        parts.append(f"To read: {pages}.\n")
    for record in records:
        seeds = f"{record['seeds']} seeds" if record["seeds"] > 1 else "one seed"
        folder = f"experiments/{name}-{record['data']}"
        parts += [
            f"**{DATA[record['data']]}: {record['verdict']}.** {record['reason']}\n",
            markdown(record),
            f"![{name}: {one.statement}]({folder}/{PICTURE})\n",
            *(f"![{Path(file).stem}]({folder}/{file})\n" for file in shown(record)),
            *(f"{note}\n" for note in record["notes"]),
            f"`{record['command']}`: {seeds}, {record['minutes']:g} minutes.\n",
        ]
    if not records:
        parts.append(f"Not run here yet: `python -m minifcn.paper {name}`.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
