#include "io/errno_status.h"

#include <cerrno>
#include <system_error>

namespace cairn::io {

namespace {

ErrorKind kind_of(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return ErrorKind::not_found;
    case EEXIST:
      return ErrorKind::already_exists;
    case EBUSY:
    case EAGAIN:
    case EADDRINUSE:
      return ErrorKind::busy;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::no_space;
    case EINVAL:
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
      return ErrorKind::invalid_argument;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorKind::unsupported;
    case ECANCELED:
      return ErrorKind::cancelled;
    case ETIMEDOUT:
      return ErrorKind::timed_out;
    default:
      return ErrorKind::io_error;
  }
}

}  // namespace

Status errno_status(int error, std::string_view what) {
  std::string context(what);
  context.append(": ").append(std::generic_category().message(error));
  return Status(kind_of(error), std::move(context));
}

}  // namespace cairn::io
