/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_schemes - see pass_schemes.h.
 */
#include "config.h"

#include "mechanisms/pass_schemes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "common/compat/compat.h"
#include "common/str.h"
#include "mechanisms/pass_argon2.h"
#include "mechanisms/pass_base64.h"
#include "mechanisms/passhash.h"

/* More would keep a worker busy past any deadline. */
#define ITERATIONS_MAX 10000000
#define ITERATIONS_SIZE 12	/* their digits with NUL, and some more */

/* 389-ds' {PBKDF2_SHA256}: a number in network order, salt, derived key. */
#define PACKED_ITERATIONS 4
#define PACKED_SALT 64
#define PACKED_KEY 256
#define PACKED_SIZE (PACKED_ITERATIONS + PACKED_SALT + PACKED_KEY)

#define NAME_MAX_SHOWN 32	/* with NUL; of a scheme nobody knows */

#define LETTERS \
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define BSDI_LEN 20		/* "_", 4 of the count, 4 of salt, 11 of hash */

#define NSEC_PER_SEC 1000000000
/* Of a verification that nobody can tell from none through a network. */
#define WORTH_NSEC 100000

struct scheme {
	const char *name;	/* upper case, without hyphens */
	enum pass_verdict (*verify)(const struct scheme *sc, const char *text,
	    size_t len, const struct secret *pw, struct errmsg *e);
	const EVP_MD *(*md)(void);
	bool salted;
};

/* ---- what the verdicts have in common --------------------------------- */

static enum pass_verdict
no_such_form(const struct scheme *sc, struct errmsg *e)
{
	(void)errmsg_set(e, "the stored value is no {%s}", sc->name);
	return PASS_UNKNOWN;
}

static enum pass_verdict
failed(const struct scheme *sc, const char *what, struct errmsg *e)
{
	(void)errmsg_set(e, "{%s}: %s", sc->name, what);
	return PASS_ERROR;
}

static enum pass_verdict
equal(const void *a, const void *b, size_t len)
{
	return secret_equal_bytes(a, b, len) ? PASS_MATCH : PASS_MISMATCH;
}

/* PASS_UNSET: go on. */
static enum pass_verdict
decode(const struct scheme *sc, const char *text, size_t len,
    struct secret *to_r, struct errmsg *e)
{
	if (pass_base64_decode(text, len, to_r) == 0)
		return PASS_UNSET;
	return errno == ENOMEM ? failed(sc, "out of memory", e) :
	    no_such_form(sc, e);
}

/* ---- the schemes ------------------------------------------------------ */

static enum pass_verdict
verify_cleartext(const struct scheme *sc, const char *text, size_t len,
    const struct secret *pw, struct errmsg *e)
{
	(void)sc;
	(void)e;
	return len == pw->len ? equal(text, secret_cstr(pw), len) :
	    PASS_MISMATCH;
}

static enum pass_verdict
verify_crypt(const struct scheme *sc, const char *text, size_t len,
    const struct secret *pw, struct errmsg *e)
{
	if (strlen(text) != len)
		return no_such_form(sc, e);
	/* As in shadow(5), from where such values come. */
	if (text[0] == '!' || text[0] == '*')
		return PASS_LOCKED;
	switch (passhash_verify(text, pw, e)) {
	case PASSHASH_MATCH:
		return PASS_MATCH;
	case PASSHASH_MISMATCH:
		return PASS_MISMATCH;
	case PASSHASH_UNKNOWN:
		return PASS_UNKNOWN;
	case PASSHASH_UNSET:
	case PASSHASH_ERROR:
		break;
	}
	return PASS_ERROR;
}

static enum pass_verdict
verify_argon2(const struct scheme *sc, const char *text, size_t len,
    const struct secret *pw, struct errmsg *e)
{
	return strlen(text) == len ? pass_argon2_verify(text, pw, e) :
	    no_such_form(sc, e);
}

static int
digest(const EVP_MD *md, const struct secret *pw, const void *salt,
    size_t salt_len, unsigned char hash_r[EVP_MAX_MD_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const int rc = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, secret_cstr(pw), pw->len) == 1 &&
	    EVP_DigestUpdate(ctx, salt, salt_len) == 1 &&
	    EVP_DigestFinal_ex(ctx, hash_r, NULL) == 1 ? 0 : -1;

	EVP_MD_CTX_free(ctx);
	return rc;
}

/* The digest of the password, or of the password and the salt behind it. */
static enum pass_verdict
verify_digest(const struct scheme *sc, const char *text, size_t len,
    const struct secret *pw, struct errmsg *e)
{
	const EVP_MD *md = sc->md();
	const size_t size = (size_t)EVP_MD_size(md);
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct secret raw = SECRET_INIT;
	enum pass_verdict verdict = decode(sc, text, len, &raw, e);

	if (verdict != PASS_UNSET)
		;
	else if (sc->salted ? raw.len <= size : raw.len != size)
		verdict = no_such_form(sc, e);
	else if (digest(md, pw, raw.bytes + size, raw.len - size, hash) != 0)
		verdict = failed(sc, "libcrypto failed", e);
	else
		verdict = equal(raw.bytes, hash, size);
	explicit_bzero(hash, sizeof(hash));
	secret_wipe(&raw);
	return verdict;
}

static enum pass_verdict
compare_derived(const struct scheme *sc, const struct secret *pw,
    long iterations, const unsigned char *salt, size_t salt_len,
    const unsigned char *key, size_t key_len, struct errmsg *e)
{
	unsigned char derived[PACKED_KEY];
	enum pass_verdict verdict;

	if (PKCS5_PBKDF2_HMAC(secret_cstr(pw), (int)pw->len, salt,
	    (int)salt_len, (int)iterations, sc->md(), (int)key_len,
	    derived) != 1)
		verdict = failed(sc, "libcrypto failed", e);
	else
		verdict = equal(key, derived, key_len);
	explicit_bzero(derived, sizeof(derived));
	return verdict;
}

/* ITERATIONS$SALT$KEY, the key as long as the digest. */
static enum pass_verdict
verify_pbkdf2(const struct scheme *sc, const char *text, size_t len,
    const struct secret *pw, struct errmsg *e)
{
	struct secret salt = SECRET_INIT, key = SECRET_INIT;
	const char *end = text + len, *first, *second = NULL;
	enum pass_verdict verdict;
	char number[ITERATIONS_SIZE];
	long iterations;

	first = memchr(text, '$', len);
	if (first != NULL)
		second = memchr(first + 1, '$', (size_t)(end - first - 1));
	if (second == NULL ||
	    str_copy_n(number, sizeof(number), text,
	    (size_t)(first - text)) != 0 ||
	    str_to_long(number, 1, ITERATIONS_MAX, &iterations) != 0)
		return no_such_form(sc, e);
	verdict = decode(sc, first + 1, (size_t)(second - first - 1), &salt,
	    e);
	if (verdict == PASS_UNSET)
		verdict = decode(sc, second + 1, (size_t)(end - second - 1),
		    &key, e);
	if (verdict == PASS_UNSET && (salt.len == 0 ||
	    key.len != (size_t)EVP_MD_size(sc->md())))
		verdict = no_such_form(sc, e);
	if (verdict == PASS_UNSET)
		verdict = compare_derived(sc, pw, iterations, salt.bytes,
		    salt.len, key.bytes, key.len, e);
	secret_wipe(&salt);
	secret_wipe(&key);
	return verdict;
}

static enum pass_verdict
verify_packed(const struct scheme *sc, const char *text, size_t len,
    const struct secret *pw, struct errmsg *e)
{
	struct secret raw = SECRET_INIT;
	enum pass_verdict verdict = decode(sc, text, len, &raw, e);
	const unsigned char *p = raw.bytes;
	uint32_t iterations = 0;

	if (verdict == PASS_UNSET && raw.len == PACKED_SIZE)
		iterations = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3];
	if (verdict == PASS_UNSET &&
	    (iterations == 0 || iterations > ITERATIONS_MAX))
		verdict = no_such_form(sc, e);
	if (verdict == PASS_UNSET)
		verdict = compare_derived(sc, pw, (long)iterations,
		    p + PACKED_ITERATIONS, PACKED_SALT,
		    p + PACKED_ITERATIONS + PACKED_SALT, PACKED_KEY, e);
	secret_wipe(&raw);
	return verdict;
}

/* The first one is what a value without a prefix is. */
static const struct scheme schemes[] = {
	{ "CLEARTEXT", verify_cleartext, NULL, false },
	{ "CRYPT", verify_crypt, NULL, false },
	{ "UNIX", verify_crypt, NULL, false },
	{ "MD5", verify_digest, EVP_md5, false },
	{ "SHA", verify_digest, EVP_sha1, false },
	{ "SHA256", verify_digest, EVP_sha256, false },
	{ "SHA384", verify_digest, EVP_sha384, false },
	{ "SHA512", verify_digest, EVP_sha512, false },
	{ "SMD5", verify_digest, EVP_md5, true },
	{ "SSHA", verify_digest, EVP_sha1, true },
	{ "SSHA256", verify_digest, EVP_sha256, true },
	{ "SSHA384", verify_digest, EVP_sha384, true },
	{ "SSHA512", verify_digest, EVP_sha512, true },
	{ "PBKDF2", verify_pbkdf2, EVP_sha1, false },
	{ "PBKDF2SHA1", verify_pbkdf2, EVP_sha1, false },
	{ "PBKDF2SHA256", verify_pbkdf2, EVP_sha256, false },
	{ "PBKDF2SHA512", verify_pbkdf2, EVP_sha512, false },
	{ "PBKDF2_SHA256", verify_packed, EVP_sha256, false },
	{ "ARGON2", verify_argon2, NULL, false },
	{ "ARGON2I", verify_argon2, NULL, false },
	{ "ARGON2ID", verify_argon2, NULL, false },
};

/* ---- which one it is -------------------------------------------------- */

/* In any case, with hyphens or without. */
static bool
is_name_of(const char *name, size_t len, const struct scheme *sc)
{
	const char *want = sc->name;
	size_t i;

	for (i = 0; i < len; i++) {
		if (name[i] == '-')
			continue;
		if (*want == '\0' || str_lower(name[i]) != str_lower(*want))
			return false;
		want++;
	}
	return *want == '\0';
}

static const struct scheme *
find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (is_name_of(name, len, &schemes[i]))
			return &schemes[i];
	return NULL;
}

/* What is all braces, or has strange letters between them, may be a password
 * in clear text after all, and is not shown. */
static void
no_such_scheme(const char *name, size_t len, bool is_all, struct errmsg *e)
{
	char shown[NAME_MAX_SHOWN];

	if (is_all || str_copy_n(shown, sizeof(shown), name, len) != 0 ||
	    strspn(shown, LETTERS "-_./") != len)
		(void)errmsg_set(e, "the stored value has a prefix that is "
		    "no known scheme");
	else
		(void)errmsg_set(e, "{%s} is no known scheme of stored "
		    "passwords", shown);
}

/* "$id$..." or "$id,...", or "_" and 19 letters (crypt(5), BSDi's DES). The
 * 13 letters of the oldest one are no mark: many a password has them. */
static bool
is_bare_hash(const char *text, size_t len)
{
	size_t n;

	if (text[0] == '_')
		return len == BSDI_LEN &&
		    strspn(text + 1, LETTERS "./") == len - 1;
	if (text[0] != '$')
		return false;
	n = strspn(text + 1, LETTERS "-");
	return n > 0 && (text[1 + n] == '$' || text[1 + n] == ',');
}

/* The scheme, and what stands behind its prefix. NULL: unknown. */
static const struct scheme *
split(const struct secret *stored, const char **text_r, size_t *len_r,
    struct errmsg *e)
{
	const char *all = secret_cstr(stored), *end = all + stored->len;
	const char *close = all[0] != '{' ? NULL :
	    memchr(all, '}', stored->len);
	const struct scheme *sc = &schemes[0];
	size_t name_len;

	*text_r = close != NULL ? close + 1 : all;
	*len_r = (size_t)(end - *text_r);
	if (close != NULL) {
		name_len = (size_t)(close - all - 1);
		sc = find(all + 1, name_len);
		if (sc == NULL)
			no_such_scheme(all + 1, name_len, *len_r == 0, e);
	} else if (is_bare_hash(all, stored->len)) {
		(void)errmsg_set(e, "the stored value looks like a hash of "
		    "crypt(5), but has no {CRYPT}");
		sc = NULL;
	}
	return sc;
}

static enum pass_verdict
judge(const struct secret *stored, const struct secret *pw, struct errmsg *e)
{
	const struct scheme *sc;
	const char *text;
	size_t len;

	sc = split(stored, &text, &len, e);
	if (sc == NULL)
		return PASS_UNKNOWN;
	/* Whatever is stored, nobody gets in with nothing. */
	return pw->len == 0 ? PASS_MISMATCH :
	    sc->verify(sc, text, len, pw, e);
}

/* ---- the dearest so far ----------------------------------------------- */

/* The hash whose verification took longest; never a clear text, which takes
 * nothing. */
static struct secret dearest = SECRET_INIT;
static int64_t dearest_nsec = WORTH_NSEC;

static int64_t
cpu_nsec(void)
{
	struct timespec t;

	/* Of all threads: libargon2 makes some. */
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static bool
is_cleartext(const struct secret *stored)
{
	const char *text;
	size_t len;

	return split(stored, &text, &len, NULL) == &schemes[0];
}

enum pass_verdict
pass_schemes_verify(const struct secret *stored, const struct secret *pw,
    struct errmsg *e)
{
	const int64_t began = cpu_nsec();
	const enum pass_verdict verdict = judge(stored, pw, e);
	const int64_t nsec = cpu_nsec() - began;

	if ((verdict == PASS_MATCH || verdict == PASS_MISMATCH) &&
	    nsec > dearest_nsec && !is_cleartext(stored) &&
	    secret_set(&dearest, stored->bytes, stored->len) == 0)
		dearest_nsec = nsec;
	return verdict;
}

void
pass_schemes_dummy(const struct secret *pw)
{
	if (dearest.len > 0)
		(void)judge(&dearest, pw, NULL);
}

/* ---- several values --------------------------------------------------- */

/* What one value says outweighs what another one does. An error may have been
 * about the very value that would have matched. */
static int
weight(enum pass_verdict verdict)
{
	switch (verdict) {
	case PASS_UNSET:
		return 0;
	case PASS_UNKNOWN:
		return 1;
	case PASS_LOCKED:
		return 2;
	case PASS_MISMATCH:
		return 3;
	case PASS_ERROR:
		return 4;
	case PASS_MATCH:
		return 5;
	}
	return 0;
}

enum pass_verdict
pass_schemes_verify_any(const struct secret *values, size_t count,
    const struct secret *pw, struct errmsg *e)
{
	enum pass_verdict verdict, all = PASS_UNSET;
	struct errmsg why = ERRMSG_INIT;
	size_t i;

	for (i = 0; i < count; i++) {
		verdict = pass_schemes_verify(&values[i], pw, &why);
		if (weight(verdict) <= weight(all))
			continue;
		all = verdict;
		(void)errmsg_set(e, "%s", verdict == PASS_UNKNOWN ||
		    verdict == PASS_ERROR ? why.text : "");
	}
	return all;
}
