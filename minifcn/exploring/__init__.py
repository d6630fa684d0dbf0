"""A page in which a net can be walked through: what it computed, made ready to be looked at.

`stages` says what the net is made of, `values` what there is to see, `kept` how much of that the
page can hold. `branches`, `targets`, `moments` and `variants` ask what a score is made of, what it
depends on, how it was learned, and what else could have been seen. `packing` and `page` write it
down. All arithmetic is the library's; the page shows it.
"""
