// EngineThread: an Engine on a thread of its own, and the door to it for other threads.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "io/reactor_thread.h"

namespace cairn::engine {

/// Threading: `call` from any thread; the rest from the thread that made it. Answers and events
/// come on the engine's thread and must return soon: every volume waits for them.
class EngineThread {
 public:
  [[nodiscard]] static Result<std::unique_ptr<EngineThread>> start(const EngineOptions& options,
                                                                   EventFunction on_event);
  /// Stops the engine clean if nobody has, and waits for it.
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  /// Hands a command over and returns. Once the engine has stopped, commands are answered as
  /// cancelled, on the caller's thread. The thread ends after it has answered `engine.stop`.
  void call(std::string request, AnswerFunction answer);

 private:
  EngineThread() = default;

  /// Lives on the engine's thread.
  std::unique_ptr<Engine> engine_;
  io::UringReactor* reactor_ = nullptr;
  /// Last: its thread uses the above.
  std::unique_ptr<io::ReactorThread> thread_;
};

}  // namespace cairn::engine
