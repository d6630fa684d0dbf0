"""Several processes that work together: the communicator, and how it speaks MPI."""
