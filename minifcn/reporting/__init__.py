"""What is told of runs: their folders read, and the pages and events that are made of them."""
