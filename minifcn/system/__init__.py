"""What the machine offers: its processor and devices, files that appear whole, locks, resources."""
