"""Attacks on the library from outside: hostile calls, interrupts, damaged files. `python -m tests.attack` runs them."""
