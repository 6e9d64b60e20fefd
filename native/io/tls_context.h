// TlsContext: who this node is and whom it trusts, for TlsStream.
//
// TLS 1.3 only, with certificates on both sides. Only the cluster's own authority is trusted, never
// the system's. No sessions are resumed: each connection proves anew who is there.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

struct ssl_ctx_st;

namespace cairn::io {

/// PEM texts.
struct TlsCredentials {
  /// The node's certificate, and those between it and the authority, if there are any.
  std::string certificate;
  std::string private_key;
  /// One or more: two while the authority is being replaced.
  std::string authorities;
};

/// Threading: the reactor's of the streams that use it; outlives them.
class TlsContext {
 public:
  /// `encrypt` false: connections authenticate, and go on in plain text if the other end wants that
  /// as well (tls_stream.h has what that protects). invalid_argument: a PEM text cannot be read, or
  /// key and certificate do not belong together.
  [[nodiscard]] static Result<std::unique_ptr<TlsContext>> create(const TlsCredentials& credentials,
                                                                  bool encrypt);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] ssl_ctx_st* native() const { return context_; }
  [[nodiscard]] bool encrypt() const { return encrypt_; }

 private:
  explicit TlsContext(bool encrypt) : encrypt_(encrypt) {}
  Status set_up();
  Status load(const TlsCredentials& credentials);
  Status load_chain(const std::string& pem);
  Status load_authorities(const std::string& pem);

  ssl_ctx_st* context_ = nullptr;
  bool encrypt_;
};

/// The oldest error that OpenSSL has noted on this thread, and forgets all of them.
[[nodiscard]] Status tls_error(ErrorKind kind, const std::string& what);

}  // namespace cairn::io
