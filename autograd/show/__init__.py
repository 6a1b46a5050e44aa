"""A recorded graph, for people to look at: lines of text, trees, pictures, and a walk through it.

>>> from autograd import Value, tree
>>> x = Value(3.0, label="x")
>>> print(tree(x * x))
v1 = x·x = 9
├── x = 3
└── x
"""
