/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "front/editions.h"

static char *
make_chain(const struct editions *es, const struct site_route *r)
{
	char *chain = NULL, *longer;
	size_t i;

	for (i = 0; i < r->step_count; i++) {
		longer = str_dup_format("%s%s%" PRIu64,
		    i > 0 ? chain : "", i > 0 ? "," : "",
		    es->number[r->steps[i].backend]);
		free(chain);
		chain = longer;
		if (chain == NULL)
			return NULL;
	}
	longer = str_dup_format("%s %s", chain != NULL ? chain : "",
	    r->chain != NULL ? r->chain : "");
	free(chain);
	return longer;
}

static void
free_chains(struct editions *es)
{
	size_t i;

	for (i = 0; i < es->chain_count; i++)
		free(es->chains[i]);
	free(es->chains);
	es->chains = NULL;
	es->chain_count = 0;
}

static int
make_chains(struct editions *es, const struct site *site)
{
	free_chains(es);
	es->chains = calloc(site->route_count + 1, sizeof(*es->chains));
	if (es->chains == NULL)
		return -1;
	for (; es->chain_count < site->route_count; es->chain_count++) {
		es->chains[es->chain_count] = make_chain(es,
		    &site->routes[es->chain_count]);
		if (es->chains[es->chain_count] == NULL)
			return -1;
	}
	return 0;
}

/* Those that are not new have theirs. */
static void
give_slots(struct editions *es, const struct site *site, bool *taken,
    const bool *new)
{
	unsigned slot = 0;
	size_t i;

	for (i = 0; i < site->backend_count; i++) {
		if (!new[i])
			continue;
		while (taken[slot])
			slot++;
		es->slot[i] = slot;
		taken[slot] = true;
	}
}

int
editions_init(struct editions *es, const struct site *site,
    const struct editions *before, const size_t *same, uint64_t *last)
{
	bool taken[SITE_BACKENDS_MAX] = { false };
	bool new[SITE_BACKENDS_MAX] = { false };
	size_t i;

	*es = (struct editions){ .chains = NULL };
	for (i = 0; i < site->backend_count; i++) {
		new[i] = before == NULL || same[i] == EDITIONS_NONE;
		if (new[i]) {
			es->number[i] = ++*last;
			continue;
		}
		es->number[i] = before->number[same[i]];
		es->slot[i] = before->slot[same[i]];
		taken[es->slot[i]] = true;
	}
	give_slots(es, site, taken, new);
	return make_chains(es, site);
}

void
editions_fini(struct editions *es)
{
	free_chains(es);
}

int
editions_renew(struct editions *es, const struct site *site, size_t backend,
    uint64_t *last)
{
	es->number[backend] = ++*last;
	return make_chains(es, site);
}

const char *
editions_chain(const struct editions *es, const struct site *site,
    const struct site_route *route)
{
	return es->chains[route - site->routes];
}

const struct site_route *
editions_route(const struct editions *es, const struct site *site,
    const char *chain)
{
	size_t i;

	for (i = 0; i < es->chain_count; i++)
		if (strcmp(es->chains[i], chain) == 0)
			return &site->routes[i];
	return NULL;
}
