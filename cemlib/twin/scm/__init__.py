"""An explicit structural causal model: nodes ``f(parents, U)``, exact ``do()``, the same bits on every machine.

* A **grain** says what there are rows of: entities (a cell, a customer), steps (a customer's days), events (a day's sessions).
* A **node** is a function; its argument names are its parents, brought from coarser grains (or pooled from a finer one) by the frame.
* ``draw`` is the node's noise: each number depends on seed, node and row id alone, never on order, blocks or other rows.
* :class:`Intervention` changes a node for some rows in some time. :meth:`Sample.do` gives the world in which it holds: nodes that do
  not descend from it are the very same arrays, so a counterfactual is exact.
* A **feed** turns rows into the records of a source's file; writing and dirt are the writer's work (``cemlib.twin.writer``).

Rules use ``+ - * /``, comparisons, rounding, integer work and :mod:`~cemlib.twin.exact`; numpy's own exp, log, power, sin
and matrix products differ between processors and stay out. Sums are pooled over rounded values as whole numbers.

Examples
--------
>>> import numpy as np
>>> shop = Domain("shop")
>>> shop.entities("buyer")
>>> shop.steps("buyer_day", of="buyer", step_ms=86_400_000)
>>> shop.events("visit", of="buyer_day", count="visits")
>>> @shop.node("buyer")
... def patience(draw): return 1 + 4 * draw.uniform()
>>> @shop.node("buyer_day")
... def visits(draw): return draw.poisson(2.0)
>>> @shop.node("visit", decimals=1, unit="min")
... def waiting(draw): return 6 * draw.uniform()
>>> @shop.node("buyer_day", pool={"waiting": "sum"})
... def leaves(waiting, patience, visits): return waiting > patience * visits

The twin without any waiting has the same buyers, days and visits, and nobody leaves:

>>> world = Sample(Graph.of(shop), Streams(1), entities={"buyer": range(50)}, steps={"buyer_day": (0, 7)})
>>> calm = world.do([Intervention("waiting", set=0.0)])
>>> world["leaves"].sum() > 0, calm["leaves"].sum(), calm["visits"] is world["visits"]
(np.True_, np.int64(0), True)
"""

from cemlib.twin.scm.graph import Domain, FeedRule, Grain, Graph, Node
from cemlib.twin.scm.intervention import Intervention
from cemlib.twin.scm.sample import Draw, Rows, Sample
from cemlib.twin.streams import Streams

__all__ = ["Domain", "Draw", "FeedRule", "Grain", "Graph", "Intervention", "Node", "Rows", "Sample", "Streams"]
