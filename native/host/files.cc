#include "host/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "host/owned_fd.h"

namespace cairn::host {
namespace {

ErrorKind kind_of(int error) {
  switch (error) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
      return ErrorKind::not_found;
    case EEXIST:
      return ErrorKind::already_exists;
    case EBUSY:
    case EWOULDBLOCK:
      return ErrorKind::busy;
    case ENOSPC:
      return ErrorKind::no_space;
    case EINVAL:
      return ErrorKind::invalid_argument;
    case EPERM:
    case EACCES:
    case ENOTSUP:
    case ENOSYS:
      return ErrorKind::unsupported;
    default:
      return ErrorKind::io_error;
  }
}

}  // namespace

Status errno_status(std::string_view what, int error) {
  std::string context(what);
  context.append(": ").append(std::strerror(error));
  return {kind_of(error), std::move(context)};
}

Status write_fully(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_status("write", errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string> read_small_file(const std::string& path, size_t limit) {
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return errno_status(path, errno);
  std::string content(limit + 1, '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status(path, errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  if (filled > limit) return Status(ErrorKind::corrupt, path + " is larger than expected");
  content.resize(filled);
  return content;
}

Status replace_file(int directory_fd, const std::string& name, std::string_view bytes) {
  const std::string draft = name + ".new";
  {
    const OwnedFd file(::openat(directory_fd, draft.c_str(),
                                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.open()) return errno_status(draft, errno);
    CAIRN_RETURN_IF_ERROR(write_fully(file.get(), bytes));
  }
  if (::renameat(directory_fd, draft.c_str(), directory_fd, name.c_str()) != 0) {
    return errno_status(name, errno);
  }
  return {};
}

}  // namespace cairn::host
