#include "engine/volume.h"

#include <utility>

#include "base/assert.h"

namespace cairn::engine {

Volume::Volume(io::UringReactor& reactor, store::Store& store, nbd::BufferPool& buffers,
               std::unique_ptr<io::Listener> listener, const VolumeOptions& options,
               StoppedFunction on_stopped)
    : options_(options),
      on_stopped_(std::move(on_stopped)),
      device_(reactor, store, options.device),
      server_(reactor, device_, buffers, std::move(listener), options.server) {
  nbd::ServerHandler& handler = *this;
  server_.start(handler);
}

void Volume::stop() {
  if (stopping_) return;
  stopping_ = true;
  server_.stop();
}

void Volume::on_server_stopped(const Status& status) {
  stopping_ = true;
  // Every request was answered, so the device has nothing left to do.
  CAIRN_ASSERT(device_.idle());
  // The function outlives this volume, which it may destroy.
  const StoppedFunction function = std::move(on_stopped_);
  function(status);
}

}  // namespace cairn::engine
