/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speaker - formatted texts for a conf_report.
 */
#ifndef COMMON_SPEAKER_H
#define COMMON_SPEAKER_H

#include "common/conf.h"

struct speaker {
	conf_report *say;
	void *arg;
};

/* Say a text, which is cut at ERRMSG_MAX. */
void speaker_tell(const struct speaker *to, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
