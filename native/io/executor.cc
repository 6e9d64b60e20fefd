#include "io/executor.h"

#include "base/assert.h"

namespace cairn::io {

void TaskQueue::push(Task& task) {
  CAIRN_ASSERT(!task.queued_);
  task.queued_ = true;
  task.next_ = nullptr;
  (tail_ == nullptr ? head_ : tail_->next_) = &task;
  tail_ = &task;
}

Task* TaskQueue::pop() {
  Task* task = head_;
  if (task == nullptr) return nullptr;
  head_ = task->next_;
  if (head_ == nullptr) tail_ = nullptr;
  task->queued_ = false;
  task->next_ = nullptr;
  return task;
}

}  // namespace cairn::io
