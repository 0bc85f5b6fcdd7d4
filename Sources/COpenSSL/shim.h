// What Swift cannot import of OpenSSL: macros, and callbacks that are better off in C, as static inline functions.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

static inline int swa_set_least_version(SSL_CTX *context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline void swa_set_defaults(SSL_CTX *context) {
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // A record at a time, from wherever the bytes then are; and an idle connection holds no buffers.
  SSL_CTX_set_mode(
      context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // One call of recv for a record instead of two.
  SSL_CTX_set_read_ahead(context, 1);
  // Clients keep their sessions themselves, in tickets.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int swa_add_to_chain(SSL_CTX *context, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

// Application-Layer Protocol Negotiation (RFC 7301): of what a client offers http/1.1, or the handshake fails.
static inline int swa_select_protocol(
    SSL *ssl, const unsigned char **selected, unsigned char *length, const unsigned char *offered, unsigned size, void *context) {
  static const unsigned char name[] = "\x08http/1.1";
  for (unsigned index = 0; index + sizeof name - 1 <= size; index += offered[index] + 1u) {
    if (memcmp(offered + index, name, sizeof name - 1) != 0) continue;
    *selected = offered + index + 1;
    *length = offered[index];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}
static inline void swa_select_http(SSL_CTX *context) { SSL_CTX_set_alpn_select_cb(context, swa_select_protocol, 0); }

// The subject of the client's certificate (RFC 2253), cut at `size` bytes, and how many it has; -1 without one.
static inline int swa_peer_name(const SSL *ssl, void *text, int size) {
  X509 *certificate = SSL_get0_peer_certificate(ssl);
  if (!certificate) return -1;
  BIO *bio = BIO_new(BIO_s_mem());
  if (!bio) return 0;
  X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  int count = BIO_read(bio, text, size);
  BIO_free(bio);
  return count < 0 ? 0 : count;
}

// Answers no password and notes that there was need of one.
static inline int swa_refuse_password(char *buffer, int size, int writes, void *wasAsked) {
  *(int *)wasAsked = 1;
  return -1;
}
static inline EVP_PKEY *swa_read_key(BIO *bio, int *isEncrypted) {
  return PEM_read_bio_PrivateKey(bio, 0, swa_refuse_password, isEncrypted);
}

// Whether the last error says that the text holds no further item.
static inline int swa_is_end_of_pem(void) {
  unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

typedef int (*swa_bio_read)(BIO *bio, char *buffer, int count);
typedef int (*swa_bio_write)(BIO *bio, const char *buffer, int count);
static inline long swa_bio_control(BIO *bio, int command, long number, void *pointer) {
  return command == BIO_CTRL_FLUSH;
}
static inline BIO_METHOD *swa_bio_method(swa_bio_read read, swa_bio_write write) {
  BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket stream");
  if (!method) return 0;
  BIO_meth_set_read(method, read);
  BIO_meth_set_write(method, write);
  BIO_meth_set_ctrl(method, swa_bio_control);
  return method;
}
static inline void swa_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline void swa_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void swa_bio_retry_write(BIO *bio) { BIO_set_retry_write(bio); }
