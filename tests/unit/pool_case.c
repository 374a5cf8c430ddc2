/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_case - see pool_case.h.
 */
#include "config.h"

#include "tests/unit/pool_case.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/str.h"

/* ---- two mechanisms with settings, one without ------------------------ */

static int
word_verify(const void *settings, struct errmsg *e)
{
	const struct word_settings *s = settings;

	return strcmp(s->word, "impossible") == 0 ?
	    errmsg_set(e, "word: cannot be") : 0;
}

static const struct conf_key word_keys[] = {
	{ .name = "word_text", .type = CONF_STRING, .def = "none",
	  .offset = offsetof(struct word_settings, word), .help = "a word" },
	{ .name = "word_times", .type = CONF_INT, .def = "1", .min = 1,
	  .max = 9, .offset = offsetof(struct word_settings, times),
	  .help = "how often" },
	{ .name = "word_secret", .type = CONF_SECRET,
	  .offset = offsetof(struct word_settings, secret),
	  .help = "nobody else's business" },
};

static const struct conf_table word_table = {
	"pam", word_keys, COUNT_OF(word_keys)
};

static const struct conf_key other_keys[] = {
	{ .name = "other_text", .type = CONF_STRING, .offset = 0 },
};

static const struct conf_table other_table = {
	"shadow", other_keys, COUNT_OF(other_keys)
};

static int
read_on(const struct conf_key *k, void *member, const char *text,
    struct errmsg *e)
{
	bool *on = member;

	(void)k;
	*on = text[0] == 'y' || text[0] == 'Y';
	if (text[0] == 'm')
		return errmsg_set(e, "wants yes or no");
	if (text[0] == 'Y')
		(void)errmsg_set(e, "counts as yes");
	return text[0] == 'Y';
}

static void
file_remarks(const void *settings, conf_report *say, void *arg)
{
	const struct file_settings *s = settings;

	if (strcmp(s->base, "odd") == 0)
		say(arg, "file_base: is odd");
}

static const struct conf_key file_keys[] = {
	{ .name = "file_base", .type = CONF_STRING, .def = "none",
	  .offset = offsetof(struct file_settings, base), .help = "a base" },
	{ .name = "file_root", .type = CONF_STRING, .def = "none",
	  .offset = offsetof(struct file_settings, base),
	  .alias_of = "file_base", .help = "the same as file_base" },
	{ .name = "file_on", .type = CONF_BOOL, .def = "no",
	  .offset = offsetof(struct file_settings, on), .read = read_on },
	{ .name = "file_secret", .type = CONF_SECRET,
	  .offset = offsetof(struct file_settings, secret) },
};

static const struct conf_table file_table = {
	"ldap", file_keys, COUNT_OF(file_keys)
};

const struct mech mechs[] = {
	{ .name = "pam", .keys = &word_table,
	  .settings_size = sizeof(struct word_settings),
	  .option_key = "word_text", .verify = word_verify },
	{ .name = "shadow", .keys = &other_table,
	  .settings_size = sizeof(char *) },
	{ .name = "getpwent" },
	{ .name = "ldap", .keys = &file_table,
	  .settings_size = sizeof(struct file_settings),
	  .option_is_file = true, .remarks = file_remarks },
};

static const struct mech *
find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT_OF(mechs); i++)
		if (str_casecmp(mechs[i].name, name) == 0)
			return &mechs[i];
	return NULL;
}

unsigned loads;

const struct mech *
mech_load(const char *name, struct errmsg *e)
{
	const struct mech *m = find(name);

	loads++;
	if (m == NULL)
		(void)errmsg_set(e, "mechanism %s is not built in", name);
	return m;
}

const struct conf_table *
mech_keys(const char *name)
{
	const struct mech *m = find(name);

	return m != NULL ? m->keys : NULL;
}

/* ---- one load --------------------------------------------------------- */

struct conf_entries flags;
struct pool_load load;
char config[64];
char option[64];
const char *backend;
struct pool_case_report reports[REPORTS_MAX];
size_t nreports;

int
pool_case_set_up(void **state)
{
	(void)state;
	config[0] = '\0';
	option[0] = '\0';
	backend = "pam";
	nreports = 0;
	loads = 0;
	return 0;
}

int
pool_case_tear_down(void **state)
{
	(void)state;
	pool_load_fini(&load);
	conf_entries_fini(&flags);
	if (config[0] != '\0')
		(void)unlink(config);
	if (option[0] != '\0')
		(void)unlink(option);
	return 0;
}

void
report(void *ctx, int status, const char *text)
{
	assert_ptr_equal(ctx, &load);
	assert_true(nreports < REPORTS_MAX);
	reports[nreports].status = status;
	(void)snprintf(reports[nreports].text, ERRMSG_MAX, "%s", text);
	nreports++;
}

void
flag(const char *key, const char *value, const char *origin)
{
	assert_int_equal(conf_add(&flags, key, value, origin, NULL), 0);
}

void
write_file(char *path, size_t size, const char *text)
{
	struct deadline never = deadline_never();
	int fd;

	(void)snprintf(path, size, "/tmp/unit-conf-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text, strlen(text), &never), 0);
	io_close(&fd);
}

void
write_config(const char *text)
{
	write_file(config, sizeof(config), text);
}

void
write_option(const char *text)
{
	write_file(option, sizeof(option), text);
	backend = "ldap";
	flag("mechanism", "ldap", "-a");
	flag("mech_option", option, "-O");
}

void
put_settings(struct buf *b, unsigned log_stderr)
{
	buf_init(b, FRAME_MAX);
	assert_int_equal(buf_put_u8(b, log_stderr), 0);
	assert_int_equal(buf_put_str(b, config), 0);
	assert_int_equal(buf_put_str(b, backend), 0);
	assert_int_equal(conf_entries_put(b, &flags), 0);
	assert_int_equal(buf_put_str(b, ""), 0);
}

int
run(unsigned log_stderr)
{
	struct buf b;
	int fd = -1, rc;

	put_settings(&b, log_stderr);
	if (config[0] != '\0')
		fd = open(config, O_RDONLY | O_CLOEXEC);
	rc = pool_load(&load, &b, fd, report, &load);
	io_close(&fd);
	buf_fini(&b);
	return rc;
}

void
expect_report(size_t i, int status, const char *text)
{
	assert_true(i < nreports);
	assert_int_equal(reports[i].status, status);
	if (strstr(reports[i].text, text) == NULL)
		fail_msg("no '%s' in '%s'", text, reports[i].text);
}

const struct word_settings *
word(void)
{
	return load.mech_settings;
}

const char *
shown(const char *key)
{
	static char text[ERRMSG_MAX];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < load.config.count; i++)
		if (strcmp(load.config.list[i].key, key) == 0)
			(void)snprintf(text, sizeof(text), "%s [%s]",
			    load.config.list[i].value,
			    load.config.list[i].origin);
	return text;
}

const struct file_settings *
of_file(void)
{
	return load.mech_settings;
}
