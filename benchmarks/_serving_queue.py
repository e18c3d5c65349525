"""What of a tail is queueing: one server answering in turn, arrivals at random, simulated with
given service times."""

from __future__ import annotations

import random

REQUESTS = 200_000


def p99_to_p50(service: list[float], *, load: float, requests: int = REQUESTS) -> float:
    """The 99th percentile of the time from arrival to answer over the median, at this share of full
    load.

    Poisson arrivals at one server; service times drawn from those given (one alone: M/D/1; measured
    ones: M/G/1).
    """
    dice = random.Random(1)
    rate = load * len(service) / sum(service)
    drawn = dice.choices(service, k=requests)
    waiting, taken = 0.0, []
    for seconds in drawn:
        waiting = max(0.0, waiting - dice.expovariate(rate)) + seconds
        taken.append(waiting)
    taken.sort()
    return taken[int(0.99 * requests)] / taken[requests // 2]
