// CAIRN_ASSERT: always on, in release builds too. A failed assertion is a bug in Cairn; the process
// stops before it can harm data, and the redundancy above it covers. Never assert on bytes that
// came from outside (a disk, a peer, a guest).
#pragma once

namespace cairn {

/// Prints the expression and its place to stderr and aborts. Never returns, allocates nothing.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace cairn

#define CAIRN_ASSERT(expression)                        \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::cairn::assertion_failed(#expression, __FILE__, __LINE__))
