/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_verdict - is the daemon well, by what it says of itself?
 *
 * The exit status and sentence that a monitoring system shows. The
 * thresholds are in saslauthctl(8).
 */
#ifndef TOOLS_CTL_VERDICT_H
#define TOOLS_CTL_VERDICT_H

#include "common/errmsg.h"
#include "tools/control_client.h"
#include "tools/ctl.h"

struct ctl_verdict {
	enum ctl_exit status;
	struct errmsg text;	/* all that is not well; may hold any bytes */
};

void ctl_verdict_judge(const struct control_reply *status,
    struct ctl_verdict *v_r);

#endif
