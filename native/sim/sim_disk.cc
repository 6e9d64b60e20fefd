#include "sim/sim_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace cairn::sim {

namespace {

using Kind = io::DiskRequest::Kind;

uint64_t length_of(const io::DiskRequest& request) {
  if (request.kind == Kind::discard) return request.discard_bytes;
  if (request.kind == Kind::flush) return 0;
  uint64_t length = 0;
  for (const iovec& buffer : request.buffers) length += buffer.iov_len;
  return length;
}

bool overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length) {
  return a < b + b_length && b < a + a_length;
}

/// Heap order: the earliest on top.
struct Later {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a.due != b.due ? a.due > b.due : a.order > b.order;
  }
};

}  // namespace

SimDisk::SimDisk(io::Executor& executor, SimRandom& random, const SimDiskOptions& options)
    : executor_(executor),
      random_(random),
      options_(options),
      medium_(static_cast<std::byte*>(std::calloc(options.size_bytes, 1))) {
  CAIRN_ASSERT(options.size_bytes % io::kDiskBlockBytes == 0);
  CAIRN_ASSERT(medium_ != nullptr);
  in_flight_.reserve(256);
}

SimDisk::~SimDisk() { executor_.cancel(*this); }

void SimDisk::submit(io::DiskRequest& request) {
  if (cut_after_ == 0) power_lost_ = true;
  if (cut_after_ != ~uint64_t{0} && cut_after_ > 0) --cut_after_;
  const uint64_t length = length_of(request);
  check_request(request, length);
  InFlight entry;
  entry.due = executor_.now() + draw_latency();
  entry.order = order_next_++;
  entry.request = &request;
  entry.length_bytes = length;
  entry.undo_position = undo_first_ + undo_.size();
  entry.fails = draw_failure(request);
  in_flight_.push_back(entry);
  std::push_heap(in_flight_.begin(), in_flight_.end(), Later());
  arm_earliest();
}

void SimDisk::check_request(const io::DiskRequest& request, uint64_t length_bytes) const {
  CAIRN_ASSERT(request.on_done != nullptr);
  if (request.kind == Kind::flush) return;
  CAIRN_ASSERT(request.offset_bytes % io::kDiskBlockBytes == 0);
  CAIRN_ASSERT(length_bytes > 0);
  CAIRN_ASSERT(length_bytes % io::kDiskBlockBytes == 0);
  CAIRN_ASSERT(request.offset_bytes + length_bytes <= options_.size_bytes);
  CAIRN_ASSERT(request.buffers.size() <= io::kDiskBuffersMax);
  for (const iovec& buffer : request.buffers) {
    CAIRN_ASSERT(reinterpret_cast<uintptr_t>(buffer.iov_base) % io::kDiskBlockBytes == 0);
    CAIRN_ASSERT(buffer.iov_len % io::kDiskBlockBytes == 0);
  }
  if (request.kind == Kind::read) return;
  // Invariant S7 of the store: real drives may execute overlapping writes in either order.
  for (const InFlight& other : in_flight_) {
    const bool changes = other.request->kind == Kind::write || other.request->kind == Kind::discard;
    if (!changes) continue;
    const bool overlapping = overlap(request.offset_bytes, length_bytes,
                                     other.request->offset_bytes, other.length_bytes);
    CAIRN_ASSERT(!overlapping);
  }
}

bool SimDisk::draw_failure(const io::DiskRequest& request) {
  bool& asked = fail_next_[static_cast<size_t>(request.kind)];
  if (std::exchange(asked, false)) return true;
  switch (request.kind) {
    case Kind::read:
      return random_.chance_ppm(options_.faults.read_error_ppm);
    case Kind::write:
      return random_.chance_ppm(options_.faults.write_error_ppm);
    case Kind::flush:
      return random_.chance_ppm(options_.faults.flush_error_ppm);
    case Kind::discard:
      return false;
  }
  return false;
}

io::Nanoseconds SimDisk::draw_latency() {
  if (random_.chance_ppm(options_.faults.slow_ppm)) return options_.slow_ns;
  return random_.between(options_.latency_ns_min, options_.latency_ns_max);
}

void SimDisk::arm_earliest() {
  if (power_lost_ || in_flight_.empty()) {
    executor_.cancel(*this);
    return;
  }
  const io::Nanoseconds due = in_flight_.front().due;
  if (armed() && deadline() == due) return;
  executor_.arm(*this, due > executor_.now() ? due - executor_.now() : 0);
}

void SimDisk::on_timer() {
  if (power_lost_) return;
  CAIRN_ASSERT(!in_flight_.empty());
  std::pop_heap(in_flight_.begin(), in_flight_.end(), Later());
  const InFlight done = in_flight_.back();
  in_flight_.pop_back();
  arm_earliest();
  complete(done);
}

void SimDisk::complete(const InFlight& done) {
  io::DiskRequest& request = *done.request;
  request.status = Status();
  if (done.fails) {
    // A failed write may have reached the medium in part.
    if (request.kind == Kind::write) tear_in_flight(done);
    request.status = Status(ErrorKind::io_error, "simulated");
  } else {
    switch (request.kind) {
      case Kind::read:
        do_read(request, done.length_bytes);
        break;
      case Kind::write:
        do_write(request, done.length_bytes);
        break;
      case Kind::flush:
        ++stats_.flushes;
        if (!options_.lying_flush) make_durable(done.undo_position);
        break;
      case Kind::discard:
        do_discard(request);
        break;
    }
  }
  request.on_done(request);
}

void SimDisk::do_read(const io::DiskRequest& request, uint64_t length_bytes) {
  ++stats_.reads;
  if (random_.chance_ppm(options_.faults.bit_flip_ppm)) {
    flip_bit(request.offset_bytes, length_bytes);
  }
  uint64_t offset = request.offset_bytes;
  for (const iovec& buffer : request.buffers) {
    std::memcpy(buffer.iov_base, medium_.get() + offset, buffer.iov_len);
    offset += buffer.iov_len;
  }
}

void SimDisk::do_write(const io::DiskRequest& request, uint64_t length_bytes) {
  ++stats_.writes;
  last_writes_ = {SimRange{request.offset_bytes, length_bytes}, last_writes_[0]};
  const bool durable = !options_.lying_flush && (request.durable || !options_.volatile_cache);
  if (random_.chance_ppm(options_.faults.lost_write_ppm)) {
    fault_records_.push_back(
        {SimFaultRecord::Kind::lost_write, request.offset_bytes, length_bytes});
    return;
  }
  uint64_t offset = request.offset_bytes;
  if (random_.chance_ppm(options_.faults.misdirected_write_ppm)) {
    const uint64_t places = (options_.size_bytes - length_bytes) / io::kDiskBlockBytes + 1;
    offset = random_.below(places) * io::kDiskBlockBytes;
    for (const uint64_t wrong : {request.offset_bytes, offset}) {
      fault_records_.push_back({SimFaultRecord::Kind::misdirected_write, wrong, length_bytes});
    }
  }
  for (const iovec& buffer : request.buffers) {
    overwrite(offset, {static_cast<const std::byte*>(buffer.iov_base), buffer.iov_len}, durable);
    offset += buffer.iov_len;
  }
}

void SimDisk::do_discard(const io::DiskRequest& request) {
  ++stats_.discards;
  // Reads afterwards are undefined: give something that no checksum knows.
  static const std::vector<std::byte> kGarbage(io::kDiskBlockBytes, std::byte{0xdb});
  for (uint64_t done = 0; done < request.discard_bytes; done += io::kDiskBlockBytes) {
    overwrite(request.offset_bytes + done, kGarbage, false);
  }
}

void SimDisk::overwrite(uint64_t offset_bytes, std::span<const std::byte> data, bool durable) {
  const uint64_t first = offset_bytes / kSimSectorBytes;
  const uint64_t count = data.size() / kSimSectorBytes;
  for (uint64_t sector = first; sector < first + count; ++sector) remember_sector(sector, durable);
  std::memcpy(medium_.get() + offset_bytes, data.data(), data.size());
}

void SimDisk::remember_sector(uint64_t sector, bool durable) {
  if (durable) {
    if (!undo_.empty()) undo_.push_back({sector, kNoContent});
    return;
  }
  const uint64_t content = undo_contents_.size();
  const std::byte* old = medium_.get() + sector * kSimSectorBytes;
  undo_contents_.insert(undo_contents_.end(), old, old + kSimSectorBytes);
  undo_.push_back({sector, content});
}

void SimDisk::make_durable(uint64_t undo_position) {
  if (undo_position <= undo_first_) return;  // An earlier flush, submitted later, covered it.
  const uint64_t count = undo_position - undo_first_;
  CAIRN_ASSERT(count <= undo_.size());
  undo_.erase(undo_.begin(), undo_.begin() + static_cast<std::ptrdiff_t>(count));
  undo_first_ = undo_position;
  if (undo_.empty()) undo_contents_.clear();
}

void SimDisk::cut_power_after(uint64_t requests_count) { cut_after_ = requests_count; }

void SimDisk::power_cut() {
  ++stats_.power_cuts;
  lose_unflushed();
  forget_in_flight();
  forget_undo();
  cut_after_ = ~uint64_t{0};
  power_lost_ = false;
}

void SimDisk::software_crash() {
  CAIRN_ASSERT(!power_lost_);
  ++stats_.software_crashes;
  forget_in_flight();
}

void SimDisk::replace_medium() {
  CAIRN_ASSERT(in_flight_.empty());
  medium_.reset(static_cast<std::byte*>(std::calloc(options_.size_bytes, 1)));
  CAIRN_ASSERT(medium_ != nullptr);
  forget_undo();
  fault_records_.clear();
}

void SimDisk::forget_in_flight() {
  for (const InFlight& entry : in_flight_) {
    if (entry.request->kind == Kind::write) tear_in_flight(entry);
  }
  in_flight_.clear();
  executor_.cancel(*this);
}

void SimDisk::forget_undo() {
  undo_first_ += undo_.size();
  undo_.clear();
  undo_contents_.clear();
}

void SimDisk::lose_unflushed() {
  // Backwards through time: each sector steps back through its versions until chance says stop.
  settled_sectors_.clear();
  // All of the cache, none of it, or sector by sector: the extremes are where bugs hide.
  const uint64_t mode = random_.below(4);
  for (size_t index = undo_.size(); index-- > 0;) {
    const Undo& undo = undo_[index];
    if (settled_sectors_.contains(undo.sector)) continue;
    const bool lose =
        undo.content != kNoContent && (mode == 0 || (mode != 1 && (random_.next() & 1) != 0));
    if (!lose) {
      settled_sectors_.insert(undo.sector);
      continue;
    }
    ++stats_.sectors_lost;
    std::memcpy(medium_.get() + undo.sector * kSimSectorBytes, undo_contents_.data() + undo.content,
                kSimSectorBytes);
  }
}

void SimDisk::tear_in_flight(const InFlight& write) {
  const uint64_t mode = random_.below(4);  // 0: nothing of it arrived, 1: all of it.
  if (mode == 0) return;
  uint64_t offset = write.request->offset_bytes;
  for (const iovec& buffer : write.request->buffers) {
    const auto* data = static_cast<const std::byte*>(buffer.iov_base);
    for (uint64_t at = 0; at < buffer.iov_len; at += kSimSectorBytes) {
      if (mode != 1 && (random_.next() & 1) != 0) {
        ++stats_.sectors_torn;
        continue;
      }
      overwrite(offset + at, {data + at, kSimSectorBytes}, false);
    }
    offset += buffer.iov_len;
  }
}

void SimDisk::flip_bit(uint64_t offset_bytes, uint64_t length_bytes) {
  const uint64_t bit = random_.below(length_bytes * 8);
  const uint64_t at = offset_bytes + bit / 8;
  medium_.get()[at] ^= static_cast<std::byte>(1u << (bit % 8));
  fault_records_.push_back({SimFaultRecord::Kind::bit_flip,
                            at / io::kDiskBlockBytes * io::kDiskBlockBytes, io::kDiskBlockBytes});
}

}  // namespace cairn::sim
