// Server: one export (one volume) on one listening socket.
//
// Threading: all calls and callbacks on the executor's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/block_device.h"
#include "io/buffer_pool.h"
#include "io/executor.h"
#include "io/stream.h"
#include "nbd/connection.h"
#include "nbd/stats.h"

namespace cairn::nbd {

struct ServerOptions {
  /// The export's name; the empty name reaches it as well. At most kNameBytesMax.
  std::string name;
  std::string description = {};
  /// Further clients are turned away. QEMU needs one, nbdcopy and a live migration more.
  uint32_t connections_max = 8;
  /// How long `stop` lets clients take their replies before it cuts them off.
  io::Nanoseconds drain_timeout = 5'000'000'000;
};

/// The protocol's own limit on names.
inline constexpr size_t kNameBytesMax = 4096;

class ServerHandler {
 public:
  /// `stop` has finished, or the listener failed (`status`). The server may be destroyed from here.
  virtual void on_server_stopped(const Status& status) = 0;

 protected:
  ~ServerHandler() = default;
};

class Server final : private io::ListenerHandler, private ConnectionOwner, private io::Timer {
 public:
  /// `executor`, `device` and `buffers` outlive the server. The device may grow meanwhile.
  Server(io::Executor& executor, io::BlockDevice& device, BufferPool& buffers,
         std::unique_ptr<io::Listener> listener, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Starts accepting. If the listener fails later, the connections are ended and the handler is
  /// told, as by `stop`.
  void start(ServerHandler& handler);
  /// Accepts no more, lets every connection answer what it has begun, then tells the handler. May
  /// be called once.
  void stop();

  [[nodiscard]] const ExportStats& stats() const { return stats_; }
  [[nodiscard]] const ServerOptions& options() const { return options_; }

 private:
  /// Destroys ended connections, and reports the end of the server, in a turn of its own.
  class ReapTask final : public io::Task {
   public:
    explicit ReapTask(Server& server) : server_(server) {}
    void run() override { server_.reap(); }
    bool posted = false;

   private:
    Server& server_;
  };

  void on_accept(std::unique_ptr<io::Stream> stream) override;
  void on_stopped(const Status& status) override;
  void on_connection_ended(Connection& connection) override;
  void on_timer() override;
  void drain_connections();
  void reap();
  void post_reap();

  io::Executor& executor_;
  io::BlockDevice& device_;
  BufferPool& buffers_;
  ServerOptions options_;
  ServerHandler* handler_ = nullptr;
  ExportStats stats_;
  ReapTask reap_task_{*this};
  bool stopping_ = false;
  bool listener_stopped_ = false;
  Status listener_status_;
  std::unique_ptr<io::Listener> listener_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> ended_;
};

}  // namespace cairn::nbd
