// UringStream and UringListener: stream sockets (unix and TCP) driven through a UringReactor.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>

#include "base/status.h"
#include "io/stream.h"
#include "io/uring_reactor.h"

namespace cairn::io {

inline constexpr size_t kStreamBuffersMax = 64;

/// Threading: the reactor's. A read or write after the stream has failed is ignored: on_closed is
/// on its way.
class UringStream final : public Stream {
 public:
  /// Serves `fd`, a connected, blocking stream socket, and owns it.
  UringStream(UringReactor& reactor, int fd);
  ~UringStream();
  UringStream(const UringStream&) = delete;
  UringStream& operator=(const UringStream&) = delete;

  void set_handler(StreamHandler& handler) override;
  void read(std::span<std::byte> buffer) override;
  void write(std::span<const iovec> buffers) override;
  void close() override;

 private:
  struct Reading final : Completion {
    explicit Reading(UringStream& owner) : stream(owner) {}
    void on_completion(int32_t result) override { stream.on_received(result); }
    UringStream& stream;
    std::span<std::byte> buffer;
    bool active = false;
  };
  struct Writing final : Completion {
    explicit Writing(UringStream& owner) : stream(owner) {}
    void on_completion(int32_t result) override { stream.on_sent(result); }
    UringStream& stream;
    std::array<iovec, kStreamBuffersMax> buffers{};
    size_t first = 0;
    size_t count = 0;
    msghdr message{};
    bool active = false;
  };
  struct Ending final : Task {
    explicit Ending(UringStream& owner) : stream(owner) {}
    void run() override { stream.finish(); }
    UringStream& stream;
  };

  void receive();
  void send();
  void on_received(int32_t result);
  void on_sent(int32_t result);
  /// Ends both directions; on_closed follows when neither is busy any more.
  void end(Status status);
  void finish_if_idle();
  void finish();

  UringReactor& reactor_;
  int fd_;
  StreamHandler* handler_ = nullptr;
  Reading reading_;
  Writing writing_;
  Ending ending_task_;
  Status end_status_;
  bool ending_ = false;
  bool ending_posted_ = false;
};

/// Threading: the reactor's. Stopping closes this process's descriptor only: whoever else holds the
/// socket, such as the supervisor that handed it in, keeps it and its backlog alive. A unix
/// socket's file is left to its maker.
class UringListener final : public Listener {
 public:
  /// Serves `fd`, a listening socket (unix_socket.h, tcp_socket.h), and owns it.
  UringListener(UringReactor& reactor, int fd);
  ~UringListener();
  UringListener(const UringListener&) = delete;
  UringListener& operator=(const UringListener&) = delete;

  void start(ListenerHandler& handler) override;
  void stop() override;

 private:
  struct Accepting final : Completion {
    explicit Accepting(UringListener& owner) : listener(owner) {}
    void on_completion(int32_t result) override { listener.on_accepted(result); }
    UringListener& listener;
    bool active = false;
  };
  struct Cancelling final : Completion {
    explicit Cancelling(UringListener& owner) : listener(owner) {}
    void on_completion(int32_t result) override { listener.on_cancelled(result); }
    UringListener& listener;
    bool active = false;
  };
  /// Waits a moment when the process is out of descriptors or memory.
  struct Pause final : Timer {
    explicit Pause(UringListener& owner) : listener(owner) {}
    void on_timer() override { listener.accept(); }
    UringListener& listener;
  };
  struct Ending final : Task {
    explicit Ending(UringListener& owner) : listener(owner) {}
    void run() override { listener.finish(); }
    UringListener& listener;
  };

  void accept();
  void on_accepted(int32_t result);
  void on_cancelled(int32_t result);
  void finish_if_idle();
  void finish();

  UringReactor& reactor_;
  int fd_;
  ListenerHandler* handler_ = nullptr;
  Accepting accepting_;
  Cancelling cancelling_;
  Pause pause_;
  Ending ending_task_;
  Status end_status_;
  bool stopping_ = false;
  bool ending_posted_ = false;
};

}  // namespace cairn::io
