"""File formats that data and weights both come in, read warily: the files may be anybody's."""
