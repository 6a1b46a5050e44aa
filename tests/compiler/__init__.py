"""Tests of the compiler: random programs, programs from textbooks, and each of its parts."""
