"""Programs as machine code: the words of the rules in C over vectors of lanes, and what is written with them."""
