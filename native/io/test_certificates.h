// A certificate authority for tests and benchmarks.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/assert.h"
#include "io/tls_context.h"

namespace cairn::io {

/// Makes an authority with a key of its own; its certificates are good for an hour.
class TestAuthority {
 public:
  TestAuthority()
      : key_(make_key()), certificate_(make("test authority", key_.get(), 3600, true)) {}

  /// A node's credentials; `lifetime_s` below 0 makes an expired certificate.
  [[nodiscard]] TlsCredentials issue(const std::string& name, long lifetime_s = 3600) {
    const Key key = make_key();
    const Certificate certificate = make(name, key.get(), lifetime_s, false);
    return {.certificate = pem_of(certificate.get()),
            .private_key = pem_of(key.get()),
            .authorities = pem_of(certificate_.get())};
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free_all(bio); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  static Key make_key() { return Key(EVP_EC_gen("P-256")); }

  Certificate make(const std::string& name, EVP_PKEY* key, long lifetime_s, bool is_authority) {
    Certificate made(X509_new());
    X509* certificate = made.get();
    CAIRN_ASSERT(X509_set_version(certificate, 2) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), lifetime_s);
    CAIRN_ASSERT(X509_set_pubkey(certificate, key) == 1);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* issuer = is_authority ? certificate : certificate_.get();
    CAIRN_ASSERT(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
    if (is_authority) add(certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (!is_authority) add(certificate, NID_ext_key_usage, "serverAuth,clientAuth");
    CAIRN_ASSERT(X509_sign(certificate, key_.get(), EVP_sha256()) > 0);
    return made;
  }

  static void add(X509* certificate, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    CAIRN_ASSERT(extension != nullptr);
    CAIRN_ASSERT(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }

  static std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return std::string(text, static_cast<size_t>(size));
  }
  static std::string pem_of(X509* certificate) {
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    CAIRN_ASSERT(PEM_write_bio_X509(bio.get(), certificate) == 1);
    return text_of(bio.get());
  }
  static std::string pem_of(EVP_PKEY* key) {
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    CAIRN_ASSERT(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
                 1);
    return text_of(bio.get());
  }

  long serial_ = 0;
  Key key_;
  Certificate certificate_;
};

}  // namespace cairn::io
