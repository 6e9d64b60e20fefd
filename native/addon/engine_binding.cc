#include "addon/engine_binding.h"

#include <chrono>
#include <cstdio>
#include <future>
#include <utility>

#include "base/assert.h"

namespace cairn::addon {

namespace {

/// Draining takes 5 s at most for clients that take no replies; closing a store writes a
/// checkpoint.
constexpr std::chrono::seconds kStopTimeout{15};

}  // namespace

void throw_status(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  error.Set("kind", Napi::String::New(env, std::string(to_string(status.kind()))));
  error.ThrowAsJavaScriptException();
}

Napi::Value EngineBinding::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Function type = DefineClass(env, "Engine",
                                          {InstanceMethod<&EngineBinding::call>("call"),
                                           InstanceMethod<&EngineBinding::close>("close")});
  return type.New({info.Length() > 0 ? info[0] : env.Undefined()});
}

EngineBinding::EngineBinding(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  const bool has_options =
      info[0].IsObject() && info[0].As<Napi::Object>().Get("onEvent").IsFunction();
  if (!has_options) {
    throw_status(env, Status(ErrorKind::invalid_argument, "createEngine wants {onEvent}"));
    return;
  }
  auto engine =
      engine::EngineThread::start({}, [this](std::string line) { post(0, std::move(line)); });
  if (!engine.ok()) {
    throw_status(env, engine.status());
    return;
  }
  engine_ = std::move(engine).value();
  const auto on_event = info[0].As<Napi::Object>().Get("onEvent").As<Napi::Function>();
  door_ = Door::New(env, on_event, "cairn-engine", 0, 1);
  // An engine alone keeps no process alive; calls under way do.
  door_.Unref(env);
  const auto on_exit = [this](const Napi::CallbackInfo&) { stop_and_wait(); };
  exit_handler_ = Napi::Persistent(Napi::Function::New(env, on_exit, "stopEngine"));
  set_exit_handler(env, "once");
  // Hooks run last in, first out: this one before the door's own.
  napi_add_env_cleanup_hook(env, &EngineBinding::on_environment_exit, this);
  Ref();  // An open engine is not garbage, whoever holds it.
}

EngineBinding::~EngineBinding() { CAIRN_ASSERT(engine_ == nullptr); }

Napi::Value EngineBinding::call(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) {
    throw_status(env, Status(ErrorKind::invalid_argument, "call wants JSON text"));
    return env.Undefined();
  }
  if (engine_ == nullptr || closing_call_ != 0) {
    throw_status(env, Status(ErrorKind::cancelled, "the engine is closed"));
    return env.Undefined();
  }
  return start_call(env, info[0].As<Napi::String>().Utf8Value());
}

Napi::Value EngineBinding::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (engine_ == nullptr || closing_call_ != 0) {
    throw_status(env, Status(ErrorKind::cancelled, "the engine is closed"));
    return env.Undefined();
  }
  closing_call_ = call_next_;
  return start_call(env, R"({"method": "engine.stop"})");
}

Napi::Promise EngineBinding::start_call(Napi::Env env, std::string request) {
  const uint64_t call = call_next_++;
  if (calls_.empty()) door_.Ref(env);
  const auto [place, inserted] = calls_.emplace(call, Napi::Promise::Deferred::New(env));
  CAIRN_ASSERT(inserted);
  const Napi::Promise promise = place->second.Promise();
  engine_->call(std::move(request),
                [this, call](std::string line) { post(call, std::move(line)); });
  return promise;
}

void EngineBinding::post(uint64_t call, std::string line) {
  auto message = std::make_unique<Message>(Message{this, call, std::move(line)});
  // Refused only while the environment goes away, when nobody waits for the answer any more.
  if (door_.NonBlockingCall(message.get()) == napi_ok) message.release();
}

void EngineBinding::receive(Napi::Env env, Napi::Function callback, std::nullptr_t*,
                            Message* raw_message) {
  const std::unique_ptr<Message> message(raw_message);
  // Without an environment the function only lets go of its queue.
  if (env == nullptr) return;
  const Napi::HandleScope scope(env);
  if (message->call == 0) {
    callback.Call({Napi::String::New(env, message->line)});
  } else {
    message->binding->settle(env, message->call, message->line);
  }
}

void EngineBinding::settle(Napi::Env env, uint64_t call, const std::string& line) {
  const auto found = calls_.find(call);
  CAIRN_ASSERT(found != calls_.end());
  const Napi::Promise::Deferred deferred = found->second;
  calls_.erase(found);
  if (calls_.empty()) door_.Unref(env);
  if (call == closing_call_) finish_close(env);
  deferred.Resolve(Napi::String::New(env, line));
}

void EngineBinding::finish_close(Napi::Env env) {
  engine_.reset();  // joins a thread that has nothing left to do
  set_exit_handler(env, "removeListener");
  exit_handler_.Reset();
  napi_remove_env_cleanup_hook(env, &EngineBinding::on_environment_exit, this);
  door_.Release();
  Unref();
}

void EngineBinding::set_exit_handler(Napi::Env env, const char* method) {
  const auto process = env.Global().Get("process").As<Napi::Object>();
  const auto function = process.Get(method).As<Napi::Function>();
  function.Call(process, {Napi::String::New(env, "exit"), exit_handler_.Value()});
}

void EngineBinding::stop_and_wait() {
  if (engine_ == nullptr) return;
  // Shared with the answer, which may come after this function gave up waiting.
  const auto stopped = std::make_shared<std::promise<void>>();
  // This thread answers the engine's questions to etcd, and waits.
  engine_->call(R"({"method": "engine.stop", "params": {"alone": true}})",
                [stopped](const std::string&) { stopped->set_value(); });
  if (stopped->get_future().wait_for(kStopTimeout) == std::future_status::ready) {
    engine_.reset();
    return;
  }
  // The drive hangs. Everything acknowledged is durable, so leaving the thread to the end of the
  // process loses nothing.
  std::fputs("cairn: the engine did not stop in time and is left behind\n", stderr);
  static_cast<void>(engine_.release());
}

void EngineBinding::on_environment_exit(void* self) {
  static_cast<EngineBinding*>(self)->stop_and_wait();
}

}  // namespace cairn::addon
