#include "engine/volume.h"

#include <utility>

#include "base/assert.h"

namespace cairn::engine {

void ReadOnlyDevice::submit(io::BlockRequest& request) {
  const bool reads =
      request.kind == io::BlockRequest::Kind::read || request.kind == io::BlockRequest::Kind::flush;
  CAIRN_ASSERT(reads);
  device_.submit(request);
}

Volume::Volume(io::UringReactor& reactor, store::VirtualDisk& disk, io::BufferPool& buffers,
               std::unique_ptr<io::Listener> listener, const VolumeOptions& options,
               StoppedFunction on_stopped)
    : options_(options),
      on_stopped_(std::move(on_stopped)),
      disk_(disk),
      read_only_device_(disk),
      server_(reactor, options.read_only ? static_cast<io::BlockDevice&>(read_only_device_) : disk_,
              buffers, std::move(listener), options.server) {
  nbd::ServerHandler& handler = *this;
  server_.start(handler);
}

Volume::Volume(io::UringReactor& reactor, std::unique_ptr<store::VirtualDisk> disk,
               io::BufferPool& buffers, std::unique_ptr<io::Listener> listener,
               const VolumeOptions& options, StoppedFunction on_stopped)
    : options_(options),
      on_stopped_(std::move(on_stopped)),
      own_disk_(std::move(disk)),
      disk_(*own_disk_),
      read_only_device_(disk_),
      server_(reactor, options.read_only ? static_cast<io::BlockDevice&>(read_only_device_) : disk_,
              buffers, std::move(listener), options.server) {
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
  CAIRN_ASSERT(disk_.idle());
  // The function outlives this volume, which it may destroy.
  const StoppedFunction function = std::move(on_stopped_);
  function(status);
}

}  // namespace cairn::engine
