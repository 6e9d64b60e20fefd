// What an export counts: operations, bytes, errors and latencies, per kind of operation. Plain
// numbers, written and read on the engine's thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace cairn::nbd {

/// Latencies in buckets of powers of two: bucket i counts those below 2^i microseconds, the last
/// one all that are longer.
inline constexpr size_t kLatencyBuckets = 24;

struct OperationStats {
  uint64_t operations_count = 0;
  uint64_t bytes = 0;
  uint64_t errors_count = 0;
  uint64_t latency_ns_sum = 0;
  std::array<uint64_t, kLatencyBuckets> latency_counts{};

  void record(uint64_t length_bytes, uint64_t latency_ns, bool failed) {
    operations_count++;
    bytes += failed ? 0 : length_bytes;
    errors_count += failed ? 1 : 0;
    latency_ns_sum += latency_ns;
    const auto bucket = static_cast<size_t>(std::bit_width(latency_ns / 1000));
    latency_counts[bucket < kLatencyBuckets ? bucket : kLatencyBuckets - 1]++;
  }
};

struct ExportStats {
  OperationStats read;
  OperationStats write;
  OperationStats flush;
  OperationStats trim;  ///< TRIM and WRITE_ZEROES.
  uint32_t connections_count = 0;
  uint64_t connections_accepted_count = 0;
  /// Connections that ended by breaking the protocol or a limit.
  uint64_t protocol_errors_count = 0;
  uint32_t requests_in_flight_count = 0;
};

}  // namespace cairn::nbd
