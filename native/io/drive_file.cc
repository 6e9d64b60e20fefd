#include "io/drive_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "io/disk.h"
#include "io/errno_status.h"

namespace cairn::io {

namespace {

/// Reads /sys/dev/block/MAJOR:MINOR/queue/NAME; a partition's queue is its parent's. Empty when
/// there is none.
std::string queue_attribute(dev_t device, const char* name) {
  const std::string base =
      "/sys/dev/block/" + std::to_string(major(device)) + ":" + std::to_string(minor(device));
  for (const char* queue : {"/queue/", "/../queue/"}) {
    std::ifstream file(base + queue + name);
    std::string line;
    if (file && std::getline(file, line)) return line;
  }
  return "";
}

Status sync_directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : (slash == 0 ? "/" : path.substr(0, slash));
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_status(errno, "open " + directory);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error == 0 ? Status() : errno_status(error, "fsync " + directory);
}

/// Sets all space of the file aside, so that no later write can meet a full file system.
Status allocate(int fd, const std::string& path, uint64_t size_bytes) {
  int error = 0;
  do {
    error = ::posix_fallocate(fd, 0, static_cast<off_t>(size_bytes));
  } while (error == EINTR);
  if (error != 0) return errno_status(error, "allocate " + path);
  return ::fsync(fd) == 0 ? Status() : errno_status(errno, "fsync " + path);
}

}  // namespace

Status create_drive_file(const std::string& path, uint64_t size_bytes) {
  if (size_bytes == 0 || size_bytes % kDiskBlockBytes != 0) {
    return Status(ErrorKind::invalid_argument, path + ": size is not whole blocks");
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno_status(errno, "create " + path);
  Status status = allocate(fd, path, size_bytes);
  ::close(fd);
  if (status.ok()) status = sync_directory_of(path);
  if (!status.ok()) ::unlink(path.c_str());
  return status;
}

Status remove_drive_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    return errno == ENOENT ? Status() : errno_status(errno, "remove " + path);
  }
  return sync_directory_of(path);
}

Result<DriveFacts> drive_facts(int fd, const std::string& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return errno_status(errno, "stat " + path);
  DriveFacts facts;
  if (S_ISREG(info.st_mode)) {
    facts.size_bytes = static_cast<uint64_t>(info.st_size);
    facts.is_fully_allocated = info.st_blocks * 512 >= info.st_size;
    // The file system decides when its device is flushed; only a flush through it is certain.
    facts.rotational = queue_attribute(info.st_dev, "rotational") == "1";
  } else if (S_ISBLK(info.st_mode)) {
    facts.is_block_device = true;
    if (::ioctl(fd, BLKGETSIZE64, &facts.size_bytes) != 0)
      return errno_status(errno, "size of " + path);
    facts.cache_is_volatile = queue_attribute(info.st_rdev, "write_cache") != "write through";
    facts.rotational = queue_attribute(info.st_rdev, "rotational") == "1";
  } else {
    return Status(ErrorKind::invalid_argument,
                  path + " is neither a block device nor a plain file");
  }
  facts.size_bytes -= facts.size_bytes % kDiskBlockBytes;
  return facts;
}

}  // namespace cairn::io
