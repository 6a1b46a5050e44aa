"""The benchmark table: `python -m tests.benchmarks` measures this engine and its rivals on the same programs."""
