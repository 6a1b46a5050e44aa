"""The programs of the second table: scalars, compiled, and the same programs as others write them."""
