/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslcache - show the credential cache of a running daemon.
 *
 * Flags and output are those of Cyrus' program of this name, which read the
 * cache's file; here the daemon is asked, and no password or digest can be
 * had. What the words of the table mean now is in saslcache(8).
 */
#include "config.h"

#include <inttypes.h>
#include <locale.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/str.h"
#include "tools/control_client.h"
#include "tools/safe_text.h"

#define CACHE_FILE "cache.mmap"	/* what -m named before */

/* Bytes of an entry, as long as there is none to measure. */
#define ENTRY_BYTES 100

#define RULE "----------------------------------------"
#define TIME_SIZE 64

struct options {
	bool dump, statistics, flush;
	char run_dir[PATH_MAX];
};

static int
fail(const struct errmsg *e)
{
	(void)fflush(stdout);
	fputs("saslcache: ", stderr);
	(void)safe_text_put(stderr, e->text);
	fputc('\n', stderr);
	return EXIT_FAILURE;
}

static int
usage(void)
{
	fputs("usage: saslcache [-d] [-s] [-f] [-m directory]\n"
	    "  -d  dump the entries, as CSV\n"
	    "  -s  print statistics (the default)\n"
	    "  -f  flush the cache\n"
	    "  -m  the daemon's run directory, or the path of cache.mmap "
	    "in it\n", stderr);
	return EXIT_FAILURE;
}

/* A directory, or the path of the file that was in it. */
static int
set_run_dir(struct options *o, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash == NULL ? path : slash + 1;

	if (strcmp(last, CACHE_FILE) != 0)
		return str_copy(o->run_dir, sizeof(o->run_dir), path);
	if (slash == NULL)
		return str_copy(o->run_dir, sizeof(o->run_dir), ".");
	return str_format(o->run_dir, sizeof(o->run_dir), "%.*s",
	    slash == path ? 1 : (int)(slash - path), path);
}

static int
parse_options(int argc, char **argv, struct options *o)
{
	const char *path = RUNDIR;
	int option;

	while ((option = getopt(argc, argv, "dsfm:")) != -1) {
		switch (option) {
		case 'd': o->dump = true; break;
		case 's': o->statistics = true; break;
		case 'f': o->flush = true; break;
		case 'm': path = optarg; break;
		default: return -1;
		}
	}
	if (!o->dump && !o->flush)
		o->statistics = true;
	return set_run_dir(o, path);
}

static void
print_number(const char *label, int64_t value)
{
	printf("  %-28s:  %" PRId64 "\n", label, value);
}

static void
print_ratio(const char *label, double part, double whole, double scale)
{
	printf("  %-28s:  %.2f\n", label,
	    whole > 0 ? part / whole * scale : 0);
}

/*
 * A slot is a hash chain; a bucket is an entry, of which there may be as many
 * as fit into the memory, by the size of those that are there.
 */
static void
print_table(const struct json_line *cache, const struct json_line *spread)
{
	int64_t entries = json_line_int(cache, "entries");
	int64_t held = entries + json_line_int(cache, "refusals");
	int64_t most = json_line_int(cache, "bytes_max");
	int64_t slots = json_line_int(spread, "slots");
	int64_t bucket = ENTRY_BYTES, buckets;

	if (held > 0 && json_line_int(cache, "bytes") >= held)
		bucket = json_line_int(cache, "bytes") / held;
	buckets = most / bucket;
	print_number("timeout (seconds)", json_line_int(cache, "ttl_sec"));
	print_number("total slots allocated", slots);
	print_number("slots in use", json_line_int(spread, "used"));
	print_number("total buckets", buckets);
	print_number("buckets per slot",
	    slots > 0 ? (buckets + slots - 1) / slots : 0);
	print_number("buckets in use", entries);
	print_number("hash table size (bytes)", most);
	print_number("bucket size (bytes)", bucket);
	print_number("minimum slot allocation",
	    json_line_int(spread, "shortest"));
	print_number("maximum slot allocation",
	    json_line_int(spread, "longest"));
	print_number("slots at maximum allocation",
	    json_line_int(spread, "at_longest"));
	print_number("slots at minimum allocation",
	    json_line_int(spread, "at_shortest"));
	print_ratio("overall hash table load", (double)entries,
	    (double)buckets, 1);
}

static void
print_lookups(const struct json_line *cache)
{
	int64_t hits = json_line_int(cache, "hits");
	int64_t lookups = control_lookups(cache);

	print_number("hits*", hits);
	print_number("misses*", lookups - hits);
	print_number("total lookup attempts*", lookups);
	print_ratio("hit ratio*", (double)hits, (double)lookups, 100);
	print_number("flock failures*", 0);	/* there is no lock */
}

static int
print_statistics(const struct control_server *server)
{
	static const char *const words[] = { "stats", "spread" };
	const struct json_line *cache, *spread;
	struct errmsg e = ERRMSG_INIT;
	struct control_reply r;
	int status = EXIT_SUCCESS;

	if (control_collect(server, words, 2, &r, &e) != CONTROL_DONE)
		return fail(&e);
	cache = control_next(&r, "cache", NULL);
	spread = control_next(&r, "spread", NULL);
	if (cache == NULL || spread == NULL) {
		errmsg_set(&e, "The saslauthd in %s keeps no cache: start it "
		    "with -c.", server->run_dir);
		status = fail(&e);
	} else {
		puts(RULE "\nSaslauthd Cache Detail:\n");
		print_table(cache, spread);
		putchar('\n');
		print_lookups(cache);
		puts(RULE "\n* May not be completely accurate\n" RULE);
	}
	control_reply_fini(&r);
	return status;
}

/* As ctime(3) has it. */
static void
format_time(char to[TIME_SIZE], int64_t epoch)
{
	time_t at = (time_t)epoch;
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL ||
	    strftime(to, TIME_SIZE, "%a %b %e %H:%M:%S %Y", &tm) == 0)
		to[0] = '\0';
}

static void
print_header(void)
{
	puts("\"user\",\"realm\",\"service\",\"created\","
	    "\"created_localtime\"");
}

static bool
print_entry(struct json_line *l, void *arg)
{
	int64_t created = json_line_int(l, "created");
	bool *begun = arg;
	char local[TIME_SIZE];

	if (!*begun)
		print_header();
	*begun = true;
	if (strcmp(json_line_str(l, "kind"), "entry") != 0)
		return true;
	format_time(local, created);
	safe_text_csv(stdout, json_line_str(l, "user"));
	putchar(',');
	safe_text_csv(stdout, json_line_str(l, "realm"));
	putchar(',');
	safe_text_csv(stdout, json_line_str(l, "service"));
	printf(",\"%" PRId64 "\",\"%s\"\n", created, local);
	return true;
}

static int
dump_entries(const struct control_server *server)
{
	static const char *const words[] = { "cache-list" };
	struct errmsg e = ERRMSG_INIT;
	bool begun = false;

	if (control_ask(server, words, 1, print_entry, &begun, &e) !=
	    CONTROL_DONE)
		return fail(&e);
	if (!begun)
		print_header();
	return EXIT_SUCCESS;
}

static int
flush_cache(const struct control_server *server)
{
	static const char *const words[] = { "flush" };
	struct errmsg e = ERRMSG_INIT;
	struct control_reply r;

	if (control_collect(server, words, 1, &r, &e) != CONTROL_DONE)
		return fail(&e);
	control_reply_fini(&r);
	return EXIT_SUCCESS;
}

/* What was asked for, flushing last. */
static int
act(const struct options *o)
{
	struct control_server server = { .run_dir = o->run_dir,
	    .timeout_msec = CONTROL_TIMEOUT_MSEC };
	int status = EXIT_SUCCESS;

	if (o->statistics)
		status = print_statistics(&server);
	if (status == EXIT_SUCCESS && o->dump)
		status = dump_entries(&server);
	if (status == EXIT_SUCCESS && o->flush)
		status = flush_cache(&server);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { .dump = false };
	int status;

	(void)setlocale(LC_CTYPE, "");
	if (parse_options(argc, argv, &o) == -1)
		return usage();
	status = act(&o);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fputs("saslcache: the output could not be written\n",
		    stderr);
		return EXIT_FAILURE;
	}
	return status;
}
