#include "io/uring_stream.h"

#include <liburing.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"
#include "io/errno_status.h"

namespace cairn::io {

namespace {

constexpr Nanoseconds kAcceptPause = 100'000'000;

bool is_transient(int32_t result) { return result == -EINTR || result == -EAGAIN; }

bool is_shortage(int32_t result) {
  return result == -EMFILE || result == -ENFILE || result == -ENOMEM || result == -ENOBUFS;
}

}  // namespace

UringStream::UringStream(UringReactor& reactor, int fd)
    : reactor_(reactor), fd_(fd), reading_(*this), writing_(*this), ending_task_(*this) {
  CAIRN_ASSERT(fd >= 0);
}

UringStream::~UringStream() {
  CAIRN_ASSERT(!reading_.active);
  CAIRN_ASSERT(!writing_.active);
  CAIRN_ASSERT(fd_ < 0 || !ending_);
  if (fd_ >= 0) ::close(fd_);
}

void UringStream::set_handler(StreamHandler& handler) {
  CAIRN_ASSERT(handler_ == nullptr);
  handler_ = &handler;
}

void UringStream::read(std::span<std::byte> buffer) {
  CAIRN_ASSERT(handler_ != nullptr);
  CAIRN_ASSERT(!buffer.empty());
  CAIRN_ASSERT(!reading_.active);
  if (ending_) return;
  reading_.active = true;
  reading_.buffer = buffer;
  receive();
}

void UringStream::receive() {
  io_uring_sqe& sqe = reactor_.prepare();
  io_uring_prep_recv(&sqe, fd_, reading_.buffer.data(), reading_.buffer.size(), 0);
  reactor_.start(sqe, reading_);
}

void UringStream::on_received(int32_t result) {
  if (is_transient(result) && !ending_) return receive();
  reading_.active = false;
  if (ending_) return finish_if_idle();
  if (result > 0) {
    CAIRN_ASSERT(static_cast<size_t>(result) <= reading_.buffer.size());
    return handler_->on_read(static_cast<size_t>(result));
  }
  end(result == 0 ? Status() : errno_status(-result, "receive"));
}

void UringStream::write(std::span<const iovec> buffers) {
  CAIRN_ASSERT(handler_ != nullptr);
  CAIRN_ASSERT(!buffers.empty());
  CAIRN_ASSERT(buffers.size() <= kStreamBuffersMax);
  CAIRN_ASSERT(!writing_.active);
  if (ending_) return;
  writing_.active = true;
  writing_.first = 0;
  writing_.count = buffers.size();
  std::copy(buffers.begin(), buffers.end(), writing_.buffers.begin());
  send();
}

void UringStream::send() {
  writing_.message.msg_iov = &writing_.buffers[writing_.first];
  writing_.message.msg_iovlen = writing_.count - writing_.first;
  io_uring_sqe& sqe = reactor_.prepare();
  io_uring_prep_sendmsg(&sqe, fd_, &writing_.message, MSG_NOSIGNAL | MSG_WAITALL);
  reactor_.start(sqe, writing_);
}

void UringStream::on_sent(int32_t result) {
  if (is_transient(result) && !ending_) return send();
  if (result < 0 || ending_) {
    writing_.active = false;
    if (ending_) return finish_if_idle();
    return end(errno_status(-result, "send"));
  }
  auto sent = static_cast<size_t>(result);
  while (writing_.first < writing_.count) {
    iovec& buffer = writing_.buffers[writing_.first];
    if (sent < buffer.iov_len) {
      buffer.iov_base = static_cast<std::byte*>(buffer.iov_base) + sent;
      buffer.iov_len -= sent;
      return send();
    }
    sent -= buffer.iov_len;
    ++writing_.first;
  }
  CAIRN_ASSERT(sent == 0);
  writing_.active = false;
  handler_->on_written();
}

void UringStream::close() {
  CAIRN_ASSERT(handler_ != nullptr);
  end(Status());
}

void UringStream::end(Status status) {
  if (ending_) return;
  ending_ = true;
  end_status_ = std::move(status);
  // Wakes the operations that wait for the peer; they end with an error or with end of file.
  ::shutdown(fd_, SHUT_RDWR);
  finish_if_idle();
}

void UringStream::finish_if_idle() {
  if (reading_.active || writing_.active || ending_posted_) return;
  ending_posted_ = true;
  reactor_.post(ending_task_);
}

void UringStream::finish() {
  ::close(fd_);
  fd_ = -1;
  const Status status = end_status_;
  handler_->on_closed(status);  // May destroy this stream.
}

UringListener::UringListener(UringReactor& reactor, int fd)
    : reactor_(reactor),
      fd_(fd),
      accepting_(*this),
      cancelling_(*this),
      pause_(*this),
      ending_task_(*this) {
  CAIRN_ASSERT(fd >= 0);
}

UringListener::~UringListener() {
  CAIRN_ASSERT(fd_ < 0 || handler_ == nullptr);
  if (fd_ >= 0) ::close(fd_);
}

void UringListener::start(ListenerHandler& handler) {
  CAIRN_ASSERT(handler_ == nullptr);
  handler_ = &handler;
  accept();
}

void UringListener::accept() {
  CAIRN_ASSERT(!accepting_.active);
  accepting_.active = true;
  io_uring_sqe& sqe = reactor_.prepare();
  io_uring_prep_accept(&sqe, fd_, nullptr, nullptr, SOCK_CLOEXEC);
  reactor_.start(sqe, accepting_);
}

void UringListener::on_accepted(int32_t result) {
  accepting_.active = false;
  if (stopping_) {
    if (result >= 0) ::close(result);
    return finish_if_idle();
  }
  if (result >= 0) {
    handler_->on_accept(std::make_unique<UringStream>(reactor_, result));
  } else if (is_shortage(result)) {
    return reactor_.arm(pause_, kAcceptPause);
  } else if (!is_transient(result) && result != -ECONNABORTED) {
    stopping_ = true;
    end_status_ = errno_status(-result, "accept");
  }
  if (stopping_) return finish_if_idle();  // on_accept may have stopped us.
  accept();
}

void UringListener::stop() {
  CAIRN_ASSERT(handler_ != nullptr);
  if (stopping_) return;
  stopping_ = true;
  reactor_.cancel(pause_);
  if (accepting_.active) {
    cancelling_.active = true;
    io_uring_sqe& sqe = reactor_.prepare();
    io_uring_prep_cancel(&sqe, static_cast<Completion*>(&accepting_), 0);
    reactor_.start(sqe, cancelling_);
  }
  finish_if_idle();
}

void UringListener::on_cancelled(int32_t result) {
  // Not found or already running: the accept has its own result.
  const bool expected = result >= 0 || result == -ENOENT || result == -EALREADY;
  CAIRN_ASSERT(expected);
  cancelling_.active = false;
  finish_if_idle();
}

void UringListener::finish_if_idle() {
  if (accepting_.active || cancelling_.active || ending_posted_) return;
  ending_posted_ = true;
  reactor_.post(ending_task_);
}

void UringListener::finish() {
  ::close(fd_);
  fd_ = -1;
  const Status status = end_status_;
  handler_->on_stopped(status);  // May destroy this listener.
}

}  // namespace cairn::io
