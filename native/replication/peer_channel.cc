#include "replication/peer_channel.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace cairn::replication {

namespace {

constexpr size_t kBufferBytes = 64 << 10;
/// Data that is missing by this much or more is read straight into its room; less comes through the
/// buffer, together with the messages behind it.
constexpr size_t kDirectReadBytesMin = 16 << 10;

}  // namespace

PeerChannel::PeerChannel(io::Executor& executor, io::BufferPool& buffers,
                         std::unique_ptr<io::Stream> stream, Handler& handler)
    : executor_(executor),
      buffers_(buffers),
      stream_(std::move(stream)),
      handler_(handler),
      out_(buffers) {
  io::StreamHandler& events = *this;
  stream_->set_handler(events);
}

PeerChannel::~PeerChannel() {
  CAIRN_ASSERT(ended_ || !started_);
  CAIRN_ASSERT(!posted_);
  if (buffer_ != nullptr) buffers_.give(buffer_, kBufferBytes);
}

void PeerChannel::start() {
  CAIRN_ASSERT(!started_);
  started_ = true;
  buffer_ = buffers_.take(kBufferBytes);
  CAIRN_ASSERT(buffer_ != nullptr);
  received_at_ = executor_.now();
  start_read();
}

// ---- Receiving

void PeerChannel::on_read(size_t bytes_count) {
  CAIRN_ASSERT(reading_);
  reading_ = false;
  received_at_ = executor_.now();
  if (read_is_data_) {
    filled_bytes_ += bytes_count;
    CAIRN_ASSERT(filled_bytes_ <= room_.data.size());
  } else {
    buffer_end_ += bytes_count;
    CAIRN_ASSERT(buffer_end_ <= kBufferBytes);
  }
  advance();
}

void PeerChannel::resume() {
  if (step_ != Step::room || closing_ || deaf_) return;
  // In a turn of its own: whoever gave the room back is still at work.
  wants_resume_ = true;
  post();
}

/// Works off what has arrived, then asks for more.
void PeerChannel::advance() {
  CAIRN_ASSERT(!advancing_);
  advancing_ = true;
  bool progress = true;
  while (progress && !closing_ && !deaf_) {
    switch (step_) {
      case Step::frame:
        progress = advance_frame();
        break;
      case Step::room:
        progress = advance_room();
        break;
      case Step::body:
        progress = advance_body();
        break;
      case Step::data:
        progress = advance_data();
        break;
    }
  }
  advancing_ = false;
  start_read();
}

bool PeerChannel::advance_frame() {
  if (received().size() < kFrameBytes) return false;
  const auto frame = decode_frame(received().first<kFrameBytes>());
  if (!frame.ok()) {
    deaf_ = true;
    handler_.on_broken(frame.status());
    return false;
  }
  buffer_begin_ += kFrameBytes;
  frame_ = frame.value();
  step_ = Step::room;
  return true;
}

bool PeerChannel::advance_room() {
  const auto room = handler_.room_for(frame_);
  if (!room) return false;
  CAIRN_ASSERT(room->body.size() == frame_.body_bytes);
  CAIRN_ASSERT(room->data.size() == frame_.data_bytes);
  room_ = *room;
  filled_bytes_ = 0;
  step_ = Step::body;
  return true;
}

bool PeerChannel::advance_body() {
  const size_t count = std::min(received().size(), room_.body.size() - filled_bytes_);
  if (count > 0) std::memcpy(room_.body.data() + filled_bytes_, received().data(), count);
  buffer_begin_ += count;
  filled_bytes_ += count;
  if (filled_bytes_ < room_.body.size()) return false;
  filled_bytes_ = 0;
  step_ = Step::data;
  return true;
}

bool PeerChannel::advance_data() {
  const size_t count = std::min(received().size(), room_.data.size() - filled_bytes_);
  if (count > 0) std::memcpy(room_.data.data() + filled_bytes_, received().data(), count);
  buffer_begin_ += count;
  filled_bytes_ += count;
  if (filled_bytes_ < room_.data.size()) return false;
  step_ = Step::frame;
  handler_.on_message(frame_, room_);
  return true;
}

void PeerChannel::start_read() {
  if (reading_ || closing_ || deaf_ || step_ == Step::room) return;
  read_is_data_ = false;
  if (step_ == Step::data && room_.data.size() - filled_bytes_ >= kDirectReadBytesMin) {
    CAIRN_ASSERT(received().empty());
    read_is_data_ = true;
    reading_ = true;
    return stream_->read(room_.data.subspan(filled_bytes_));
  }
  if (buffer_begin_ > 0) {
    const size_t count = received().size();
    if (count > 0) std::memmove(buffer_, buffer_ + buffer_begin_, count);
    buffer_begin_ = 0;
    buffer_end_ = count;
  }
  CAIRN_ASSERT(buffer_end_ < kBufferBytes);
  reading_ = true;
  stream_->read({buffer_ + buffer_end_, kBufferBytes - buffer_end_});
}

// ---- Sending

void PeerChannel::send(std::span<const std::byte> head, std::span<const std::byte> data) {
  CAIRN_ASSERT(started_);
  if (closing_ || closing_when_sent_) return;
  out_.append(head);
  out_.append(data);
  if (writing_bytes_ == 0) post();
}

void PeerChannel::send(PeerSendQueue& queue) {
  CAIRN_ASSERT(started_);
  if (closing_ || closing_when_sent_) return queue.clear();
  if (queue.empty()) return;
  out_.append(queue);
  if (writing_bytes_ == 0) post();
}

void PeerChannel::post() {
  if (posted_) return;
  posted_ = true;
  executor_.post(*this);
}

void PeerChannel::run() {
  posted_ = false;
  if (stream_closed_) return finish_if_idle();
  flush();
  if (!wants_resume_) return;
  wants_resume_ = false;
  if (step_ == Step::room) advance();
}

void PeerChannel::flush() {
  if (closing_ || writing_bytes_ > 0) return;
  if (out_.empty()) {
    if (closing_when_sent_) close();
    return;
  }
  const size_t count = out_.peek(vectors_);
  for (size_t i = 0; i < count; ++i) writing_bytes_ += vectors_[i].iov_len;
  stream_->write({vectors_.data(), count});
}

void PeerChannel::on_written() {
  CAIRN_ASSERT(writing_bytes_ > 0);
  out_.consume(writing_bytes_);
  writing_bytes_ = 0;
  flush();
  handler_.on_sent();
}

// ---- Ending

void PeerChannel::close() {
  CAIRN_ASSERT(started_);
  if (closing_) return;
  closing_ = true;
  stream_->close();
}

void PeerChannel::close_when_sent() {
  CAIRN_ASSERT(started_);
  if (closing_ || closing_when_sent_) return;
  deaf_ = true;
  closing_when_sent_ = true;
  if (writing_bytes_ == 0) post();
}

void PeerChannel::on_closed(const Status& status) {
  closing_ = true;
  stream_closed_ = true;
  reading_ = false;
  writing_bytes_ = 0;
  out_.clear();
  end_status_ = status;
  finish_if_idle();
}

void PeerChannel::finish_if_idle() {
  if (posted_) return;  // The task comes by here.
  ended_ = true;
  const Status status = end_status_;
  handler_.on_channel_closed(status);  // May destroy this channel.
}

}  // namespace cairn::replication
