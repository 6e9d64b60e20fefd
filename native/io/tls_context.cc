#include "io/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>

#include "base/assert.h"
#include "io/tls_alpn.h"

namespace cairn::io {

namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

/// Every x86-64 server has instructions for the first two.
constexpr const char* kCipherSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr int kChainDepthMax = 3;

Bio open_text(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate next_certificate(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

/// A key that wants a passphrase is refused, not asked for at a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

/// The server's choice among what the client offers: plain text only if both want it.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void* argument) {
  const auto& context = *static_cast<const TlsContext*>(argument);
  for (const std::string_view wanted : {kAlpnPlain, kAlpnEncrypted}) {
    if (wanted == kAlpnPlain && context.encrypt()) continue;
    for (unsigned int at = 0; at < offered_size; at += offered[at] + 1u) {
      const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
      if (name != wanted) continue;
      *chosen = offered + at + 1;
      *chosen_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// The client's offer in the protocol's form: each name after its length.
std::string offer(bool encrypt) {
  std::string bytes;
  for (const std::string_view name : {kAlpnEncrypted, kAlpnPlain}) {
    if (name == kAlpnPlain && encrypt) continue;
    bytes.push_back(static_cast<char>(name.size()));
    bytes.append(name);
  }
  return bytes;
}

}  // namespace

Status tls_error(ErrorKind kind, const std::string& what) {
  std::array<char, 256> text{};
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return Status(kind, what);
  if (const char* reason = ERR_reason_error_string(error))
    return Status(kind, what + ": " + reason);
  ERR_error_string_n(error, text.data(), text.size());
  return Status(kind, what + ": " + text.data());
}

Result<std::unique_ptr<TlsContext>> TlsContext::create(const TlsCredentials& credentials,
                                                       bool encrypt) {
  ERR_clear_error();
  std::unique_ptr<TlsContext> context(new TlsContext(encrypt));
  CAIRN_RETURN_IF_ERROR(context->set_up());
  CAIRN_RETURN_IF_ERROR(context->load(credentials));
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Status TlsContext::set_up() {
  context_ = SSL_CTX_new(TLS_method());
  if (context_ == nullptr) return tls_error(ErrorKind::unsupported, "TLS");
  const std::string offered = offer(encrypt_);
  const bool done =
      SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_ciphersuites(context_, kCipherSuites) == 1 &&
      SSL_CTX_set_num_tickets(context_, 0) == 1 &&
      SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(offered.data()),
                              static_cast<unsigned int>(offered.size())) == 0;
  if (!done) return tls_error(ErrorKind::unsupported, "TLS 1.3");
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context_, kChainDepthMax);
  SSL_CTX_set_alpn_select_cb(context_, &choose_protocol, this);
  return Status();
}

Status TlsContext::load(const TlsCredentials& credentials) {
  CAIRN_RETURN_IF_ERROR(load_chain(credentials.certificate));
  const Bio bio = open_text(credentials.private_key);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
  if (key == nullptr) return tls_error(ErrorKind::invalid_argument, "the node's private key");
  if (SSL_CTX_use_PrivateKey(context_, key.get()) != 1 ||
      SSL_CTX_check_private_key(context_) != 1) {
    return tls_error(ErrorKind::invalid_argument, "the node's private key and its certificate");
  }
  return load_authorities(credentials.authorities);
}

Status TlsContext::load_chain(const std::string& pem) {
  const Bio bio = open_text(pem);
  const Certificate own = next_certificate(bio.get());
  if (own == nullptr || SSL_CTX_use_certificate(context_, own.get()) != 1) {
    return tls_error(ErrorKind::invalid_argument, "the node's certificate");
  }
  while (Certificate next = next_certificate(bio.get())) {
    if (SSL_CTX_add0_chain_cert(context_, next.get()) != 1) {
      return tls_error(ErrorKind::invalid_argument, "the chain of the node's certificate");
    }
    static_cast<void>(next.release());  // The context has it.
  }
  ERR_clear_error();  // The end of the text.
  return Status();
}

Status TlsContext::load_authorities(const std::string& pem) {
  const Bio bio = open_text(pem);
  int count = 0;
  while (const Certificate authority = next_certificate(bio.get())) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority.get()) != 1) {
      return tls_error(ErrorKind::invalid_argument, "the cluster's authority");
    }
    ++count;
  }
  if (count == 0) return tls_error(ErrorKind::invalid_argument, "the cluster's authority");
  ERR_clear_error();
  return Status();
}

}  // namespace cairn::io
