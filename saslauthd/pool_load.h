/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_load - one backend: its mechanism and the settings of both owners.
 */
#ifndef SASLAUTHD_POOL_LOAD_H
#define SASLAUTHD_POOL_LOAD_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/conf_show.h"
#include "mechanisms/mech.h"
#include "saslauthd/settings.h"

struct pool_load {
	char *name;			/* of the backend */
	bool several;			/* it is not the only one */
	bool log_stderr;		/* in the foreground */
	struct settings settings;
	const struct mech *mech;
	void *mech_settings;
	struct conf_show config;	/* of both, in this order */
};

/* `status` is what the daemon should exit with; EX_OK for a warning, which
 * `strict` does not forgive; FRAME_REMARK for what is to be known and good. */
typedef void pool_load_report(void *ctx, int status, const char *text);

/*
 * Take FRAME_SETTINGS' payload apart, read the configuration file that came
 * with it (config_fd; -1: there is none), find the backend, judge the
 * entries, and run the mechanism's verify. Each backend judges its own part;
 * what stands in no part is judged by the first one it could be meant for.
 * Returns 0 when the backend may be opened; each problem goes to `report`
 * (NULL: drop them). pool_load_fini() also after -1.
 */
int pool_load(struct pool_load *l, struct buf *frame, int config_fd,
    pool_load_report *report, void *ctx);
void pool_load_fini(struct pool_load *l);

#endif
