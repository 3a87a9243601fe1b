"""Many calls with random behaviour and random faults against the real server, and what is left of them."""
