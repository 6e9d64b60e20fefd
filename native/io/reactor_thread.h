// ReactorThread: a named thread with a UringReactor of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/status.h"
#include "io/uring_reactor.h"

namespace cairn::io {

/// Threading: made and destroyed by one thread; `mailbox` is for all.
class ReactorThread {
 public:
  struct Options {
    /// At most 15 characters, as the kernel shows it.
    std::string name;
    ReactorOptions reactor;
    /// Runs first on the new thread, before the reactor's first turn. May be empty.
    std::function<void(UringReactor&)> set_up;
    /// Runs last on the new thread, after the reactor has stopped and before it goes. May be empty.
    std::function<void(UringReactor&)> tear_down;
  };

  /// Fails, with no thread left, when the kernel gives no ring.
  [[nodiscard]] static Result<std::unique_ptr<ReactorThread>> start(Options options);
  /// Waits for the thread. Something on it must stop the reactor.
  ~ReactorThread();
  ReactorThread(const ReactorThread&) = delete;
  ReactorThread& operator=(const ReactorThread&) = delete;

  /// Refuses letters once the reactor has stopped.
  [[nodiscard]] Mailbox& mailbox() { return reactor_->mailbox(); }
  /// Waits until the reactor has stopped and `tear_down` has run. May be called once, before
  /// destruction.
  void join();

 private:
  ReactorThread(Options options, std::unique_ptr<UringReactor> reactor);

  Options options_;
  std::unique_ptr<UringReactor> reactor_;
  std::thread thread_;  // Last: it uses both.
};

}  // namespace cairn::io
