// Flow: a coroutine for the store's slow paths (recovery, destage, checkpoint), so that a sequence
// of device operations reads as one. It begins when it is awaited or started, returns a Status, and
// is destroyed with its owner at any suspension point. The hot paths (small writes, reads) use
// plain callbacks and allocate nothing.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <utility>

#include "base/assert.h"
#include "base/status.h"

namespace cairn::store {

class [[nodiscard]] Flow {
 public:
  struct promise_type {
    Flow get_return_object() { return Flow(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept { return FinalAwaiter{}; }
    void return_value(Status status) { result = std::move(status); }
    void unhandled_exception() { std::abort(); }

    Status result;
    std::coroutine_handle<> continuation;
    void (*on_done)(void* context, Status status) = nullptr;
    void* context = nullptr;
  };
  using Handle = std::coroutine_handle<promise_type>;

  Flow() = default;
  Flow(Flow&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Flow& operator=(Flow&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Flow() {
    if (handle_) handle_.destroy();
  }

  /// Runs a root flow until its first wait. `on_done` may not destroy this object.
  void start(void (*on_done)(void* context, Status status), void* context) {
    CAIRN_ASSERT(handle_ && on_done != nullptr);
    handle_.promise().on_done = on_done;
    handle_.promise().context = context;
    handle_.resume();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  Status await_resume() { return std::move(handle_.promise().result); }

 private:
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle handle) noexcept {
      auto& promise = handle.promise();
      if (promise.continuation) return promise.continuation;
      if (promise.on_done != nullptr) promise.on_done(promise.context, std::move(promise.result));
      return std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };

  explicit Flow(Handle handle) : handle_(handle) {}
  Handle handle_;
};

/// A place where one flow waits until someone calls `wake`. A wake without a sleeper is remembered.
class Wakeup {
 public:
  bool await_ready() noexcept { return std::exchange(pending_, false); }
  void await_suspend(std::coroutine_handle<> caller) noexcept { sleeper_ = caller; }
  void await_resume() noexcept {}
  /// Resumes the sleeper inside this call.
  void wake() {
    if (!sleeper_) {
      pending_ = true;
      return;
    }
    std::exchange(sleeper_, nullptr).resume();
  }
  [[nodiscard]] bool sleeping() const { return static_cast<bool>(sleeper_); }

 private:
  std::coroutine_handle<> sleeper_;
  bool pending_ = false;
};

}  // namespace cairn::store
