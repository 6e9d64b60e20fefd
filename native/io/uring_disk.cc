#include "io/uring_disk.h"

#include <fcntl.h>
#include <liburing.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <thread>

#include "base/assert.h"
#include "io/drive_file.h"
#include "io/errno_status.h"

namespace cairn::io {

namespace {

constexpr uint32_t kAttemptsMax = 16;
constexpr long kLockPauseNanoseconds = 2'000'000;

const char* verb_of(DiskRequest::Kind kind) {
  switch (kind) {
    case DiskRequest::Kind::read:
      return "read";
    case DiskRequest::Kind::write:
      return "write";
    case DiskRequest::Kind::flush:
      return "flush";
    case DiskRequest::Kind::discard:
      return "discard";
  }
  return "use";
}

uint64_t length_of(const DiskRequest& request) {
  if (request.kind == DiskRequest::Kind::discard) return request.discard_bytes;
  uint64_t length = 0;
  for (const iovec& buffer : request.buffers) length += buffer.iov_len;
  return length;
}

bool transfers_data(const DiskRequest& request) {
  return request.kind == DiskRequest::Kind::read || request.kind == DiskRequest::Kind::write;
}

}  // namespace

/// One request in the kernel.
class UringDisk::Operation final : public Completion {
 public:
  void start(DiskRequest& request) {
    request_ = &request;
    length_bytes_ = length_of(request);
    attempts_ = 0;
    is_sync_ = request.kind == DiskRequest::Kind::flush;
    submit();
  }

  void on_completion(int32_t result) override {
    if ((result == -EAGAIN || result == -EINTR) && ++attempts_ < kAttemptsMax) {
      submit();
      return;
    }
    DiskRequest& request = *request_;
    const bool is_short = result >= 0 && !is_sync_ && transfers_data(request) &&
                          static_cast<uint64_t>(result) != length_bytes_;
    if (result >= 0 && !is_short && !is_sync_ && disk_->syncs_after(request)) {
      is_sync_ = true;
      attempts_ = 0;
      submit();
      return;
    }
    request_ = nullptr;
    next_ = disk_->operations_free_;
    disk_->operations_free_ = this;
    // The freed place goes to a waiting request first: on_done may submit more.
    UringDisk& disk = *disk_;
    disk.start_next();
    disk.finish(request, is_short ? -EIO : result);
  }

  UringDisk* disk_ = nullptr;
  Operation* next_ = nullptr;

 private:
  void submit() {
    const DiskRequest& request = *request_;
    io_uring_sqe& sqe = disk_->reactor_.prepare();
    const bool fixed = disk_->slot_ >= 0;
    const int file = fixed ? disk_->slot_ : disk_->fd_;
    fill(sqe, file, request);
    if (fixed) sqe.flags |= IOSQE_FIXED_FILE;
    disk_->reactor_.start(sqe, *this);
  }

  void fill(io_uring_sqe& sqe, int file, const DiskRequest& request) const {
    const auto count = static_cast<unsigned>(request.buffers.size());
    if (is_sync_) {
      io_uring_prep_fsync(&sqe, file, IORING_FSYNC_DATASYNC);
      return;
    }
    switch (request.kind) {
      case DiskRequest::Kind::read:
        if (count == 1) {
          io_uring_prep_read(&sqe, file, request.buffers[0].iov_base,
                             static_cast<unsigned>(length_bytes_), request.offset_bytes);
        } else {
          io_uring_prep_readv(&sqe, file, request.buffers.data(), count, request.offset_bytes);
        }
        break;
      case DiskRequest::Kind::write:
        if (count == 1) {
          io_uring_prep_write(&sqe, file, request.buffers[0].iov_base,
                              static_cast<unsigned>(length_bytes_), request.offset_bytes);
        } else {
          io_uring_prep_writev(&sqe, file, request.buffers.data(), count, request.offset_bytes);
        }
        // A block device without a volatile cache is durable by itself.
        if (request.durable && disk_->is_block_device_ && disk_->cache_is_volatile_) {
          sqe.rw_flags = RWF_DSYNC;
        }
        break;
      case DiskRequest::Kind::flush:
        break;  // is_sync_
      case DiskRequest::Kind::discard:
        io_uring_prep_fallocate(&sqe, file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(request.offset_bytes),
                                static_cast<off_t>(request.discard_bytes));
        break;
    }
  }

  DiskRequest* request_ = nullptr;
  uint64_t length_bytes_ = 0;
  uint32_t attempts_ = 0;
  /// The operation in the kernel is a sync: a flush, or the second half of a durable write.
  bool is_sync_ = false;
};

/// Runs on_done of requests that never entered the kernel, in a later turn.
class UringDisk::Finisher final : public Task {
 public:
  explicit Finisher(UringDisk& disk) : disk_(disk) {}

  void add(DiskRequest& request) {
    request.next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = &request;
    if (tail_ == nullptr) disk_.reactor_.post(*this);
    tail_ = &request;
  }

  void run() override {
    DiskRequest* request = head_;
    head_ = nullptr;
    tail_ = nullptr;
    while (request != nullptr) {
      DiskRequest* next = request->next;
      disk_.finish(*request, 0);
      request = next;
    }
  }

 private:
  UringDisk& disk_;
  DiskRequest* head_ = nullptr;
  DiskRequest* tail_ = nullptr;
};

/// Discards ranges of a block device: an ioctl that may take seconds and that io_uring cannot do
/// before Linux 6.12.
class UringDisk::Discarder final : public Letter {
 public:
  explicit Discarder(UringDisk& disk) : disk_(disk), thread_([this] { work(); }) {}

  ~Discarder() {
    {
      const std::lock_guard lock(mutex_);
      CAIRN_ASSERT(pending_ == nullptr);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void push(DiskRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      request.next = nullptr;
      DiskRequest** end = &pending_;
      while (*end != nullptr) end = &(*end)->next;
      *end = &request;
    }
    wake_.notify_one();
  }

  void deliver() override {
    DiskRequest* request = nullptr;
    {
      const std::lock_guard lock(mutex_);
      request = done_;
      done_ = nullptr;
    }
    while (request != nullptr) {
      DiskRequest* next = request->next;
      disk_.finish(*request, static_cast<int32_t>(request->tag));
      request = next;
    }
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return pending_ != nullptr || stopping_; });
      if (pending_ == nullptr) return;
      DiskRequest& request = *pending_;
      pending_ = request.next;
      lock.unlock();
      uint64_t range[2] = {request.offset_bytes, request.discard_bytes};
      const int error = ::ioctl(disk_.fd_, BLKDISCARD, range) == 0 ? 0 : errno;
      lock.lock();
      request.tag = static_cast<uint64_t>(-error);
      request.next = done_;
      const bool was_empty = done_ == nullptr;
      done_ = &request;
      // A stopped reactor takes no letters, and nobody waits for the request then.
      if (was_empty) static_cast<void>(disk_.reactor_.mailbox().post(*this));
    }
  }

  UringDisk& disk_;
  std::mutex mutex_;
  std::condition_variable wake_;
  DiskRequest* pending_ = nullptr;
  DiskRequest* done_ = nullptr;
  bool stopping_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

UringDisk::UringDisk(UringReactor& reactor) : reactor_(reactor) {}

UringDisk::~UringDisk() {
  CAIRN_ASSERT(requests_under_way_ == 0);
  discarder_.reset();
  if (slot_ >= 0) reactor_.unregister_file(slot_);
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<UringDisk>> UringDisk::open(UringReactor& reactor,
                                                   const UringDiskOptions& options) {
  CAIRN_ASSERT(options.queue_depth > 0);
  std::unique_ptr<UringDisk> disk(new UringDisk(reactor));
  CAIRN_RETURN_IF_ERROR(disk->open_file(options));
  CAIRN_RETURN_IF_ERROR(disk->lock_file(options));
  auto facts = drive_facts(disk->fd_, options.path);
  if (!facts.ok()) return facts.status();
  disk->size_bytes_ = facts.value().size_bytes;
  disk->is_block_device_ = facts.value().is_block_device;
  disk->cache_is_volatile_ = facts.value().cache_is_volatile;
  disk->discards_nothing_ = facts.value().is_fully_allocated;
  disk->operations_ = std::make_unique<Operation[]>(options.queue_depth);
  for (uint32_t i = 0; i < options.queue_depth; ++i) {
    Operation& operation = disk->operations_[i];
    operation.disk_ = disk.get();
    operation.next_ = disk->operations_free_;
    disk->operations_free_ = &operation;
  }
  disk->finisher_ = std::make_unique<Finisher>(*disk);
  disk->slot_ = reactor.register_file(disk->fd_);
  return disk;
}

Status UringDisk::open_file(const UringDiskOptions& options) {
  path_ = options.path;
  read_only_ = options.read_only;
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) return errno_status(errno, "open " + path_);
  if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {  // Opening a pipe would hang.
    return Status(ErrorKind::invalid_argument,
                  path_ + " is neither a block device nor a plain file");
  }
  const int flags = (options.read_only ? O_RDONLY : O_RDWR) | O_DIRECT | O_CLOEXEC;
  // On a block device O_EXCL without O_CREAT claims it against mounts and other claims.
  const int exclusive = S_ISBLK(info.st_mode) ? O_EXCL : 0;
  for (uint32_t waited_ms = 0;; waited_ms += 2) {
    fd_ = ::open(path_.c_str(), flags | exclusive);
    if (fd_ >= 0) return Status();
    const int error = errno;
    if (error == EINVAL) {
      return Status(ErrorKind::unsupported, path_ + ": the file system has no direct I/O");
    }
    if (error != EBUSY || waited_ms >= options.lock_wait_ms) {
      return errno_status(error, "open " + path_);
    }
    const timespec pause{0, kLockPauseNanoseconds};
    ::nanosleep(&pause, nullptr);
  }
}

Status UringDisk::lock_file(const UringDiskOptions& options) {
  for (uint32_t waited_ms = 0;; waited_ms += 2) {
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return Status();
    if (errno != EWOULDBLOCK && errno != EINTR) return errno_status(errno, "lock " + path_);
    if (waited_ms >= options.lock_wait_ms) {
      return Status(ErrorKind::busy, path_ + " is used by another process");
    }
    const timespec pause{0, kLockPauseNanoseconds};
    ::nanosleep(&pause, nullptr);
  }
}

/// A durable write to a file is a write and then a sync. RWF_DSYNC would do both in one operation,
/// but where the drive below the file system has no FUA its second half runs in a kernel worker,
/// which on a busy machine waits for a processor many times longer than the drive takes.
bool UringDisk::syncs_after(const DiskRequest& request) const {
  return request.kind == DiskRequest::Kind::write && request.durable && !is_block_device_;
}

void UringDisk::check(const DiskRequest& request) const {
  CAIRN_ASSERT(request.on_done != nullptr);
  CAIRN_ASSERT(request.offset_bytes % kDiskBlockBytes == 0);
  CAIRN_ASSERT(request.kind == DiskRequest::Kind::read || !read_only_);
  if (request.kind == DiskRequest::Kind::flush) return;
  uint64_t length = request.discard_bytes;
  if (transfers_data(request)) {
    CAIRN_ASSERT(!request.buffers.empty());
    CAIRN_ASSERT(request.buffers.size() <= kDiskBuffersMax);
    length = 0;
    for (const iovec& buffer : request.buffers) {
      CAIRN_ASSERT(reinterpret_cast<uintptr_t>(buffer.iov_base) % kDiskBlockBytes == 0);
      length += buffer.iov_len;
    }
  }
  CAIRN_ASSERT(length > 0);
  CAIRN_ASSERT(length % kDiskBlockBytes == 0);
  CAIRN_ASSERT(length <= size_bytes_);
  CAIRN_ASSERT(request.offset_bytes <= size_bytes_ - length);
}

void UringDisk::submit(DiskRequest& request) {
  check(request);
  ++requests_under_way_;
  request.status = Status();
  const bool is_discard = request.kind == DiskRequest::Kind::discard;
  const bool is_flush = request.kind == DiskRequest::Kind::flush;
  if (is_discard && discards_nothing_) return finisher_->add(request);
  if (is_discard && is_block_device_) return discard_elsewhere(request);
  if (is_flush && is_block_device_ && !cache_is_volatile_) return finisher_->add(request);
  if (operations_free_ != nullptr && waiting_head_ == nullptr) return start(request);
  request.next = nullptr;
  (waiting_tail_ == nullptr ? waiting_head_ : waiting_tail_->next) = &request;
  waiting_tail_ = &request;
}

void UringDisk::start(DiskRequest& request) {
  Operation* operation = operations_free_;
  CAIRN_ASSERT(operation != nullptr);
  operations_free_ = operation->next_;
  operation->start(request);
}

void UringDisk::start_next() {
  if (waiting_head_ == nullptr) return;
  DiskRequest& request = *waiting_head_;
  waiting_head_ = request.next;
  if (waiting_head_ == nullptr) waiting_tail_ = nullptr;
  start(request);
}

void UringDisk::discard_elsewhere(DiskRequest& request) {
  if (discarder_ == nullptr) discarder_ = std::make_unique<Discarder>(*this);
  discarder_->push(request);
}

void UringDisk::finish(DiskRequest& request, int32_t result) {
  CAIRN_ASSERT(requests_under_way_ > 0);
  --requests_under_way_;
  if (request.kind == DiskRequest::Kind::discard && result == -EOPNOTSUPP) {
    discards_nothing_ =
        true;  // A discard is a hint: a drive that keeps the bytes has done nothing wrong.
    result = 0;
  }
  if (result < 0) {
    const std::string what = std::string(verb_of(request.kind)) + " " + path_ + " at " +
                             std::to_string(request.offset_bytes);
    request.status = Status(ErrorKind::io_error, errno_status(-result, what).context());
  }
  request.on_done(request);
}

}  // namespace cairn::io
