/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a settings file, and a table with a key of every type.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/errmsg.h"
#include "common/network.h"
#include "common/secret.h"
#include "tests/fuzz/fuzz.h"

#define FRAME_ROOM (1024 * 1024)

static const char *const colours[] = { "red", "green", "blue", NULL };

struct settings {
	bool sw;
	long number, time;
	char *text, *path;
	int colour;
	char *friends;
	struct secret password;
};

static const struct conf_key keys[] = {
	{ "switch", CONF_BOOL, offsetof(struct settings, sw), 0, 0, "yes",
	    NULL, "a switch", 0, NULL, NULL, NULL },
	{ "number", CONF_INT, offsetof(struct settings, number), -5, 100,
	    "7", NULL, "a number", 0, NULL, NULL, NULL },
	{ "time", CONF_SECONDS, offsetof(struct settings, time), 1, 86400,
	    "1h", NULL, "a time", 0, NULL, NULL, NULL },
	{ "text", CONF_STRING, offsetof(struct settings, text), 2, 10,
	    "abc", NULL, "a text", 0, NULL, NULL, NULL },
	{ "path", CONF_PATH, offsetof(struct settings, path), 0, 0, "",
	    NULL, "a path", 0, NULL, NULL, NULL },
	{ "colour", CONF_CHOICE, offsetof(struct settings, colour), 0, 0,
	    "green", colours, "a colour", 0, NULL, NULL, NULL },
	{ "friends", CONF_NETWORKS, offsetof(struct settings, friends), 0, 0,
	    "127.0.0.0/8,::1", NULL, "networks", 0, NULL, NULL, NULL },
	{ "password", CONF_SECRET, offsetof(struct settings, password), 0,
	    30, NULL, NULL, "a password", 0, NULL, NULL, NULL }
};

static const struct conf_table table = {
	"fuzz", keys, sizeof(keys) / sizeof(keys[0])
};

static void
count_bad(void *ctx, const char *text)
{
	unsigned *count = ctx;

	MUST(text[0] != 0 && strchr(text, '\n') == NULL);
	(*count)++;
}

/* Every network is in its list, whichever way its address is written. */
static void
check_networks(const char *text)
{
	struct network_address a;
	char formatted[NETWORK_TEXT_MAX];
	struct networks ns;
	size_t i;

	MUST(networks_parse(&ns, text, NULL) == 0);
	for (i = 0; i < ns.count; i++) {
		network_address_format(&ns.list[i].first, formatted);
		MUST(network_address_parse(&a, formatted) == 0);
		MUST(memcmp(&a, &ns.list[i].first, sizeof(a)) == 0);
		MUST(ns.list[i].bits <= 8 * sizeof(a.bytes));
		MUST(networks_contain(&ns, &a) ||
		    network_address_is_ipv4(&a));
	}
	networks_fini(&ns);
}

static void
check_settings(struct conf_entries *es)
{
	struct settings s;
	unsigned bad = 0;

	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	MUST(conf_apply(&table, es, &s, count_bad, &bad) == bad);
	MUST(s.number >= -5 && s.number <= 100);
	MUST(s.time >= 1 && s.time <= 86400);
	MUST(strlen(s.text) >= 2 && strlen(s.text) <= 10);
	MUST(s.path[0] == 0 || s.path[0] == '/');
	MUST(s.colour >= 0 && s.colour <= 2);
	MUST(s.password.len <= 30);
	check_networks(s.friends);
	conf_fini(&table, &s);
}

/* What goes through a frame comes out as it was. */
static void
check_frame(const struct conf_entries *es)
{
	struct conf_entries got = CONF_ENTRIES_INIT;
	struct buf b;
	size_t i;

	buf_init(&b, FRAME_ROOM);
	if (conf_entries_put(&b, es) == 0) {
		MUST(conf_entries_get(&b, &got) == 0);
		MUST(buf_len(&b) == 0 && got.count == es->count);
		for (i = 0; i < got.count; i++)
			MUST(strcmp(got.list[i].key, es->list[i].key) == 0 &&
			    strcmp(got.list[i].value,
			    es->list[i].value) == 0);
		conf_entries_fini(&got);
	}
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e = ERRMSG_INIT;
	struct buf b;

	if (conf_read_text(&es, "fuzz", (const char *)bytes, n, &e) == 0) {
		check_settings(&es);
		check_frame(&es);
		conf_entries_fini(&es);
	} else {
		MUST(strncmp(e.text, "fuzz:", 5) == 0);
		MUST(es.count == 0);
	}

	/* The same bytes as if they had come through a frame. */
	buf_init(&b, n);
	MUST(buf_put(&b, bytes, n) == 0);
	if (conf_entries_get(&b, &es) == 0)
		check_settings(&es);
	conf_entries_fini(&es);
	buf_fini(&b);
	return 0;
}
