/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_digest - the only file of radius that calls libcrypto.
 */
#include "config.h"

#include "mechanisms/rad_digest.h"

#include <limits.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

int
rad_digest_md5(const struct rad_piece *pieces, size_t count,
    unsigned char digest_r[RAD_DIGEST_SIZE])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int good = md != NULL && EVP_DigestInit_ex(md, EVP_md5(), NULL);
	size_t i;

	for (i = 0; i < count; i++)
		good = good && EVP_DigestUpdate(md, pieces[i].bytes,
		    pieces[i].len);
	good = good && EVP_DigestFinal_ex(md, digest_r, NULL);
	EVP_MD_CTX_free(md);
	return good ? 0 : -1;
}

int
rad_digest_hmac(const struct rad_piece *key, const struct rad_piece *text,
    unsigned char digest_r[RAD_DIGEST_SIZE])
{
	if (key->len > INT_MAX)
		return -1;
	return HMAC(EVP_md5(), key->bytes, (int)key->len, text->bytes,
	    text->len, digest_r, NULL) != NULL ? 0 : -1;
}

int
rad_digest_random(void *bytes_r, size_t len)
{
	return len <= INT_MAX && RAND_bytes(bytes_r, (int)len) == 1 ? 0 : -1;
}
