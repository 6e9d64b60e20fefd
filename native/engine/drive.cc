#include "engine/drive.h"

#include <utility>

#include "base/assert.h"

namespace cairn::engine {

namespace {

/// A predecessor may hold the drive's lock a little longer than it lives: the kernel first ends its
/// last write.
constexpr io::Nanoseconds kLockPause = 5'000'000;
constexpr uint32_t kLockAttempts = 400;

}  // namespace

Drive::Drive(io::UringReactor& reactor, io::Random& random, std::string path)
    : reactor_(reactor), random_(random), path_(std::move(path)) {}

Drive::~Drive() {
  CAIRN_ASSERT(!busy_);
  CAIRN_ASSERT(drops_count == 0);
}

Result<std::unique_ptr<Drive>> Drive::open(io::UringReactor& reactor, io::Random& random,
                                           const io::UringDiskOptions& options) {
  auto disk = io::UringDisk::open(reactor, options);
  if (!disk.ok()) return disk.status();
  std::unique_ptr<Drive> drive(new Drive(reactor, random, options.path));
  drive->disk_ = std::move(disk).value();
  return drive;
}

store::StoreOperation& Drive::begin(DoneFunction done) {
  CAIRN_ASSERT(!busy_);
  busy_ = true;
  operation_ = std::make_unique<Operation>([this, done = std::move(done)](Status status) {
    busy_ = false;
    done(std::move(status));  // may destroy this drive
  });
  operation_->on_done = [](store::StoreOperation& operation) {
    auto& self = static_cast<Operation&>(operation);
    // The function outlives the operation, whose owner may start the next one from inside it.
    const DoneFunction function = std::move(self.done);
    function(self.status);
  };
  return *operation_;
}

void Drive::probe(DoneFunction done) {
  CAIRN_ASSERT(store_ == nullptr);
  prober_ = std::make_unique<store::Prober>(store::Environment{reactor_, *disk_, random_});
  prober_->start(begin([this, done = std::move(done)](Status status) {
    if (status.ok()) identity_ = prober_->identity();
    done(std::move(status));
  }));
}

void Drive::format(const store::FormatOptions& options, DoneFunction done) {
  CAIRN_ASSERT(store_ == nullptr);
  formatter_ =
      std::make_unique<store::Formatter>(store::Environment{reactor_, *disk_, random_}, options);
  formatter_->start(begin([this, done = std::move(done)](Status status) {
    if (status.ok()) identity_ = formatter_->identity();
    done(std::move(status));
  }));
}

void Drive::serve(const store::StoreConfig& config, DoneFunction on_failure, DoneFunction done) {
  CAIRN_ASSERT(store_ == nullptr);
  on_failure_ = std::move(on_failure);
  store_ = std::make_unique<store::Store>(store::Environment{reactor_, *disk_, random_}, config);
  store_->set_failure_handler(
      [](void* context, const Status& failure) {
        static_cast<Drive*>(context)->on_failure_(failure);
      },
      this);
  store_->open(begin([this, done = std::move(done)](Status status) {
    if (status.ok()) identity_ = store_->identity();
    done(std::move(status));
  }));
}

void Drive::close(DoneFunction done) {
  CAIRN_ASSERT(store_ != nullptr);
  CAIRN_ASSERT(drops_count == 0);
  store_->close(begin(std::move(done)));
}

void DriveOpening::start(OpenedFunction done) {
  done_ = std::move(done);
  on_timer();
}

void DriveOpening::on_timer() {
  auto drive = Drive::open(reactor_, random_, options_);
  const bool locked = !drive.ok() && drive.status().kind() == ErrorKind::busy;
  if (locked && ++attempts_count_ < kLockAttempts) return reactor_.arm(*this, kLockPause);
  const OpenedFunction done = std::move(done_);
  done(std::move(drive));
}

}  // namespace cairn::engine
