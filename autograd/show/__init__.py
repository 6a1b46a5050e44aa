"""A recorded graph as lines of text, trees and pictures, and a walk through it. Every reader here reads a `Tape`.

>>> from autograd import Value, tree
>>> x = Value(3.0, label="x")
>>> print(tree(x * x))
v1 = x·x = 9
├── x = 3
└── x
"""
