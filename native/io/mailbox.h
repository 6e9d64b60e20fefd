// Mailbox: the one door through which other threads reach an executor.
//
// Letters run on the executor's thread in the order in which they were accepted, each in its own
// turn. A letter that was accepted always runs, also when the executor is being stopped; a letter
// that was refused never does.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"

namespace cairn::io {

/// A message from another thread, owned by its sender and valid until it was delivered. Posting it
/// does not allocate.
class Letter {
 public:
  virtual void deliver() = 0;

 protected:
  ~Letter() = default;

 private:
  friend class Mailbox;
  Letter* next_ = nullptr;
};

class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Thread-safe, does not block. False once the executor has stopped: nothing was taken.
  [[nodiscard]] bool post(Letter& letter);
  /// The same for a function, which is destroyed after it ran. Allocates: for commands, not for
  /// I/O.
  [[nodiscard]] bool post(std::function<void()> function);

  // For the executor that owns the mailbox, on its thread:

  /// Makes the descriptor that becomes readable when there is mail.
  Status open();
  [[nodiscard]] int wake_fd() const { return wake_fd_; }
  /// Runs every letter that was accepted before the call. Returns how many.
  size_t deliver_all();
  /// Refuses further letters. Those accepted already are still there for `deliver_all`.
  void close();

 private:
  class FunctionLetter;

  /// Takes the letter into the list; wakes the executor if the list was empty.
  bool accept(Letter& letter);

  std::mutex mutex_;
  Letter* head_ = nullptr;
  Letter* tail_ = nullptr;
  bool closed_ = false;
  int wake_fd_ = -1;
};

}  // namespace cairn::io
