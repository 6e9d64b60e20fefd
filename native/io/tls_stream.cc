#include "io/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/assert.h"
#include "io/tls_alpn.h"

namespace cairn::io {

namespace {

/// Read from the network, and encrypted, at a time.
constexpr size_t kPieceBytes = 128 << 10;
/// Records are at most 16 KiB of text and this much more.
constexpr size_t kRecordTextBytes = 16 << 10;
constexpr size_t kRecordExtraBytes = 256;
constexpr size_t kOutBytes =
    kPieceBytes + (kPieceBytes / kRecordTextBytes + 2) * kRecordExtraBytes + kRecordTextBytes;
constexpr std::string_view kBindingLabel = "EXPORTER-cairn-peer-binding";

/// The one common name, or nothing.
std::optional<std::string> common_name(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, index) >= 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size <= 0) return {};
  std::string name(reinterpret_cast<char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  if (name.find('\0') != std::string::npos) return {};
  return name;
}

}  // namespace

TlsStream::TlsStream(Executor& executor, TlsContext& context, std::unique_ptr<Stream> inner,
                     Side side)
    : executor_(executor),
      context_(context),
      inner_(std::move(inner)),
      side_(side),
      in_(kPieceBytes),
      out_(kOutBytes) {
  StreamHandler& events = *this;
  inner_->set_handler(events);
  ssl_ = SSL_new(context_.native());
  from_network_ = BIO_new(BIO_s_mem());
  to_network_ = BIO_new(BIO_s_mem());
  CAIRN_ASSERT(ssl_ != nullptr);
  CAIRN_ASSERT(from_network_ != nullptr);
  CAIRN_ASSERT(to_network_ != nullptr);
  // An empty one means "later", not "the end".
  BIO_set_mem_eof_return(from_network_, -1);
  SSL_set_bio(ssl_, from_network_, to_network_);  // Both belong to ssl_ from here on.
  side_ == Side::client ? SSL_set_connect_state(ssl_) : SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() {
  CAIRN_ASSERT(!posted_);
  CAIRN_ASSERT(!inner_reading_);
  CAIRN_ASSERT(!inner_writing_);
  SSL_free(ssl_);
}

// ---- Handshake

void TlsStream::shake_hands(TlsHandshakeHandler& handler) {
  CAIRN_ASSERT(shaking_ == nullptr);
  CAIRN_ASSERT(phase_ == Phase::handshake);
  shaking_ = &handler;
  post();  // So that the handler is never called from here.
}

void TlsStream::give_up() {
  if (shaking_ == nullptr || closing_) return;
  end_status_ = Status(ErrorKind::timed_out, "TLS handshake");
  close_inner();
}

/// Goes on with whatever the phase waits for.
void TlsStream::step() {
  if (closing_ || failing_) return;
  switch (phase_) {
    case Phase::handshake:
      return shake();
    case Phase::parting:
      return part();
    case Phase::encrypted:
      return decrypt();
    case Phase::plain:
      return read_plain();
  }
}

void TlsStream::shake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) {
    const long verdict = SSL_get_verify_result(ssl_);
    if (verdict == X509_V_OK) return fail(tls_error(ErrorKind::io_error, "TLS handshake"));
    ERR_clear_error();
    return fail(Status(ErrorKind::wrong_identity, std::string("the other end's certificate: ") +
                                                      X509_verify_cert_error_string(verdict)));
  }
  if (send_pending()) return;  // on_written comes back here.
  if (error == SSL_ERROR_WANT_READ) return wait_for_bytes();
  const Status status = learn_peer();
  if (!status.ok()) return fail(status);
  const unsigned char* protocol = nullptr;
  unsigned int protocol_size = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &protocol_size);
  const std::string_view chosen(reinterpret_cast<const char*>(protocol), protocol_size);
  if (chosen == kAlpnPlain && !context_.encrypt()) {
    phase_ = Phase::parting;
    return part();
  }
  if (chosen != kAlpnEncrypted) {
    return fail(Status(ErrorKind::unsupported, "TLS handshake: no common protocol"));
  }
  phase_ = Phase::encrypted;
  finish_handshake();
}

Status TlsStream::learn_peer() {
  CAIRN_ASSERT(SSL_get_verify_result(ssl_) == X509_V_OK);
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  CAIRN_ASSERT(certificate != nullptr);
  auto name = common_name(certificate);
  if (!name) return Status(ErrorKind::wrong_identity, "a certificate without a common name");
  peer_ = StreamPeer{.name = std::move(*name)};
  const int exported =
      SSL_export_keying_material(ssl_, peer_->binding.data(), peer_->binding.size(),
                                 kBindingLabel.data(), kBindingLabel.size(), nullptr, 0, 0);
  CAIRN_ASSERT(exported == 1);
  return Status();
}

/// Ends TLS in both directions; what follows the other end's close_notify is plain.
void TlsStream::part() {
  ERR_clear_error();
  if (!parting_said_) {
    parting_said_ = true;
    static_cast<void>(SSL_shutdown(ssl_));
    if (send_pending()) return;
  }
  if (!parting_heard_) {
    std::byte nothing{};
    size_t count = 0;
    const int result = SSL_read_ex(ssl_, &nothing, 1, &count);
    if (result == 1) return fail(Status(ErrorKind::corrupt, "TLS: data where the end belongs"));
    const int error = SSL_get_error(ssl_, result);
    if (error == SSL_ERROR_WANT_READ) return wait_for_bytes();
    if (error != SSL_ERROR_ZERO_RETURN) return fail(tls_error(ErrorKind::io_error, "TLS"));
    parting_heard_ = true;
  }
  phase_ = Phase::plain;
  finish_handshake();
}

void TlsStream::finish_handshake() {
  CAIRN_ASSERT(!inner_reading_);
  CAIRN_ASSERT(!inner_writing_);
  TlsHandshakeHandler* shaking = std::exchange(shaking_, nullptr);
  shaking->on_handshake(Status());  // May give this stream away.
}

void TlsStream::wait_for_bytes() {
  if (inner_reading_ || closing_) return;
  inner_reading_ = true;
  inner_->read(in_);
}

/// Starts to send what TLS wants to say; true if it is on its way.
bool TlsStream::send_pending() {
  if (inner_writing_) return true;
  const size_t pending = BIO_ctrl_pending(to_network_);
  if (pending == 0) return false;
  const int count =
      BIO_read(to_network_, out_.data(), static_cast<int>(std::min(pending, out_.size())));
  CAIRN_ASSERT(count > 0);
  const iovec part{out_.data(), static_cast<size_t>(count)};
  inner_writing_ = true;
  inner_->write({&part, 1});
  return true;
}

// ---- Reading

void TlsStream::set_handler(StreamHandler& handler) {
  CAIRN_ASSERT(handler_ == nullptr);
  handler_ = &handler;
}

void TlsStream::read(std::span<std::byte> buffer) {
  CAIRN_ASSERT(handler_ != nullptr);
  CAIRN_ASSERT(!buffer.empty());
  CAIRN_ASSERT(read_buffer_.empty());
  if (closing_ || failing_) return;
  read_buffer_ = buffer;
  if (BIO_ctrl_pending(from_network_) > 0 || SSL_pending(ssl_) > 0) return post();
  phase_ == Phase::plain ? read_plain() : wait_for_bytes();
}

void TlsStream::read_plain() {
  if (read_buffer_.empty() || inner_reading_) return;
  // What came together with the other end's last record.
  if (BIO_ctrl_pending(from_network_) > 0) {
    const size_t most = std::min(read_buffer_.size(), in_.size());
    const int count = BIO_read(from_network_, read_buffer_.data(), static_cast<int>(most));
    CAIRN_ASSERT(count > 0);
    read_buffer_ = {};
    return handler_->on_read(static_cast<size_t>(count));
  }
  inner_reading_ = true;
  inner_->read(read_buffer_);
}

void TlsStream::decrypt() {
  if (read_buffer_.empty()) return;
  size_t filled = 0;
  int error = SSL_ERROR_NONE;
  ERR_clear_error();
  while (filled < read_buffer_.size() && error == SSL_ERROR_NONE) {
    size_t count = 0;
    const auto rest = read_buffer_.subspan(filled);
    const int result = SSL_read_ex(ssl_, rest.data(), rest.size(), &count);
    if (result == 1) filled += count;
    if (result != 1) error = SSL_get_error(ssl_, result);
  }
  if (filled > 0) {
    read_buffer_ = {};
    return handler_->on_read(filled);  // An error comes again at the next read.
  }
  if (error == SSL_ERROR_WANT_READ) return wait_for_bytes();
  if (error == SSL_ERROR_ZERO_RETURN) return fail(Status());
  fail(tls_error(ErrorKind::io_error, "TLS"));
}

void TlsStream::on_read(size_t bytes_count) {
  CAIRN_ASSERT(inner_reading_);
  inner_reading_ = false;
  if (phase_ == Phase::plain) {
    read_buffer_ = {};
    return handler_->on_read(bytes_count);
  }
  const int taken = BIO_write(from_network_, in_.data(), static_cast<int>(bytes_count));
  CAIRN_ASSERT(taken == static_cast<int>(bytes_count));
  step();
}

// ---- Writing

void TlsStream::write(std::span<const iovec> buffers) {
  CAIRN_ASSERT(handler_ != nullptr);
  CAIRN_ASSERT(!buffers.empty());
  CAIRN_ASSERT(buffers.size() <= vectors_.size());
  CAIRN_ASSERT(vectors_first_ == vectors_count_);
  if (closing_ || failing_) return;
  if (phase_ == Phase::plain) {
    inner_writing_ = true;
    return inner_->write(buffers);
  }
  std::copy(buffers.begin(), buffers.end(), vectors_.begin());
  vectors_first_ = 0;
  vectors_count_ = buffers.size();
  encrypt();
}

/// Encrypts the next piece and sends it.
void TlsStream::encrypt() {
  ERR_clear_error();
  size_t room = kPieceBytes;
  while (vectors_first_ < vectors_count_ && room > 0) {
    iovec& vector = vectors_[vectors_first_];
    const size_t count = std::min(vector.iov_len, room);
    size_t written = 0;
    if (count > 0 && SSL_write_ex(ssl_, vector.iov_base, count, &written) != 1) {
      return fail(tls_error(ErrorKind::io_error, "TLS"));
    }
    CAIRN_ASSERT(written == count);
    vector.iov_base = static_cast<std::byte*>(vector.iov_base) + count;
    vector.iov_len -= count;
    room -= count;
    if (vector.iov_len == 0) ++vectors_first_;
  }
  const bool sending = send_pending();
  CAIRN_ASSERT(sending);
}

void TlsStream::on_written() {
  CAIRN_ASSERT(inner_writing_);
  inner_writing_ = false;
  if (failing_) return close_inner();
  if (phase_ == Phase::handshake || phase_ == Phase::parting) {
    if (!send_pending()) step();
    return;
  }
  if (phase_ == Phase::encrypted) {
    if (send_pending()) return;  // A piece in many small records may take a second write.
    if (vectors_first_ < vectors_count_) return encrypt();
  }
  handler_->on_written();
}

// ---- Ending

/// Ends the stream with `status`, after telling the other end why if TLS has something to say.
void TlsStream::fail(const Status& status) {
  if (failing_ || closing_) return;
  failing_ = true;
  end_status_ = status;
  if (inner_writing_ || send_pending()) return;
  close_inner();
}

void TlsStream::close() {
  CAIRN_ASSERT(handler_ != nullptr);
  close_inner();
}

void TlsStream::close_inner() {
  if (closing_) return;
  closing_ = true;
  inner_->close();
}

void TlsStream::on_closed(const Status& status) {
  closing_ = true;
  inner_closed_ = true;
  inner_reading_ = false;
  inner_writing_ = false;
  if (end_status_.ok() && !status.ok()) end_status_ = status;
  const bool cut = status.ok() && shaking_ != nullptr && end_status_.ok();
  if (cut) end_status_ = Status(ErrorKind::io_error, "the other end closed during the handshake");
  finish();
}

void TlsStream::post() {
  if (posted_) return;
  posted_ = true;
  executor_.post(*this);
}

void TlsStream::run() {
  posted_ = false;
  if (inner_closed_) return finish();
  step();
}

void TlsStream::finish() {
  if (posted_ || ended_) return;  // The task comes by here.
  ended_ = true;
  const Status status = end_status_;
  if (shaking_ != nullptr) return shaking_->on_handshake(status);  // May destroy this stream.
  if (handler_ != nullptr) handler_->on_closed(status);            // May destroy this stream.
}

}  // namespace cairn::io
