/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_dictionary - attributes of RADIUS by name, what their values are, and
 * the words for some of these. Small: any other attribute goes by number.
 */
#ifndef MECHANISMS_RAD_DICTIONARY_H
#define MECHANISMS_RAD_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "mechanisms/rad_codec.h"

enum rad_kind {
	RAD_KIND_TEXT,		/* as written; "0x..." are bytes */
	RAD_KIND_NUMBER,	/* 32 bits, by word or digits */
	RAD_KIND_IPV4,
	RAD_KIND_IPV6
};

struct rad_attribute {
	const char *name;	/* NULL: it went by number, and is in none */
	uint32_t vendor;	/* 0: none; private enterprise number */
	unsigned type;
	enum rad_kind kind;
	const char *key;	/* the key that sets it, if one does */
};

/* "NAS-Port", "5", "Cisco-AVPair" or "26.9.1", in any case. */
int rad_dictionary_find(const char *name, struct rad_attribute *a_r,
    struct errmsg *e);

/* The bytes of a value of any kind but plain text, which is copied. */
int rad_dictionary_encode(const struct rad_attribute *a, const char *text,
    unsigned char bytes_r[RAD_VALUE_MAX], size_t *len_r,
    struct errmsg *e);

#endif
