/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss_sources - where nsswitch.conf(5) sends look-ups of a database.
 */
#ifndef MECHANISMS_NSS_SOURCES_H
#define MECHANISMS_NSS_SOURCES_H

#include <stdbool.h>

struct nss_sources {
	bool files;	/* a file in /etc is asked */
	bool remote;	/* a source that is no local file or service is asked:
			 * it can be down, and may tell root more */
};

/* Read it for "passwd" or "shadow". A missing file or line means "files",
 * as it does for the C library. */
void nss_sources_read(const char *database, struct nss_sources *sources_r);

#endif
