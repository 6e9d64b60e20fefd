#include "engine/engine_thread.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace cairn::engine {

Result<std::unique_ptr<EngineThread>> EngineThread::start(const EngineOptions& options,
                                                          EventFunction on_event) {
  std::unique_ptr<EngineThread> self(new EngineThread);
  EngineThread& engine_thread = *self;
  io::ReactorThread::Options thread_options;
  thread_options.name = "cairn-engine";
  thread_options.set_up = [&engine_thread, options,
                           on_event = std::move(on_event)](io::UringReactor& reactor) {
    engine_thread.reactor_ = &reactor;
    engine_thread.engine_ = std::make_unique<Engine>(reactor, options, on_event);
  };
  thread_options.tear_down = [&engine_thread](io::UringReactor&) { engine_thread.engine_.reset(); };
  auto thread = io::ReactorThread::start(std::move(thread_options));
  if (!thread.ok()) return thread.status();
  self->thread_ = std::move(thread).value();
  return self;
}

EngineThread::~EngineThread() {
  if (thread_ == nullptr) return;
  call(R"({"method": "engine.stop", "params": {"alone": true}})", [](const std::string&) {});
  thread_.reset();
}

void EngineThread::call(std::string request, AnswerFunction answer) {
  // Shared, because a refused function is destroyed together with what it holds.
  const auto shared_answer = std::make_shared<AnswerFunction>(std::move(answer));
  const bool accepted =
      thread_->mailbox().post([this, request = std::move(request), shared_answer] {
        engine_->call(request, [this, shared_answer](std::string line) {
          (*shared_answer)(std::move(line));
          if (engine_->stopped()) reactor_->stop();
        });
      });
  if (!accepted)
    Answer(*shared_answer).fail(Status(ErrorKind::cancelled, "the engine has stopped"));
}

}  // namespace cairn::engine
