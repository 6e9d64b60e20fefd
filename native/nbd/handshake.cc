#include "nbd/handshake.h"

#include <algorithm>

#include "base/assert.h"

namespace cairn::nbd {

namespace {

constexpr std::string_view kAllocationName = "base:allocation";
constexpr std::string_view kBaseNamespace = "base:";

void put_reply(std::vector<std::byte>& out, Option option, OptionReply reply,
               std::string_view data = {}) {
  WireWriter writer(out);
  writer.put(kOptionReplyMagic);
  writer.put(static_cast<uint32_t>(option));
  writer.put(static_cast<uint32_t>(reply));
  writer.put(static_cast<uint32_t>(data.size()));
  writer.put_text(data);
}

/// Opens a reply whose data of `length_bytes` the caller writes next.
WireWriter open_reply(std::vector<std::byte>& out, Option option, OptionReply reply,
                      size_t length_bytes) {
  put_reply(out, option, reply);
  store_be(out.data() + out.size() - sizeof(uint32_t), static_cast<uint32_t>(length_bytes));
  return WireWriter(out);
}

/// The empty name means the default export, which is the only one.
bool names_export(std::string_view name, const ExportFacts& facts) {
  return name.empty() || name == facts.name;
}

void put_info_text(std::vector<std::byte>& out, Option option, InfoType type,
                   std::string_view text) {
  WireWriter writer = open_reply(out, option, OptionReply::info, 2 + text.size());
  writer.put(static_cast<uint16_t>(type));
  writer.put_text(text);
}

}  // namespace

uint16_t transmission_flags(const ExportFacts& facts, bool structured) {
  uint16_t flags =
      kExportHasFlags | kExportSendFlush | kExportSendFua | kExportCanMultiConn | kExportSendCache;
  const uint16_t writing = kExportSendTrim | kExportSendWriteZeroes | kExportSendFastZero;
  flags = static_cast<uint16_t>(flags | (facts.read_only ? kExportReadOnly : writing));
  if (structured) flags |= kExportSendDf;
  return flags;
}

void Handshake::greet(std::vector<std::byte>& out) {
  WireWriter writer(out);
  writer.put(kGreetingMagic);
  writer.put(kOptionMagic);
  writer.put(static_cast<uint16_t>(kFlagFixedNewstyle | kFlagNoZeroes));
}

Handshake::Progress Handshake::consume(std::span<const std::byte>& in, const ExportFacts& facts,
                                       std::vector<std::byte>& out) {
  if (skip_bytes_ > 0) return skip(in);
  if (!flags_taken_) return take_client_flags(in);
  if (in.size() < kOptionHeaderBytes) return Progress::more;

  if (load_be<uint64_t>(in.data()) != kOptionMagic) return Progress::broken;
  const auto option = static_cast<Option>(load_be<uint32_t>(in.data() + 8));
  const auto length_bytes = load_be<uint32_t>(in.data() + 12);
  if (options_count_ == kOptionsMax || length_bytes > kOptionSkipBytesMax) return Progress::broken;
  if (length_bytes > kOptionBytesMax) {
    options_count_++;
    in = in.subspan(kOptionHeaderBytes);
    skip_bytes_ = length_bytes;
    put_reply(out, option, OptionReply::too_big, "the option is too long");
    return option == Option::export_name ? Progress::broken : Progress::more;
  }
  if (in.size() - kOptionHeaderBytes < length_bytes) return Progress::more;
  options_count_++;
  const auto data = in.subspan(kOptionHeaderBytes, length_bytes);
  in = in.subspan(kOptionHeaderBytes + length_bytes);
  return answer(option, data, facts, out);
}

Handshake::Progress Handshake::take_client_flags(std::span<const std::byte>& in) {
  if (in.size() < kClientFlagsBytes) return Progress::more;
  const auto flags = load_be<uint32_t>(in.data());
  in = in.subspan(kClientFlagsBytes);
  constexpr uint32_t kKnown = kFlagFixedNewstyle | kFlagNoZeroes;
  if ((flags & ~kKnown) != 0) return Progress::broken;
  if ((flags & kFlagFixedNewstyle) == 0) return Progress::broken;
  no_zeroes_ = (flags & kFlagNoZeroes) != 0;
  flags_taken_ = true;
  return Progress::more;
}

Handshake::Progress Handshake::skip(std::span<const std::byte>& in) {
  const auto count = std::min<size_t>(in.size(), skip_bytes_);
  in = in.subspan(count);
  skip_bytes_ -= static_cast<uint32_t>(count);
  return Progress::more;
}

Handshake::Progress Handshake::answer(Option option, std::span<const std::byte> data,
                                      const ExportFacts& facts, std::vector<std::byte>& out) {
  switch (option) {
    case Option::export_name:
      return answer_export_name(data, facts, out);
    case Option::info:
    case Option::go:
      return answer_info(option, data, facts, out);
    case Option::abort:
      put_reply(out, option, OptionReply::ack);
      return Progress::finished;
    case Option::list:
      answer_list(data, facts, out);
      return Progress::more;
    case Option::structured_reply:
      answer_structured(data, out);
      return Progress::more;
    case Option::extended_headers:
      answer_extended(data, out);
      return Progress::more;
    case Option::list_meta_context:
    case Option::set_meta_context:
      answer_meta_context(option, data, facts, out);
      return Progress::more;
    case Option::start_tls:
      break;
  }
  put_reply(out, option, OptionReply::unsupported, "the option is not supported");
  return Progress::more;
}

Handshake::Progress Handshake::answer_export_name(std::span<const std::byte> data,
                                                  const ExportFacts& facts,
                                                  std::vector<std::byte>& out) {
  WireReader reader(data);
  // This option has no error reply: an unknown name can only be answered by closing.
  if (!names_export(*reader.take_text(data.size()), facts)) return Progress::broken;
  WireWriter writer(out);
  writer.put(facts.size_bytes);
  writer.put(transmission_flags(facts, agreement_.structured));
  if (!no_zeroes_) writer.put_zeroes(kExportNamePaddingBytes);
  return Progress::transmission;
}

Handshake::Progress Handshake::answer_info(Option option, std::span<const std::byte> data,
                                           const ExportFacts& facts, std::vector<std::byte>& out) {
  WireReader reader(data);
  const auto name_bytes = reader.take<uint32_t>();
  const auto name = reader.take_text(name_bytes.value_or(UINT32_MAX));
  const auto requests_count = reader.take<uint16_t>();
  if (!requests_count || reader.remaining() != size_t{*requests_count} * sizeof(uint16_t)) {
    put_reply(out, option, OptionReply::invalid, "the option is malformed");
    return Progress::more;
  }
  if (!names_export(*name, facts)) {
    put_reply(out, option, OptionReply::unknown_export, "no such export");
    return Progress::more;
  }
  WireWriter facts_writer = open_reply(out, option, OptionReply::info, 12);
  facts_writer.put(static_cast<uint16_t>(InfoType::export_facts));
  facts_writer.put(facts.size_bytes);
  facts_writer.put(transmission_flags(facts, agreement_.structured));
  // Block sizes are told unasked: a client that ignores them is refused per request, not by
  // surprise here.
  WireWriter sizes = open_reply(out, option, OptionReply::info, 14);
  sizes.put(static_cast<uint16_t>(InfoType::block_size));
  sizes.put(kBlockBytesMin);
  sizes.put(kBlockBytesPreferred);
  sizes.put(kBlockBytesMax);

  bool name_sent = false;
  bool description_sent = false;
  for (uint32_t i = 0; i < *requests_count; i++) {
    const auto type = static_cast<InfoType>(*reader.take<uint16_t>());
    if (type == InfoType::name && !name_sent) {
      put_info_text(out, option, type, facts.name);
      name_sent = true;
    } else if (type == InfoType::description && !description_sent && !facts.description.empty()) {
      put_info_text(out, option, type, facts.description);
      description_sent = true;
    }
  }
  put_reply(out, option, OptionReply::ack);
  return option == Option::go ? Progress::transmission : Progress::more;
}

void Handshake::answer_list(std::span<const std::byte> data, const ExportFacts& facts,
                            std::vector<std::byte>& out) {
  if (!data.empty()) {
    put_reply(out, Option::list, OptionReply::invalid, "LIST has no data");
    return;
  }
  WireWriter writer =
      open_reply(out, Option::list, OptionReply::server, sizeof(uint32_t) + facts.name.size());
  writer.put(static_cast<uint32_t>(facts.name.size()));
  writer.put_text(facts.name);
  put_reply(out, Option::list, OptionReply::ack);
}

void Handshake::answer_structured(std::span<const std::byte> data, std::vector<std::byte>& out) {
  if (!data.empty()) {
    put_reply(out, Option::structured_reply, OptionReply::invalid, "STRUCTURED_REPLY has no data");
    return;
  }
  if (agreement_.extended) {
    put_reply(out, Option::structured_reply, OptionReply::extended_header_required,
              "extended headers are in force");
    return;
  }
  agreement_.structured = true;
  put_reply(out, Option::structured_reply, OptionReply::ack);
}

void Handshake::answer_extended(std::span<const std::byte> data, std::vector<std::byte>& out) {
  if (!data.empty()) {
    put_reply(out, Option::extended_headers, OptionReply::invalid, "EXTENDED_HEADERS has no data");
    return;
  }
  // Contexts chosen for the compact headers do not carry over.
  if (!agreement_.extended) agreement_.allocation = false;
  agreement_.extended = true;
  agreement_.structured = true;
  put_reply(out, Option::extended_headers, OptionReply::ack);
}

void Handshake::answer_meta_context(Option option, std::span<const std::byte> data,
                                    const ExportFacts& facts, std::vector<std::byte>& out) {
  const bool listing = option == Option::list_meta_context;
  // A second SET replaces the first, also when it fails.
  if (!listing) agreement_.allocation = false;
  WireReader reader(data);
  const auto name_bytes = reader.take<uint32_t>();
  const auto name = reader.take_text(name_bytes.value_or(UINT32_MAX));
  const auto queries_count = reader.take<uint32_t>();
  if (!queries_count || (!listing && !agreement_.structured)) {
    put_reply(out, option, OptionReply::invalid, "the option is malformed or out of order");
    return;
  }
  if (!names_export(*name, facts)) {
    put_reply(out, option, OptionReply::unknown_export, "no such export");
    return;
  }
  bool wanted = listing && *queries_count == 0;
  for (uint32_t i = 0; i < *queries_count; i++) {
    const auto query_bytes = reader.take<uint32_t>();
    const auto query = reader.take_text(query_bytes.value_or(UINT32_MAX));
    if (!query) {
      put_reply(out, option, OptionReply::invalid, "a query is malformed");
      return;
    }
    wanted = wanted || *query == kAllocationName || (listing && *query == kBaseNamespace);
  }
  if (!reader.at_end()) {
    put_reply(out, option, OptionReply::invalid, "bytes follow the last query");
    return;
  }
  if (wanted) {
    WireWriter writer = open_reply(out, option, OptionReply::meta_context,
                                   sizeof(uint32_t) + kAllocationName.size());
    writer.put(listing ? uint32_t{0} : kAllocationContext);
    writer.put_text(kAllocationName);
    if (!listing) agreement_.allocation = true;
  }
  put_reply(out, option, OptionReply::ack);
}

}  // namespace cairn::nbd
