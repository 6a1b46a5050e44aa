"""The programs of the second table: scalars for one example, compiled, against the same programs as others write them."""
