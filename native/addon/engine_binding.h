// EngineBinding: an EngineThread as a JavaScript object, {call(json): Promise<string>, close():
// Promise<string>}.
//
// The engine's thread never enters V8: its answers and events travel through a thread-safe function
// and are settled on the JavaScript thread. However the process ends, unless by a signal, the
// engine is stopped clean first, within a bound: process.exit, a natural end and an uncaught
// exception pass by the event "exit" of process; the end of a worker runs the environment's cleanup
// hooks.
//
// Threading: the JavaScript thread of one environment, but for `post`.
#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <string>

#include "engine/engine_thread.h"

namespace cairn::addon {

class EngineBinding final : public Napi::ObjectWrap<EngineBinding> {
 public:
  /// createEngine({onEvent: (json: string) => void}): the object; throws {kind, message} if there
  /// is no io_uring.
  static Napi::Value create(const Napi::CallbackInfo& info);

  explicit EngineBinding(const Napi::CallbackInfo& info);
  ~EngineBinding() override;

 private:
  /// One line from the engine: the answer to a call, or an event (call 0).
  struct Message {
    EngineBinding* binding;
    uint64_t call;
    std::string line;
  };

  Napi::Value call(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Promise start_call(Napi::Env env, std::string request);
  /// From the engine's thread.
  void post(uint64_t call, std::string line);
  static void receive(Napi::Env env, Napi::Function callback, std::nullptr_t* context,
                      Message* message);
  void settle(Napi::Env env, uint64_t call, const std::string& line);
  void finish_close(Napi::Env env);
  /// Stops the engine and waits for it, at most kStopTimeout; a stuck one is left behind for the
  /// exit to end.
  void stop_and_wait();
  static void on_environment_exit(void* self);
  /// Adds (`once`) or removes (`removeListener`) the handler of process's event "exit".
  void set_exit_handler(Napi::Env env, const char* method);

  using Door = Napi::TypedThreadSafeFunction<std::nullptr_t, Message, &EngineBinding::receive>;

  Door door_;
  Napi::FunctionReference exit_handler_;
  std::unique_ptr<engine::EngineThread> engine_;
  std::map<uint64_t, Napi::Promise::Deferred> calls_;
  uint64_t call_next_ = 1;
  /// The call whose answer ends the engine; 0 before `close`.
  uint64_t closing_call_ = 0;
};

/// Throws `status` as an Error with the property `kind`.
void throw_status(Napi::Env env, const Status& status);

}  // namespace cairn::addon
