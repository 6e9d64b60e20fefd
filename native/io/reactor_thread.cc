#include "io/reactor_thread.h"

#include <pthread.h>

#include "base/assert.h"

namespace cairn::io {

Result<std::unique_ptr<ReactorThread>> ReactorThread::start(Options options) {
  auto reactor = UringReactor::create(options.reactor);
  if (!reactor.ok()) return reactor.status();
  return std::unique_ptr<ReactorThread>(
      new ReactorThread(std::move(options), std::move(reactor).value()));
}

ReactorThread::ReactorThread(Options options, std::unique_ptr<UringReactor> reactor)
    : options_(std::move(options)), reactor_(std::move(reactor)) {
  CAIRN_ASSERT(options_.name.size() <= 15);
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), options_.name.c_str());
    if (options_.set_up) options_.set_up(*reactor_);
    reactor_->run();
    if (options_.tear_down) options_.tear_down(*reactor_);
  });
}

ReactorThread::~ReactorThread() {
  if (thread_.joinable()) thread_.join();
}

void ReactorThread::join() { thread_.join(); }

}  // namespace cairn::io
