// TimerHeap: the armed timers of one executor, earliest first; timers with equal deadlines fire in
// arming order.
//
// A binary heap of borrowed pointers. Each timer remembers its place, so moving and cancelling cost
// O(log n), and a timer that is destroyed after `remove` leaves nothing behind. Threading: the
// executor's thread only.
#pragma once

#include <cstddef>
#include <vector>

#include "io/executor.h"

namespace cairn::io {

class TimerHeap {
 public:
  /// Room for `capacity` timers is set aside; arming more of them grows the heap.
  explicit TimerHeap(size_t capacity) { heap_.reserve(capacity); }

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  /// The earliest deadline; the heap must not be empty.
  [[nodiscard]] Nanoseconds deadline_min() const;
  /// Arms `timer` for the absolute time `deadline`; an armed timer is moved.
  void insert(Timer& timer, Nanoseconds deadline);
  /// Disarms `timer`; does nothing when it is not armed.
  void remove(Timer& timer);
  /// Disarms and returns the earliest timer whose deadline is not after `now`, or nullptr.
  Timer* pop_due(Nanoseconds now);

 private:
  void place(Timer* timer, size_t index);
  void sift_up(size_t index);
  void sift_down(size_t index);

  std::vector<Timer*> heap_;
  uint64_t order_next_ = 0;
};

}  // namespace cairn::io
