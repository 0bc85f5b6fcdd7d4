// What Swift cannot import of OpenSSL: macros, as static inline functions.
#pragma once
#include <openssl/evp.h>
