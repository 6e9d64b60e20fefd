// Fakes of the world around a server, for tests and fuzzers: an executor that takes turns when
// told, a stream whose other end is a byte queue, a listener that accepts what it is given, and a
// device in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "base/assert.h"
#include "io/block_device.h"
#include "io/executor.h"
#include "io/stream.h"

namespace cairn::nbd::fakes {

/// Runs what is posted until nothing is left; time moves only when told.
class TurnExecutor final : public io::Executor {
 public:
  [[nodiscard]] io::Nanoseconds now() const override { return now_; }
  void post(io::Task& task) override { tasks_.push(task); }
  void arm(io::Timer& timer, io::Nanoseconds delay) override {
    cancel(timer);
    timer.deadline_ = now_ + delay;
    timer.armed_ = true;
    timers_.push_back(&timer);
  }
  void cancel(io::Timer& timer) override {
    timer.armed_ = false;
    std::erase(timers_, &timer);
  }

  void run_until_idle() {
    while (io::Task* task = tasks_.pop()) task->run();
  }
  void advance(io::Nanoseconds duration) {
    now_ += duration;
    for (bool fired = true; fired;) {
      fired = false;
      for (io::Timer* timer : timers_) {
        if (timer->deadline_ > now_) continue;
        cancel(*timer);
        timer->on_timer();
        fired = true;
        break;
      }
      run_until_idle();
    }
  }

 private:
  io::Nanoseconds now_ = 1;
  io::TaskQueue tasks_;
  std::vector<io::Timer*> timers_;
};

/// The client's end of a stream, and the wire between. Outlives the stream.
struct Wire {
  std::deque<std::byte> to_server;
  std::vector<std::byte> from_server;
  /// The most that one read delivers; small values split messages at every place.
  size_t read_bytes_max = SIZE_MAX;
  /// The client takes nothing: writes do not finish.
  bool writes_held = false;
  /// The client has closed its end.
  bool client_gone = false;
  /// The server's end is closed.
  bool server_gone = false;
  uint64_t writes_count = 0;
  io::Task* wake = nullptr;
  bool wake_posted = false;

  void send(std::span<const std::byte> bytes) {
    to_server.insert(to_server.end(), bytes.begin(), bytes.end());
  }
};

class FakeStream final : public io::Stream, private io::Task {
 public:
  FakeStream(io::Executor& executor, Wire& wire) : executor_(executor), wire_(wire) {
    wire_.wake = this;
  }
  ~FakeStream() {
    CAIRN_ASSERT(closed_ || (read_buffer_.empty() && !writing_));
    CAIRN_ASSERT(!wire_.wake_posted);
    wire_.server_gone = true;
    wire_.wake = nullptr;
  }

  void set_handler(io::StreamHandler& handler) override { handler_ = &handler; }
  void read(std::span<std::byte> buffer) override {
    CAIRN_ASSERT(read_buffer_.empty());
    CAIRN_ASSERT(!buffer.empty());
    read_buffer_ = buffer;
    wake();
  }
  void write(std::span<const iovec> buffers) override {
    CAIRN_ASSERT(!writing_);
    CAIRN_ASSERT(buffers.size() <= 64);
    writing_ = true;
    wire_.writes_count++;
    write_buffers_.assign(buffers.begin(), buffers.end());
    wake();
  }
  void close() override {
    closing_ = true;
    wake();
  }

 private:
  void wake() {
    if (wire_.wake_posted) return;
    wire_.wake_posted = true;
    executor_.post(*this);
  }

  void run() override {
    wire_.wake_posted = false;
    if (closed_) return;
    if (writing_ && !wire_.writes_held && !closing_) {
      for (const iovec& part : write_buffers_) {
        const auto* bytes = static_cast<const std::byte*>(part.iov_base);
        wire_.from_server.insert(wire_.from_server.end(), bytes, bytes + part.iov_len);
      }
      writing_ = false;
      wake();
      return handler_->on_written();
    }
    if (!read_buffer_.empty() && !wire_.to_server.empty() && !closing_) {
      const size_t count =
          std::min({read_buffer_.size(), wire_.to_server.size(), wire_.read_bytes_max});
      const auto end = wire_.to_server.begin() + static_cast<ptrdiff_t>(count);
      std::copy(wire_.to_server.begin(), end, read_buffer_.begin());
      wire_.to_server.erase(wire_.to_server.begin(), end);
      read_buffer_ = {};
      wake();
      return handler_->on_read(count);
    }
    if (closing_ || (wire_.client_gone && !read_buffer_.empty())) {
      closed_ = true;
      wire_.server_gone = true;
      handler_->on_closed(Status());
    }
  }

  io::Executor& executor_;
  Wire& wire_;
  io::StreamHandler* handler_ = nullptr;
  std::span<std::byte> read_buffer_;
  std::vector<iovec> write_buffers_;
  bool writing_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

class FakeListener final : public io::Listener, private io::Task {
 public:
  explicit FakeListener(io::Executor& executor) : executor_(executor) {}
  void start(io::ListenerHandler& handler) override { handler_ = &handler; }
  void stop() override { executor_.post(*this); }
  void accept(Wire& wire) { handler_->on_accept(std::make_unique<FakeStream>(executor_, wire)); }
  void fail(const Status& status) { handler_->on_stopped(status); }

 private:
  void run() override { handler_->on_stopped(Status()); }

  io::Executor& executor_;
  io::ListenerHandler* handler_ = nullptr;
};

/// A device in memory. Requests finish in turns of their own, oldest or newest first, or when a
/// test lets them.
class MemoryDevice final : public io::BlockDevice, private io::Task {
 public:
  MemoryDevice(io::Executor& executor, uint64_t size_bytes)
      : executor_(executor), bytes_(size_bytes), allocated_(size_bytes / io::kBlockBytes) {}

  [[nodiscard]] uint64_t size_bytes() const override { return bytes_.size(); }
  [[nodiscard]] bool read_only() const override { return is_read_only; }

  void submit(io::BlockRequest& request) override {
    using Kind = io::BlockRequest::Kind;
    if (request.kind != Kind::flush) check_range(request.offset_bytes, request.length_bytes);
    const bool moves_data = request.kind == Kind::read || request.kind == Kind::write;
    CAIRN_ASSERT(!moves_data || reinterpret_cast<uintptr_t>(request.data) % 4096 == 0);
    CAIRN_ASSERT(!is_read_only || request.kind == Kind::read || request.kind == Kind::flush);
    submitted_count++;
    pending_.push_back(&request);
    pending_count_max = std::max(pending_count_max, pending_.size());
    wake();
  }
  void submit(io::ExtentQuery& query) override {
    check_range(query.offset_bytes, query.length_bytes);
    CAIRN_ASSERT(!query.extents.empty());
    queries_.push_back(&query);
    wake();
  }

  /// Lets held requests finish.
  void wake() {
    if (held || posted_) return;
    posted_ = true;
    executor_.post(*this);
  }
  void grow(uint64_t size_bytes) {
    bytes_.resize(size_bytes);
    allocated_.resize(size_bytes / io::kBlockBytes);
  }
  [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }

  bool is_read_only = false;
  bool held = false;
  bool newest_first = false;
  Status fail_with;
  size_t submitted_count = 0;
  size_t pending_count_max = 0;

 private:
  void check_range(uint64_t offset_bytes, uint64_t length_bytes) const {
    CAIRN_ASSERT(length_bytes > 0);
    CAIRN_ASSERT(offset_bytes % io::kBlockBytes == 0);
    CAIRN_ASSERT(length_bytes % io::kBlockBytes == 0);
    CAIRN_ASSERT(offset_bytes <= bytes_.size());
    CAIRN_ASSERT(length_bytes <= bytes_.size() - offset_bytes);
  }

  void run() override {
    posted_ = false;
    if (!queries_.empty()) {
      io::ExtentQuery& query = *queries_.front();
      queries_.pop_front();
      wake();
      answer(query);
      return query.on_done(query);
    }
    if (pending_.empty()) return;
    io::BlockRequest& request = newest_first ? *pending_.back() : *pending_.front();
    newest_first ? pending_.pop_back() : pending_.pop_front();
    wake();
    request.status = fail_with;
    if (fail_with.ok()) apply(request);
    request.on_done(request);
  }

  void apply(io::BlockRequest& request) {
    using Kind = io::BlockRequest::Kind;
    if (request.kind == Kind::flush) return;
    const auto range = std::span(bytes_).subspan(request.offset_bytes, request.length_bytes);
    const bool zeroes = request.kind == Kind::trim || request.kind == Kind::write_zeroes;
    if (request.kind == Kind::read) {
      std::memcpy(request.data, range.data(), range.size());
      return;
    }
    if (zeroes) std::fill(range.begin(), range.end(), std::byte{0});
    if (request.kind == Kind::write) std::memcpy(range.data(), request.data, range.size());
    const auto first = static_cast<ptrdiff_t>(request.offset_bytes / io::kBlockBytes);
    const auto count = static_cast<ptrdiff_t>(request.length_bytes / io::kBlockBytes);
    std::fill_n(allocated_.begin() + first, count, !zeroes);
  }

  /// One extent per block, as a device may: joining them is the server's business.
  void answer(io::ExtentQuery& query) {
    query.status = fail_with;
    const uint64_t first = query.offset_bytes / io::kBlockBytes;
    const uint64_t count = query.length_bytes / io::kBlockBytes;
    query.extents_count = static_cast<uint32_t>(std::min<uint64_t>(count, query.extents.size()));
    for (uint32_t i = 0; i < query.extents_count; i++) {
      query.extents[i] = {.length_bytes = io::kBlockBytes, .allocated = allocated_[first + i]};
    }
  }

  io::Executor& executor_;
  std::vector<std::byte> bytes_;
  std::vector<bool> allocated_;
  std::deque<io::BlockRequest*> pending_;
  std::deque<io::ExtentQuery*> queries_;
  bool posted_ = false;
};

}  // namespace cairn::nbd::fakes
