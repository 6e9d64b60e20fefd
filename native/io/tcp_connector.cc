#include "io/tcp_connector.h"

#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "io/errno_status.h"
#include "io/tcp_socket.h"
#include "io/uring_stream.h"

namespace cairn::io {

/// One attempt, until the kernel has let go of it: also after its owner has cancelled it.
class TcpConnector::Connecting final : private Completion, private Timer, private Task {
 public:
  Connecting(TcpConnector& owner, ConnectAttempt& attempt)
      : owner_(owner), cancelling_(*this), attempt_(&attempt) {}
  ~Connecting() {
    CAIRN_ASSERT(!armed());
    if (fd_ >= 0) ::close(fd_);
  }

  void start(const std::string& text, Nanoseconds timeout) {
    text_ = text;
    const Status status = open();
    if (!status.ok()) {
      status_ = status;
      return owner_.reactor_.post(*this);
    }
    active_ = true;
    io_uring_sqe& sqe = owner_.reactor_.prepare();
    io_uring_prep_connect(&sqe, fd_, address_.generic(), address_.size);
    owner_.reactor_.start(sqe, *this);
    owner_.reactor_.arm(*this, timeout);
  }

  [[nodiscard]] bool is_for(const ConnectAttempt& attempt) const { return attempt_ == &attempt; }

  void cancel() {
    attempt_ = nullptr;
    owner_.reactor_.cancel(*this);
    interrupt();
  }

 private:
  struct Cancelling final : Completion {
    explicit Cancelling(Connecting& connecting) : owner(connecting) {}
    void on_completion(int32_t) override {
      // Whatever became of it: the connect has a result of its own.
      active = false;
      owner.finish_if_idle();
    }
    Connecting& owner;
    bool active = false;
  };

  Status open() {
    const auto address = parse_tcp_address(text_);
    if (!address.ok()) return address.status();
    address_ = address.value();
    const auto fd = make_tcp_socket(address_);
    if (!fd.ok()) return fd.status();
    fd_ = fd.value();
    return Status();
  }

  void on_timer() override {
    timed_out_ = true;
    interrupt();
  }

  void interrupt() {
    if (!active_ || cancelling_.active) return;
    cancelling_.active = true;
    io_uring_sqe& sqe = owner_.reactor_.prepare();
    io_uring_prep_cancel(&sqe, static_cast<Completion*>(this), 0);
    owner_.reactor_.start(sqe, cancelling_);
  }

  void on_completion(int32_t result) override {
    active_ = false;
    owner_.reactor_.cancel(*this);
    if (result != 0) {
      const int error = timed_out_ ? ETIMEDOUT : -result;
      failure_ = error == ECONNREFUSED ? ConnectFailure::refused : ConnectFailure::no_answer;
      status_ = errno_status(error, "connect to " + text_);
    }
    finish_if_idle();
  }

  void run() override { finish_if_idle(); }

  void finish_if_idle() {
    if (active_ || cancelling_.active) return;
    ConnectAttempt* attempt = std::exchange(attempt_, nullptr);
    const int fd = status_.ok() && attempt != nullptr ? std::exchange(fd_, -1) : -1;
    const ConnectFailure failure = failure_;
    const Status status = status_;
    UringReactor& reactor = owner_.reactor_;
    owner_.remove(*this);  // Destroys this.
    if (attempt == nullptr) return;
    if (fd >= 0) return attempt->on_connected(std::make_unique<UringStream>(reactor, fd));
    attempt->on_connect_failed(failure, status);
  }

  TcpConnector& owner_;
  Cancelling cancelling_;
  ConnectAttempt* attempt_;
  std::string text_;
  TcpAddress address_;
  int fd_ = -1;
  ConnectFailure failure_ = ConnectFailure::no_answer;
  Status status_;
  bool active_ = false;
  bool timed_out_ = false;
};

TcpConnector::TcpConnector(UringReactor& reactor) : reactor_(reactor) {}

TcpConnector::~TcpConnector() { CAIRN_ASSERT(connectings_.empty()); }

void TcpConnector::connect(const std::string& address, const std::string& name, Nanoseconds timeout,
                           ConnectAttempt& attempt) {
  static_cast<void>(name);  // TCP proves nothing.
  connectings_.push_back(std::make_unique<Connecting>(*this, attempt));
  connectings_.back()->start(address, timeout);
}

void TcpConnector::cancel(ConnectAttempt& attempt) {
  const auto found = std::find_if(connectings_.begin(), connectings_.end(),
                                  [&](const auto& entry) { return entry->is_for(attempt); });
  if (found != connectings_.end()) (*found)->cancel();
}

void TcpConnector::remove(Connecting& connecting) {
  std::erase_if(connectings_, [&](const auto& entry) { return entry.get() == &connecting; });
}

}  // namespace cairn::io
