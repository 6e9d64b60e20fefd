#include "io/timer_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace cairn::io {
namespace {

struct CountingTimer final : Timer {
  void on_timer() override { ++fired; }
  int fired = 0;
};

TEST(TimerHeap, gives_due_timers_by_deadline_and_then_by_arming_order) {
  TimerHeap heap(4);
  CountingTimer a, b, c;
  heap.insert(a, 20);
  heap.insert(b, 10);
  heap.insert(c, 10);
  EXPECT_EQ(heap.deadline_min(), 10u);
  EXPECT_EQ(heap.pop_due(9), nullptr);
  EXPECT_EQ(heap.pop_due(30), &b);
  EXPECT_EQ(heap.pop_due(30), &c);
  EXPECT_EQ(heap.pop_due(30), &a);
  EXPECT_EQ(heap.pop_due(30), nullptr);
  EXPECT_FALSE(a.armed());
}

TEST(TimerHeap, moves_a_timer_that_is_armed_again) {
  TimerHeap heap(4);
  CountingTimer a, b;
  heap.insert(a, 10);
  heap.insert(b, 20);
  heap.insert(a, 30);
  EXPECT_EQ(heap.pop_due(100), &b);
  EXPECT_EQ(heap.pop_due(100), &a);
}

TEST(TimerHeap, forgets_a_removed_timer_and_ignores_a_second_removal) {
  TimerHeap heap(4);
  CountingTimer a;
  heap.insert(a, 10);
  heap.remove(a);
  heap.remove(a);
  EXPECT_TRUE(heap.empty());
}

TEST(TimerHeap, keeps_order_through_random_arming_and_cancelling) {
  std::mt19937_64 random(7);
  TimerHeap heap(1);
  std::vector<std::unique_ptr<CountingTimer>> timers;
  for (int i = 0; i < 500; ++i) timers.push_back(std::make_unique<CountingTimer>());
  for (int i = 0; i < 5000; ++i) {
    CountingTimer& timer = *timers[random() % timers.size()];
    if (random() % 3 == 0) {
      heap.remove(timer);
    } else {
      heap.insert(timer, random() % 1000);
    }
  }
  const auto armed = static_cast<size_t>(std::count_if(
      timers.begin(), timers.end(), [](const auto& timer) { return timer->armed(); }));
  Nanoseconds last = 0;
  size_t popped = 0;
  while (Timer* timer = heap.pop_due(1000)) {
    EXPECT_GE(timer->deadline(), last);
    last = timer->deadline();
    ++popped;
  }
  EXPECT_EQ(popped, armed);
}

}  // namespace
}  // namespace cairn::io
