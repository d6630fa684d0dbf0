"""Pages are taken apart as a code host and a shell would do it."""

from helpers.pages import blocks, headings, our_command, shell_commands, targets

PAGE = """\
# A *title*, with `code_x`

[text](a.md#b "why") ![alt](images/c.svg) [web](https://example.org) `[not](a-link)`
<img src="d.png" alt="x">

- in a list:

    ```python
    x = 1
    ```

<!-- not run: needs a GPU -->
```python
y = [1](2)
# no heading
```

## Twice
## Twice
"""


def test_blocks_know_their_lines_and_why_they_are_not_run():
    assert list(blocks(PAGE)) == [
        ("python", "x = 1\n", 9, None),
        ("python", "y = [1](2)\n# no heading\n", 14, "needs a GPU"),
    ]


def test_anchors_are_those_of_a_code_host():
    assert headings(PAGE) == {"a-title-with-code_x", "twice", "twice-1"}


def test_links_and_pictures_are_found_outside_of_code():
    assert targets(PAGE) == ["a.md#b", "images/c.svg", "d.png"]


def test_commands_are_found_in_a_shell_block():
    text = """\
T="python -m minifcn.train voc"  # kept for later
$T --out 'a b' \\
    --smoke > log && minifcn doctor
OPENBLAS_NUM_THREADS=1 mpirun -n 4 python -m minifcn.predict run *.jpg
pip install minifcn
"""
    found = [our_command(words) for words in shell_commands(text, {})]
    assert list(filter(None, found)) == [
        ("train", ["voc", "--out", "a b", "--smoke"]),
        ("doctor", []),
        ("predict", ["run", "*.jpg"]),
    ]
