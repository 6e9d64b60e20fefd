// Handshake: the fixed newstyle negotiation of one connection, as a pure function of the bytes
// received. It does no I/O and knows no clock; connection.h feeds it. Every message has a size
// limit, and so has their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nbd/protocol.h"
#include "nbd/wire.h"

namespace cairn::nbd {

/// What a client is told of the export.
struct ExportFacts {
  std::string_view name;
  std::string_view description;
  uint64_t size_bytes = 0;
  bool read_only = false;
};

/// The transmission flags of an export.
[[nodiscard]] uint16_t transmission_flags(const ExportFacts& facts, bool structured);

/// What client and server agreed on.
struct Agreement {
  bool structured = false;  ///< Structured replies; implied by `extended`.
  bool extended = false;    ///< 64-bit request and reply headers.
  bool allocation = false;  ///< The context base:allocation, with the id kAllocationContext.
};

inline constexpr uint32_t kAllocationContext = 1;

/// Longest option a client may send; a longer one is skipped and refused, one beyond
/// kOptionSkipBytesMax ends the connection.
inline constexpr uint32_t kOptionBytesMax = 16 << 10;
inline constexpr uint32_t kOptionSkipBytesMax = 1 << 20;
/// A client that has not come to the point after so many options is cut off.
inline constexpr uint32_t kOptionsMax = 256;

class Handshake {
 public:
  enum class Progress {
    more,          ///< Send what was written and feed more bytes.
    transmission,  ///< Negotiation is over: the next byte is a request.
    finished,      ///< The client is done (ABORT): send what was written, then close.
    broken,        ///< The client breaks the protocol: close at once.
  };

  /// Writes the greeting; the first message, sent before anything is read.
  static void greet(std::vector<std::byte>& out);

  /// Takes at most one message off the front of `in` and appends the replies to `out`. Returns
  /// `more` with `in` untouched if the message is not wholly there. `facts` may differ between
  /// calls (a volume can grow).
  Progress consume(std::span<const std::byte>& in, const ExportFacts& facts,
                   std::vector<std::byte>& out);

  [[nodiscard]] const Agreement& agreement() const { return agreement_; }

 private:
  Progress take_client_flags(std::span<const std::byte>& in);
  Progress skip(std::span<const std::byte>& in);
  Progress answer(Option option, std::span<const std::byte> data, const ExportFacts& facts,
                  std::vector<std::byte>& out);
  Progress answer_export_name(std::span<const std::byte> data, const ExportFacts& facts,
                              std::vector<std::byte>& out);
  Progress answer_info(Option option, std::span<const std::byte> data, const ExportFacts& facts,
                       std::vector<std::byte>& out);
  void answer_list(std::span<const std::byte> data, const ExportFacts& facts,
                   std::vector<std::byte>& out);
  void answer_structured(std::span<const std::byte> data, std::vector<std::byte>& out);
  void answer_extended(std::span<const std::byte> data, std::vector<std::byte>& out);
  void answer_meta_context(Option option, std::span<const std::byte> data, const ExportFacts& facts,
                           std::vector<std::byte>& out);

  bool flags_taken_ = false;
  bool no_zeroes_ = false;
  uint32_t skip_bytes_ = 0;
  uint32_t options_count_ = 0;
  Agreement agreement_;
};

}  // namespace cairn::nbd
