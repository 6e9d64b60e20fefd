// Formatter and Prober: making a store and recognising one.
#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "store/checkpointer.h"
#include "store/store_state.h"
#include "store/superblock_io.h"

namespace cairn::store {

namespace {

constexpr size_t kZeroBytes = size_t{1} << 20;

Uuid random_uuid(io::Random& random) {
  const uint64_t words[2] = {random.next(), random.next()};
  Uuid uuid;
  std::memcpy(uuid.data(), words, sizeof words);
  uuid[6] = static_cast<uint8_t>((uuid[6] & 0x0f) | 0x40);
  uuid[8] = static_cast<uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

/// Runs one flow and reports its end to an operation in a turn of its own.
struct Runner final : io::Task {
  explicit Runner(io::Executor& io_executor) : executor(io_executor) {}
  void start(Flow next, StoreOperation& target) {
    operation = &target;
    flow = std::move(next);
    flow.start(
        [](void* context, Status status) {
          auto& self = *static_cast<Runner*>(context);
          self.operation->status = std::move(status);
          self.executor.post(self);
        },
        this);
  }
  void run() override { operation->on_done(*operation); }

  io::Executor& executor;
  StoreOperation* operation = nullptr;
  Flow flow;
};

}  // namespace

struct Formatter::State {
  State(Environment environment, FormatOptions format_options)
      : options(std::move(format_options)),
        store(environment, StoreConfig{}),
        checkpointer(store),
        runner(environment.executor) {}

  Flow refuse_existing() {
    FoundSuperblock found;
    const Status status = co_await read_superblocks(store.disk, found);
    if (!status.ok()) co_return status;
    if (found.copies_good > 0 && !options.force) {
      co_return Status(ErrorKind::already_exists, "the drive carries a Cairn store");
    }
    co_return Status();
  }

  Flow zero(uint64_t offset_bytes, uint64_t length_bytes) {
    AlignedBuffer zeroes(std::min<uint64_t>(kZeroBytes, length_bytes));
    std::ranges::fill(zeroes.span(), std::byte{0});
    for (uint64_t done = 0; done < length_bytes; done += zeroes.size()) {
      const uint64_t part = std::min<uint64_t>(zeroes.size(), length_bytes - done);
      DiskOp op(store.disk);
      op.write(offset_bytes + done, zeroes.span().first(part), false);
      const Status status = co_await op;
      if (!status.ok()) co_return status;
    }
    co_return Status();
  }

  /// Journal, metadata log and checkpoints adjoin, so that one pass covers them.
  Flow erase() {
    const auto& g = store.geometry;
    for (const uint64_t offset : format::superblock_offsets(g.device_bytes)) {
      const Status status = co_await zero(offset, format::kSuperblockBytes);
      if (!status.ok()) co_return status;
    }
    if (!options.media_is_zero) {
      const Status status = co_await zero(g.journal_offset, g.pages_offset - g.journal_offset);
      if (!status.ok()) co_return status;
    }
    DiskOp op(store.disk);
    op.flush();
    const Status status = co_await op;
    co_return status;
  }

  void fill_superblock(io::Random& random) {
    format::Superblock& s = store.superblock;
    s.cluster = options.cluster;
    s.store = options.store == Uuid{} ? random_uuid(random) : options.store;
    s.node = options.node;
    s.incarnation = std::max<uint64_t>(random.next(), 1);
    s.drive_class = static_cast<uint8_t>(options.drive_class);
    std::memcpy(s.serial.data(), options.serial.data(),
                std::min(options.serial.size(), s.serial.size()));
    s.geometry = store.geometry;
    s.cache_is_volatile = store.disk.cache_is_volatile();
    uint64_t low = 0;
    std::memcpy(&low, s.store.data(), sizeof low);
    store.journal_identity = {low, static_cast<uint32_t>(s.incarnation)};
  }

  Flow run() {
    Result<format::Geometry> planned = format::plan_geometry(
        store.env.disk.size_bytes(), options.journal_bytes, options.segment_bytes);
    if (!planned.ok()) co_return planned.status();
    Status status = co_await refuse_existing();
    if (!status.ok()) co_return status;
    store.geometry = planned.value();
    fill_superblock(store.env.random);
    status = co_await erase();
    if (!status.ok()) co_return status;
    store.pages.reset(store.geometry.pages_count, store.geometry.reserved_page());
    store.segments.reset(store.geometry.segments_count(), store.geometry.segment_bytes);
    store.ring.reset(store.geometry.journal_blocks(), 1, 0, 0);
    store.newest_slot = 1;
    // Both slots, so that the loss of one sector never costs the store.
    for (uint32_t slot = 0; slot < 2 && status.ok(); ++slot) status = co_await checkpointer.write();
    if (status.ok()) status = co_await checkpointer.write_superblock(true);
    store.identity = identity_of(store.superblock);
    co_return status;
  }

  FormatOptions options;
  StoreState store;
  Checkpointer checkpointer;
  Runner runner;
};

Formatter::Formatter(Environment environment, FormatOptions options)
    : state_(std::make_unique<State>(environment, std::move(options))) {}
Formatter::~Formatter() = default;
void Formatter::start(StoreOperation& operation) { state_->runner.start(state_->run(), operation); }
const StoreIdentity& Formatter::identity() const { return state_->store.identity; }

struct Prober::State {
  explicit State(Environment environment)
      : disk(environment.disk, stats), runner(environment.executor) {}

  Flow run() {
    FoundSuperblock found;
    const Status status = co_await read_superblocks(disk, found);
    if (!status.ok()) co_return status;
    if (!found.chosen.ok()) co_return found.chosen.status();
    identity = identity_of(found.chosen.value());
    co_return Status();
  }

  StoreStats stats;
  DiskIo disk;
  StoreIdentity identity;
  Runner runner;
};

Prober::Prober(Environment environment) : state_(std::make_unique<State>(environment)) {}
Prober::~Prober() = default;
void Prober::start(StoreOperation& operation) { state_->runner.start(state_->run(), operation); }
const StoreIdentity& Prober::identity() const { return state_->identity; }

}  // namespace cairn::store
