#include "io/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/assert.h"
#include "io/errno_status.h"

namespace cairn::io {

class Mailbox::FunctionLetter final : public Letter {
 public:
  explicit FunctionLetter(std::function<void()> function) : function_(std::move(function)) {}
  void deliver() override {
    const std::unique_ptr<FunctionLetter> self(this);
    function_();
  }

 private:
  std::function<void()> function_;
};

Mailbox::~Mailbox() {
  CAIRN_ASSERT(head_ == nullptr);
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

Status Mailbox::open() {
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC);
  return wake_fd_ >= 0 ? Status() : errno_status(errno, "eventfd");
}

bool Mailbox::post(Letter& letter) { return accept(letter); }

bool Mailbox::post(std::function<void()> function) {
  auto letter = std::make_unique<FunctionLetter>(std::move(function));
  if (!accept(*letter)) return false;
  static_cast<void>(letter.release());  // deliver() destroys it.
  return true;
}

bool Mailbox::accept(Letter& letter) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  const bool was_empty = head_ == nullptr;
  letter.next_ = nullptr;
  (was_empty ? head_ : tail_->next_) = &letter;
  tail_ = &letter;
  // The wake-up stays inside the lock: after close() nobody touches the descriptor any more.
  if (was_empty) {
    const uint64_t one = 1;
    CAIRN_ASSERT(::write(wake_fd_, &one, sizeof(one)) == sizeof(one));
  }
  return true;
}

size_t Mailbox::deliver_all() {
  Letter* letter = nullptr;
  {
    const std::lock_guard lock(mutex_);
    letter = head_;
    head_ = nullptr;
    tail_ = nullptr;
  }
  size_t count = 0;
  while (letter != nullptr) {
    Letter* next = letter->next_;  // deliver() may destroy or repost the letter.
    letter->deliver();
    letter = next;
    ++count;
  }
  return count;
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

}  // namespace cairn::io
