/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/frame.h"
#include "common/log.h"
#include "common/str.h"
#include "saslauthd/handover.h"
#include "saslauthd/part_pool.h"

#define BACKOFF_MAX_MSEC 30000	/* before one that fails is started */
#define RELINK_MSEC 1000	/* after a link that failed */
#define DESCRIPTION_MAX (FRAME_MAX - 1024)	/* bytes; to go into a frame
					 * with the names in front */
#define TITLE_MAX (CONF_NAME_MAX + sizeof("saslauthd-pool:  pool"))

struct part_pool *
part_pool_new(const struct plan *plan, const char *backend)
{
	struct part_pool *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		log_msg(LOG_ERR, "keeper", "out of memory");
		return NULL;
	}
	buf_init(&p->settings, FRAME_MAX);
	buf_init(&p->description, DESCRIPTION_MAX);
	p->relink = deadline_never();
	p->generation = plan->number;
	(void)str_copy(p->name, sizeof(p->name), backend);
	(void)str_format(p->what, sizeof(p->what), "pool of %s", p->name);
	part_init(&p->part, p->what, BACKOFF_MAX_MSEC);
	if (handover_put_pool(&p->settings, plan, backend) == 0)
		return p;
	part_pool_free(p);
	return NULL;
}

void
part_pool_free(struct part_pool *p)
{
	if (p == NULL)
		return;
	child_release(&p->part.child);
	buf_fini(&p->settings);
	buf_fini(&p->description);
	free(p);
}

int
part_pool_start(struct part_pool *p, const struct plan *plan,
    struct errmsg *e)
{
	char title[TITLE_MAX];

	(void)str_format(title, sizeof(title), "saslauthd-pool: %s pool",
	    p->name);
	p->gave_up = false;
	if (part_start(&p->part, plan->launch->pool, title,
	    plan->launch->options.foreground, e) != 0)
		return -1;
	return handover_to_pool(p->part.child.channel, &p->settings, plan,
	    e);
}

int
part_pool_ready(struct part_pool *p, const struct buf *description)
{
	buf_reset(&p->description);
	if (buf_put(&p->description, buf_data(description),
	    buf_len(description)) != 0)
		return -1;
	if (p->why[0] != '\0')
		log_msg(LOG_NOTICE, "keeper", "backend %s is open", p->name);
	p->why[0] = '\0';
	p->part.ready = true;
	return 0;
}

bool
part_pool_closed(struct part_pool *p, const char *why)
{
	p->gave_up = true;
	if (why[0] == '\0')
		why = "it does not say why";
	if (strcmp(p->why, why) == 0)
		return false;
	log_msg(LOG_ERR, "keeper", "backend %s cannot be opened, and is tried "
	    "again: %s", p->name, why);
	(void)str_copy(p->why, sizeof(p->why), why);
	return true;
}

void
part_pool_link(struct part_pool *p, const struct part *front)
{
	const struct handover_backend of = { p->generation, p->name };
	struct errmsg e = ERRMSG_INIT;
	int rc = 0;

	p->relink = deadline_never();
	if (!front->ready)
		return;
	if (p->part.ready)
		rc = handover_link(front->child.channel,
		    p->part.child.channel, &of, &p->description, &e);
	else if (p->why[0] != '\0')
		rc = handover_trouble(front->child.channel, &of, p->why, &e);
	if (rc == 0)
		return;
	log_msg(LOG_ERR, "keeper", "cannot link the front and the %s: %s",
	    p->what, e.text);
	p->relink = deadline_in_msec(RELINK_MSEC);
}

struct roles_pool
part_pool_role(const struct part_pool *p)
{
	struct roles_pool role = {
		.pid = (uint32_t)p->part.child.pid,
		.restarts = part_restarts(&p->part),
		.began_msec = p->part.started_msec
	};

	(void)str_copy(role.name, sizeof(role.name), p->name);
	return role;
}
