#include "io/kernel_random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/assert.h"

namespace cairn::io {

uint64_t KernelRandom::next() {
  uint64_t value = 0;
  ssize_t count = 0;
  do {
    count = ::getrandom(&value, sizeof(value), 0);
  } while (count < 0 && errno == EINTR);
  CAIRN_ASSERT(count == sizeof(value));
  return value;
}

}  // namespace cairn::io
