/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_drive - runs one mechanism in this process, without daemon or worker.
 *
 *   mech_drive NAME [key=value ...]
 *
 * reads lines from standard input and answers each with one line:
 *
 *   LOGIN PASSWORD SERVICE REALM ADDRESS   in hex, separated by tabs
 *       -> RESULT REASON DELAY_MSEC DETAIL, separated by tabs
 *   repeat COUNT, tab, five fields as above
 *       -> the last answer's line, after COUNT requests
 *   accessible   -> "yes", or "no" and the reason
 *   changed      -> "yes" or "no"
 *   idle         -> the milliseconds that the mechanism asks for, or -1
 *   parts        -> "NAME up" or "NAME down WHY" of each, separated by tabs
 *   stats        -> rss_kb=N descriptors=N cpu_usec=N
 *
 * Ends with status 0 at the end of input, 78 when the mechanism does not
 * open, 64 on wrong use.
 */
#include "config.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/str.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"

#define REQUEST_MSEC 60000	/* longer than any test waits */
#define REPEAT_MAX 1000000
#define FIELDS 5

struct driven {
	const struct mech *mech;
	void *settings;
	void *ctx;
	bool ready;
};

static _Noreturn void
fail(int status, const char *text)
{
	fprintf(stderr, "mech_drive: %s\n", text);
	exit(status);
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* In place: "6a6f65" becomes "joe". */
static void
unhex(char *s)
{
	char *to = s;
	int high, low;

	for (; s[0] != '\0'; s += 2) {
		high = hex_digit(s[0]);
		low = hex_digit(s[1]);
		if (high == -1 || low == -1 || high * 16 + low == 0)
			fail(EX_USAGE, "a field is no hex string");
		*to++ = (char)(high * 16 + low);
	}
	*to = '\0';
}

static void
split(char *line, char *fields[FIELDS])
{
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&line, "\t");
		if (fields[i] == NULL)
			fail(EX_USAGE, "a request has five fields");
		unhex(fields[i]);
	}
}

static void
ask(struct driven *d, char *line, long count)
{
	char *fields[FIELDS];
	struct secret password = SECRET_INIT;
	struct mech_answer a;
	struct mech_request req;

	split(line, fields);
	if (secret_set(&password, fields[1], strlen(fields[1])) == -1)
		fail(EX_OSERR, "out of memory");
	req = (struct mech_request){
		.login = fields[0], .password = &password,
		.service = fields[2], .realm = fields[3],
		.address = fields[4],
	};
	do {
		req.deadline = deadline_in_msec(REQUEST_MSEC);
		mech_ask(d->mech, d->ctx, &d->ready, &req, &a);
	} while (--count > 0);
	printf("%s\t%s\t%u\t%s\n", auth_result_name(a.result),
	    auth_reason_name(a.reason), (unsigned)a.delay_msec, a.detail);
	secret_wipe(&password);
}

static long
resident_kb(void)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "re");

	if (f == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

static long
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	long n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
stats(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	printf("rss_kb=%ld descriptors=%ld cpu_usec=%lld\n", resident_kb(),
	    descriptors(), (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

static void
accessible(const struct driven *d)
{
	struct errmsg e = ERRMSG_INIT;

	if (d->mech->accessible == NULL ||
	    d->mech->accessible(d->ctx, &e) == 0)
		puts("yes");
	else
		printf("no %s\n", e.text);
}

static void
idle(const struct driven *d)
{
	printf("%lld\n", d->mech->idle == NULL ? -1LL :
	    (long long)d->mech->idle(d->ctx));
}

static void
parts(const struct driven *d)
{
	static struct mech_part list[MECH_PARTS_MAX];
	size_t n = 0, i;

	if (d->mech->parts != NULL)
		n = d->mech->parts(d->ctx, list, MECH_PARTS_MAX);
	for (i = 0; i < n; i++)
		printf("%s%s %s%s%s", i > 0 ? "\t" : "", list[i].name,
		    list[i].up ? "up" : "down", list[i].up ? "" : " ",
		    list[i].why);
	putchar('\n');
}

static void
repeat(struct driven *d, char *args)
{
	long count;
	char *number = strsep(&args, "\t");

	if (args == NULL || str_to_long(number, 1, REPEAT_MAX, &count) == -1)
		fail(EX_USAGE, "repeat COUNT, tab, request");
	ask(d, args, count);
}

static void
command(struct driven *d, char *line)
{
	if (strcmp(line, "stats") == 0)
		stats();
	else if (strcmp(line, "changed") == 0)
		puts(d->mech->changed != NULL && d->mech->changed(d->ctx) ?
		    "yes" : "no");
	else if (strcmp(line, "accessible") == 0)
		accessible(d);
	else if (strcmp(line, "idle") == 0)
		idle(d);
	else if (strcmp(line, "parts") == 0)
		parts(d);
	else if (str_starts(line, "repeat "))
		repeat(d, line + strlen("repeat "));
	else
		ask(d, line, 1);
	fflush(stdout);
}

static void
report(void *ctx, const char *text)
{
	(void)ctx;
	fail(EX_CONFIG, text);
}

/* Modules lie beside saslauthd-pool, two folders up from here. */
static void
find_modules(void)
{
	static char dir[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	size_t used;

	if (n <= 0)
		fail(EX_OSERR, "/proc/self/exe cannot be read");
	dir[n] = '\0';
	used = (size_t)(strrchr(dir, '/') - dir);
	if (str_format(dir + used, sizeof(dir) - used,
	    "/../../saslauthd") != 0)
		fail(EX_OSERR, "the path to this program is too long");
	mech_module_set_dir(dir);
}

static void
load(struct driven *d, const char *name, char **pairs)
{
	struct conf_entries entries = { 0 };
	struct errmsg e = ERRMSG_INIT;
	size_t i;

	d->mech = mech_load(name, &e);
	if (d->mech == NULL)
		fail(EX_USAGE, e.text);
	d->settings = calloc(1, d->mech->settings_size + 1);
	if (d->settings == NULL)
		fail(EX_OSERR, "out of memory");
	for (; *pairs != NULL; pairs++)
		if (conf_add_set(&entries, *pairs, &e) == -1)
			fail(EX_USAGE, e.text);
	if (d->mech->keys != NULL) {
		conf_defaults(d->mech->keys, d->settings);
		conf_apply(d->mech->keys, &entries, d->settings, report, NULL);
	}
	for (i = 0; i < entries.count; i++)
		if (!entries.list[i].used)
			fail(EX_USAGE, "the mechanism has no such key");
	conf_entries_fini(&entries);
	if ((d->mech->verify != NULL &&
	    d->mech->verify(d->settings, &e) == -1) ||
	    d->mech->open(d->settings, &d->ctx, &e) == -1)
		fail(EX_CONFIG, e.text);
}

static void
unload(struct driven *d)
{
	d->mech->close(d->ctx);
	if (d->mech->keys != NULL)
		conf_fini(d->mech->keys, d->settings);
	free(d->settings);
}

int
main(int argc, char **argv)
{
	struct driven d = { 0 };
	char *line = NULL;
	size_t size = 0;

	if (argc < 2)
		fail(EX_USAGE, "mech_drive NAME [key=value ...]");
	/* As a worker has it: an outage is an error, not an end. */
	(void)signal(SIGPIPE, SIG_IGN);
	find_modules();
	load(&d, argv[1], argv + 2);
	while (getline(&line, &size, stdin) != -1) {
		line[strcspn(line, "\n")] = '\0';
		command(&d, line);
	}
	free(line);
	unload(&d);
	return EX_OK;
}
