"""The benchmarks: `python -m tests.benchmarks` measures this engine and other engines on the same programs."""
