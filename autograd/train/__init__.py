"""The training loop: forward, loss, backward and update, until the epochs are over or the loss is small.

>>> import random
>>> from autograd import losses, nn, optim, train
>>> rows = [([x / 4.0], x / 2.0 + 1.0) for x in range(-4, 5)]
>>> model = nn.Neuron(1, nonlin=False, rng=random.Random(0))
>>> history = train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=0.5), epochs=100, stop_below=1e-6)
>>> history
History(14 epochs, loss 1.72 → 5.87e-07, stopped by threshold)
>>> [round(p.data, 2) for p in model.parameters()]
[2.0, 1.0]

A validation and metrics are measured at the end of each epoch:

>>> more = {"validation": [([1.5], 4.0)], "metrics": {"near": lambda y, t: abs(y - t) < 0.1}}
>>> train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=0.1), epochs=3, **more)
History(3 epochs, loss ... → ..., validation ... → ..., near 1 → 1, stopped by epochs)

A Recorder keeps snapshots of the parameters, the gradients and the predictions:

>>> recorder = train.Recorder(every=1)
>>> train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=0.1), epochs=3, record=recorder)
History(3 epochs, loss ... → ..., stopped by epochs)
>>> [snapshot.epoch for snapshot in recorder.snapshots]
[0, 1, 2, 3]

A training that diverges ends, and `reason` says where:

>>> history = train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=1e9), epochs=100)
>>> history.stopped_by
'divergence'

The same loop written out, for a model of one weight. Gradients add up, so they are set to zero before each step:

>>> from autograd import Value
>>> w = Value(2.0)
>>> for _ in range(100):
...     loss = ((w * 0.5).tanh() - 0.25) ** 2
...     w.grad = 0.0
...     loss.backward()
...     w.data -= 2.0 * w.grad
>>> loss.data < 1e-6
True
"""

from autograd.train.fitting import fit
from autograd.train.history import History
from autograd.train.loader import Loader
from autograd.train.recorder import Grid, Recorder, Snapshot

__all__ = ["Grid", "History", "Loader", "Recorder", "Snapshot", "fit"]
