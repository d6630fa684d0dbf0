"""Weight files of other frameworks: containers read in `formats`, names told in `conventions`."""
