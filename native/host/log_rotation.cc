#include "host/log_rotation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "host/files.h"

namespace cairn::host {

Status rotate_log(int directory_fd, const std::string& name, int log_fd, uint64_t limit_bytes) {
  struct stat info{};
  if (::fstat(log_fd, &info) != 0) return errno_status(name, errno);
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size <= limit_bytes) return {};

  std::string newest(limit_bytes, '\0');
  size_t filled = 0;
  while (filled < newest.size()) {
    const ssize_t got = ::pread(log_fd, newest.data() + filled, newest.size() - filled,
                                static_cast<off_t>(size - limit_bytes + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status(name, errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  newest.resize(filled);
  CAIRN_RETURN_IF_ERROR(replace_file(directory_fd, name + ".1", newest));
  if (::ftruncate(log_fd, 0) != 0) return errno_status(name, errno);
  return {};
}

}  // namespace cairn::host
