// The addon's exports: createEngine, and the functions on descriptors that Node.js has no way to
// do.
#include <napi.h>
#include <unistd.h>

#include <string>

#include "addon/engine_binding.h"
#include "host/keeper_client.h"
#include "io/unix_socket.h"

namespace cairn::addon {
namespace {

/// Throws for an error; undefined otherwise.
Napi::Value finish(Napi::Env env, const Status& status) {
  if (!status.ok()) throw_status(env, status);
  return env.Undefined();
}

Napi::Value refuse(Napi::Env env, const char* why) {
  return finish(env, Status(ErrorKind::invalid_argument, why));
}

bool is_descriptor(const Napi::Value& value) {
  return value.IsNumber() && value.As<Napi::Number>().Int32Value() >= 3;
}

/// listenUnix(path, mode): number. Makes a listening socket; the caller owns the descriptor.
Napi::Value listen_unix(const Napi::CallbackInfo& info) {
  if (!info[0].IsString() || !info[1].IsNumber())
    return refuse(info.Env(), "listenUnix(path, mode)");
  const auto fd = io::listen_unix(info[0].As<Napi::String>().Utf8Value(),
                                  info[1].As<Napi::Number>().Uint32Value());
  if (!fd.ok()) return finish(info.Env(), fd.status());
  return Napi::Number::New(info.Env(), fd.value());
}

/// closeFd(fd). For a descriptor that listenUnix or inheritedFds gave and nobody else took.
Napi::Value close_fd(const Napi::CallbackInfo& info) {
  if (!is_descriptor(info[0])) return refuse(info.Env(), "closeFd(fd)");
  ::close(info[0].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

/// notify(text): tells the supervisor. Throws with kind unsupported when there is none.
Napi::Value notify(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) return refuse(info.Env(), "notify(text)");
  return finish(info.Env(), host::keeper_notify(info[0].As<Napi::String>().Utf8Value()));
}

/// storeFd(name, fd): gives the supervisor a copy.
Napi::Value store_fd(const Napi::CallbackInfo& info) {
  if (!info[0].IsString() || !is_descriptor(info[1]))
    return refuse(info.Env(), "storeFd(name, fd)");
  return finish(info.Env(), host::keeper_store(info[0].As<Napi::String>().Utf8Value(),
                                               info[1].As<Napi::Number>().Int32Value()));
}

/// removeFd(name): the supervisor closes its copies of that name.
Napi::Value remove_fd(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) return refuse(info.Env(), "removeFd(name)");
  return finish(info.Env(), host::keeper_remove(info[0].As<Napi::String>().Utf8Value()));
}

/// inheritedFds(): {name, fd}[]. What the supervisor handed over at start.
Napi::Value inherited_fds(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array list = Napi::Array::New(env);
  for (const host::InheritedFd& inherited : host::keeper_inherited()) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", inherited.name);
    entry.Set("fd", Napi::Number::New(env, inherited.fd));
    list.Set(list.Length(), entry);
  }
  return list;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("createEngine", &EngineBinding::create);
  add("listenUnix", &listen_unix);
  add("closeFd", &close_fd);
  add("notify", &notify);
  add("storeFd", &store_fd);
  add("removeFd", &remove_fd);
  add("inheritedFds", &inherited_fds);
  return exports;
}

}  // namespace
}  // namespace cairn::addon

// The macro wants a plain name.
static Napi::Object initialise_addon(Napi::Env env, Napi::Object exports) {
  return cairn::addon::initialise(env, exports);
}
NODE_API_MODULE(cairn_engine, initialise_addon)
