"""Small pictures side by side on one thread each, larger ones alone on all; and memory that stays flat."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from nircolor.batch import under_way
from nircolor.batch.under_way import SMALL, Budget, Lanes, lanes_for


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_small_pictures_go_side_by_side_each_on_one_thread(three_threads: None) -> None:
    threads, both = list[int](), threading.Barrier(2)

    def job() -> None:
        both.wait(300)
        threads.append(torch.get_num_threads())

    with Lanes(2, 3, torch.set_num_threads) as lanes:
        for _ in range(4):
            lanes.work(SMALL, job)
    assert threads == [1] * 4
    assert torch.get_num_threads() == 3


def test_a_larger_picture_is_alone_and_has_all_threads(three_threads: None) -> None:
    told, begun, go_on = list[str](), threading.Event(), threading.Event()

    def small() -> None:
        begun.set()
        go_on.wait(300)
        told.append(f"small on {torch.get_num_threads()}")

    def large() -> None:
        told.append(f"large on {torch.get_num_threads()} in {threading.current_thread().name}")

    def release() -> None:
        begun.wait(300)
        go_on.set()

    threading.Thread(target=release).start()
    with Lanes(2, 3, torch.set_num_threads) as lanes:
        lanes.work(1, small)
        lanes.work(SMALL + 1, large)
        lanes.work(1, small)
    assert told == ["small on 1", f"large on 3 in {threading.current_thread().name}", "small on 1"]


def test_no_more_than_there_are_lanes(three_threads: None) -> None:
    """Whoever brings work comes back when there is room for more, so that nothing waits in a queue."""
    busy, most, guard = [0], [0], threading.Lock()

    def job() -> None:
        with guard:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        with guard:
            busy[0] -= 1

    with Lanes(2, 3, torch.set_num_threads) as lanes:
        for _ in range(50):
            lanes.work(1, job)
            assert busy[0] <= 1
    assert most[0] <= 2


def test_one_lane_is_the_callers_own_thread_with_all_that_torch_has(three_threads: None) -> None:
    names = list[str]()
    with Lanes(1, 3, torch.set_num_threads) as lanes:
        lanes.work(1, lambda: names.append(f"{threading.current_thread().name} {torch.get_num_threads()}"))
    assert names == [f"{threading.current_thread().name} 3"]


def test_lanes_follow_device_threads_and_memory(three_threads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_way, "available_memory", lambda: 8 << 30)
    assert [lanes_for(device, 3) for device in ("cpu", "cuda:0", "mps")] == [3, 1, 1]
    monkeypatch.setattr(under_way, "available_memory", lambda: 600 << 20)
    assert lanes_for("cpu", 3) == 2
    monkeypatch.setattr(under_way, "available_memory", lambda: 0)
    assert lanes_for("cpu", 3) == 1


def test_budget_bounds_what_is_under_way() -> None:
    budget = Budget(100)
    big = budget.take(1000, lambda: False)  # alone
    assert big == 100
    waiting = threading.Thread(target=lambda: budget.give(budget.take(1, lambda: False)))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    budget.give(big)
    waiting.join(5)
    assert not waiting.is_alive()
