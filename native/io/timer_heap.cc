#include "io/timer_heap.h"

#include "base/assert.h"

namespace cairn::io {

namespace {

bool fires_before(const Timer& a, const Timer& b) {
  return a.deadline_ != b.deadline_ ? a.deadline_ < b.deadline_ : a.order_ < b.order_;
}

}  // namespace

Nanoseconds TimerHeap::deadline_min() const {
  CAIRN_ASSERT(!heap_.empty());
  return heap_.front()->deadline_;
}

void TimerHeap::insert(Timer& timer, Nanoseconds deadline) {
  remove(timer);
  timer.deadline_ = deadline;
  timer.order_ = order_next_++;
  timer.armed_ = true;
  heap_.push_back(&timer);
  place(&timer, heap_.size() - 1);
  sift_up(heap_.size() - 1);
}

void TimerHeap::remove(Timer& timer) {
  if (!timer.armed_) return;
  const size_t index = timer.heap_index_;
  CAIRN_ASSERT(index < heap_.size());
  CAIRN_ASSERT(heap_[index] == &timer);
  Timer* last = heap_.back();
  heap_.pop_back();
  timer.armed_ = false;
  if (last == &timer) return;
  place(last, index);
  sift_up(index);
  sift_down(last->heap_index_);
}

Timer* TimerHeap::pop_due(Nanoseconds now) {
  if (heap_.empty()) return nullptr;
  Timer* first = heap_.front();
  if (first->deadline_ > now) return nullptr;
  remove(*first);
  return first;
}

void TimerHeap::place(Timer* timer, size_t index) {
  heap_[index] = timer;
  timer->heap_index_ = static_cast<uint32_t>(index);
}

void TimerHeap::sift_up(size_t index) {
  Timer* moving = heap_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (!fires_before(*moving, *heap_[parent])) break;
    place(heap_[parent], index);
    index = parent;
  }
  place(moving, index);
}

void TimerHeap::sift_down(size_t index) {
  Timer* moving = heap_[index];
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && fires_before(*heap_[child + 1], *heap_[child])) ++child;
    if (!fires_before(*heap_[child], *moving)) break;
    place(heap_[child], index);
    index = child;
  }
  place(moving, index);
}

}  // namespace cairn::io
