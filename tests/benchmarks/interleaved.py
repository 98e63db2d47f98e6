"""Contenders measured turn by turn in one run, because machines are noisy: what counts is the ratio within a round."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn of a contender: how much it did in how many seconds, and how long each waited (in seconds)."""

    count: int
    seconds: float
    waits: Sequence[float]

    @property
    def rate(self) -> float:
        return self.count / self.seconds


def compare(
    title: str, contenders: Mapping[str, Callable[[], Sample]], *, rounds: int = ROUNDS
) -> Mapping[str, Sequence[Sample]]:
    """Let contenders take turns and print their rates; the first is ours, and is given as a multiple of the others.

    Gives what each has done, turn by turn, to be held against what is there afterwards.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, turn in contenders.items():
            samples[name].append(turn())
    assert all(each.count and each.waits for taken in samples.values() for each in taken), "not all was done"
    ours, *peers = samples.values()
    print(f"\n{title} ({rounds} rounds, medians)")
    for name, taken in samples.items():
        waits = sorted(wait for each in taken for wait in each.waits)
        rate = statistics.median(each.rate for each in taken)
        print(f"  {name:<44} {rate:>9,.0f}/s  p50 {_ms(waits, 0.5)}  p99 {_ms(waits, 0.99)}")
    for name, taken in zip(list(samples)[1:], peers, strict=True):
        ratios = sorted(mine.rate / other.rate for mine, other in zip(ours, taken, strict=True))
        print(f"  {statistics.median(ratios):.2f} times {name} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    return samples


def _ms(waits: Sequence[float], share: float) -> str:
    return f"{waits[int(share * (len(waits) - 1))] * 1000:7.2f} ms"
