/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslbench - ask a saslauthd socket as fast as it answers, and measure.
 *
 * Each client is a thread that does what a mail server's process does: one
 * blocking connection per request, the request in one write, the reply read
 * to its end, close. The password comes from standard input. The report is
 * one `key value` per line, for people and for compare.py.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/secret.h"
#include "common/wire.h"

#define CLIENTS_MAX 4096
#define USERS_MAX 1024
#define REQUEST_MAX (64 * 1024)
#define WAIT_SEC 60		/* longer than any daemon's own time limit */
#define WAIT_SEC_MAX 3600
#define SECONDS_MAX (24 * 3600)
#define STACK_BYTES (64 * 1024)
#define SAMPLES_FIRST 1024	/* latencies a client has room for at first */
#define DIGITS 7		/* of the number behind a login, see -N */
#define LENGTH_BYTES 2		/* before each field */
#define NUMBERS_MAX 10000000	/* as many as they can tell apart */

enum exit_status { EXIT_ALL_AS_EXPECTED = 0, EXIT_SOME_NOT = 1,
	EXIT_WRONG_USE = 64 };

struct options {
	struct sockaddr_un address;
	const char *users[USERS_MAX];
	size_t nusers;
	const char *service, *realm, *expected;
	unsigned long clients, requests, wait_sec;
	unsigned long numbers;	/* behind each login; 0: none */
	bool at_random;
	double seconds;
};

struct client {
	pthread_t thread;
	size_t user;		/* the next one, modulo their number */
	struct buf numbered;	/* a request with its number */
	uint64_t random;
	uint32_t *usec;		/* one latency per answered request */
	size_t count, cap;
	unsigned long unexpected, failed;
	unsigned long refused;	/* connects that found the backlog full */
};

static struct options opt = {
	.address = { .sun_family = AF_UNIX },
	.service = "imap", .realm = "", .expected = "OK", .clients = 1,
	.wait_sec = WAIT_SEC,
};
static struct buf requests[USERS_MAX];
static size_t number_at[USERS_MAX];	/* in the request */
static atomic_ulong started, next_number;
static uint64_t stop_at_nsec;

static uint64_t now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool another_wanted(void)
{
	if (opt.requests > 0)
		return atomic_fetch_add(&started, 1) < opt.requests;
	return now_nsec() < stop_at_nsec;
}

static bool read_all(int fd, unsigned char *to, size_t want)
{
	size_t have = 0;

	while (have < want) {
		ssize_t n = read(fd, to + have, want - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* A client that does not want to sleep in connect(2) gets EAGAIN from a full
 * backlog (unix(7)); that is counted, and then ours sleeps. */
static bool reach(int fd, unsigned long *refused)
{
	const struct sockaddr *to = (const struct sockaddr *)&opt.address;
	bool reached = connect(fd, to, sizeof(opt.address)) == 0;
	bool full = !reached && errno == EAGAIN;

	if (fcntl(fd, F_SETFL, 0) != 0)
		return false;
	if (!full)
		return reached;
	++*refused;
	return connect(fd, to, sizeof(opt.address)) == 0;
}

/* Is there a reply? `reply` gets its text, cut as libsasl2 cuts it. */
static bool ask(const struct buf *request, char reply[WIRE_REPLY_MAX + 1],
    unsigned long *refused)
{
	const struct timeval limit = { .tv_sec = (time_t)opt.wait_sec };
	unsigned char length[2];
	size_t n;
	bool answered = false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!reach(fd, refused))
		goto out;
	if (send(fd, buf_data(request), buf_len(request), MSG_NOSIGNAL) !=
	    (ssize_t)buf_len(request))
		goto out;
	if (!read_all(fd, length, sizeof(length)))
		goto out;
	n = (size_t)length[0] << 8 | length[1];
	if (n > WIRE_REPLY_MAX)
		n = WIRE_REPLY_MAX;
	if (!read_all(fd, (unsigned char *)reply, n))
		goto out;
	reply[n] = '\0';
	answered = true;
out:
	close(fd);
	return answered;
}

/* splitmix64: enough to ask for anybody, and no lock. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void put_number(unsigned char *to, uint64_t n)
{
	for (size_t i = DIGITS; i-- > 0; n /= 10)
		to[i] = (unsigned char)('0' + n % 10);
}

/* In turn means over all clients, so that COUNT requests ask for each. */
static const struct buf *with_number(struct client *c, size_t user)
{
	const struct buf *request = &requests[user];
	uint64_t n = opt.at_random ? random_next(&c->random) :
	    atomic_fetch_add(&next_number, 1);
	unsigned char *to;

	buf_reset(&c->numbered);
	to = buf_room(&c->numbered, buf_len(request));
	if (to == NULL) {
		perror("saslbench");
		exit(EXIT_SOME_NOT);
	}
	memcpy(to, buf_data(request), buf_len(request));
	put_number(to + number_at[user], n % opt.numbers);
	buf_added(&c->numbered, buf_len(request));
	return &c->numbered;
}

/* No two clients ask for one user where there are enough. */
static const struct buf *next_request(struct client *c)
{
	size_t user = c->user % opt.nusers;

	c->user += opt.clients;
	return opt.numbers > 0 ? with_number(c, user) : &requests[user];
}

static void keep_latency(struct client *c, uint64_t nsec)
{
	if (c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : SAMPLES_FIRST;
		uint32_t *grown = realloc(c->usec, cap * sizeof(*grown));

		if (grown == NULL) {
			perror("saslbench");
			exit(EXIT_SOME_NOT);
		}
		c->usec = grown;
		c->cap = cap;
	}
	c->usec[c->count++] = (uint32_t)(nsec / 1000);
}

static void *client_run(void *arg)
{
	struct client *c = arg;
	char reply[WIRE_REPLY_MAX + 1];

	while (another_wanted()) {
		const struct buf *request = next_request(c);
		uint64_t begin = now_nsec();
		bool answered = ask(request, reply, &c->refused);

		if (!answered)
			c->failed++;
		else
			keep_latency(c, now_nsec() - begin);
		if (answered && strncmp(reply, opt.expected,
		    strlen(opt.expected)) != 0)
			c->unexpected++;
	}
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t percentile(const uint32_t *sorted, size_t n, unsigned p)
{
	return n == 0 ? 0 : sorted[(n - 1) * p / 100];
}

/* Returns whether every request was answered as expected. */
static bool report(const struct client *clients, uint64_t nsec)
{
	double seconds = (double)nsec / 1e9;
	unsigned long unexpected = 0, failed = 0, refused = 0;
	size_t total = 0, at = 0;
	uint32_t *all;

	for (size_t i = 0; i < opt.clients; i++) {
		total += clients[i].count;
		unexpected += clients[i].unexpected;
		failed += clients[i].failed;
		refused += clients[i].refused;
	}
	all = calloc(total ? total : 1, sizeof(*all));
	if (all == NULL) {
		perror("saslbench");
		return false;
	}
	for (size_t i = 0; i < opt.clients; at += clients[i++].count)
		if (clients[i].count > 0)
			memcpy(all + at, clients[i].usec,
			    clients[i].count * sizeof(*all));
	qsort(all, total, sizeof(*all), by_value);
	printf("requests %zu\nseconds %.3f\nrequests_per_second %.1f\n",
	    total, seconds, (double)total / seconds);
	printf("p50_usec %u\np95_usec %u\np99_usec %u\nmax_usec %u\n",
	    percentile(all, total, 50), percentile(all, total, 95),
	    percentile(all, total, 99), percentile(all, total, 100));
	printf("unexpected %lu\nfailed %lu\nrefused %lu\n", unexpected,
	    failed, refused);
	free(all);
	return unexpected == 0 && failed == 0 && total > 0;
}

/* The time: every run asks for others at random. */
static void client_init(struct client *c, size_t nth)
{
	c->user = nth;
	c->random = now_nsec();
	buf_init(&c->numbered, REQUEST_MAX);
}

static void client_fini(struct client *c)
{
	buf_fini(&c->numbered);
	free(c->usec);
}

static bool run(void)
{
	struct client *clients = calloc(opt.clients, sizeof(*clients));
	pthread_attr_t attr;
	uint64_t begin;
	bool good;

	if (clients == NULL) {
		perror("saslbench");
		return false;
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	begin = now_nsec();
	stop_at_nsec = begin + (uint64_t)(opt.seconds * 1e9);
	for (size_t i = 0; i < opt.clients; i++) {
		client_init(&clients[i], i);
		if (pthread_create(&clients[i].thread, &attr, client_run,
		    &clients[i]) != 0) {
			fprintf(stderr, "saslbench: no more threads\n");
			exit(EXIT_SOME_NOT);
		}
	}
	for (size_t i = 0; i < opt.clients; i++)
		pthread_join(clients[i].thread, NULL);
	good = report(clients, now_nsec() - begin);
	for (size_t i = 0; i < opt.clients; i++)
		client_fini(&clients[i]);
	free(clients);
	pthread_attr_destroy(&attr);
	return good;
}

static void usage(const char *why)
{
	fprintf(stderr, "saslbench: %s\n"
	    "usage: saslbench -f SOCKET -u USER [-u USER ...]\n"
	    "           -n REQUESTS | -t SECONDS [-c CLIENTS]\n"
	    "           [-N COUNT [-R]] [-s service] [-r realm] [-e OK|NO]\n"
	    "           [-w SECONDS]\n"
	    "           <password\n", why);
	exit(EXIT_WRONG_USE);
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n == 0 || n > max)
		usage("a number is out of range");
	return n;
}

static double seconds(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end != '\0' || !(n > 0 && n <= SECONDS_MAX))
		usage("a number is out of range");
	return n;
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "f:c:n:t:u:N:Rs:r:e:w:")) != -1)
		switch (c) {
		case 'f':
			if (strlen(optarg) >= sizeof(opt.address.sun_path))
				usage("the socket path is too long");
			memcpy(opt.address.sun_path, optarg,
			    strlen(optarg) + 1);
			break;
		case 'c': opt.clients = number(optarg, CLIENTS_MAX); break;
		case 'n': opt.requests = number(optarg, UINT32_MAX); break;
		case 't': opt.seconds = seconds(optarg); break;
		case 'u':
			if (opt.nusers == USERS_MAX)
				usage("too many users");
			opt.users[opt.nusers++] = optarg;
			break;
		case 'N': opt.numbers = number(optarg, NUMBERS_MAX); break;
		case 'R': opt.at_random = true; break;
		case 's': opt.service = optarg; break;
		case 'r': opt.realm = optarg; break;
		case 'e': opt.expected = optarg; break;
		case 'w': opt.wait_sec = number(optarg, WAIT_SEC_MAX); break;
		default: usage("unknown option");
		}
	if (optind != argc)
		usage("an argument too many");
	if (opt.address.sun_path[0] == '\0' || opt.nusers == 0)
		usage("-f and -u are needed");
	if ((opt.requests == 0) == !(opt.seconds > 0))
		usage("one of -n and -t is needed");
	if (opt.at_random && opt.numbers == 0)
		usage("-R needs -N");
}

/* One line of standard input, without its end. */
static void read_password(struct secret *pw)
{
	size_t n = 0;
	ssize_t got;

	if (secret_reserve(pw, WIRE_PASSWORD_MAX_LIMIT) < 0)
		usage("out of memory");
	while (n < WIRE_PASSWORD_MAX_LIMIT &&
	    (got = read(STDIN_FILENO, pw->bytes + n,
	    WIRE_PASSWORD_MAX_LIMIT - n)) > 0)
		n += (size_t)got;
	if (n > 0 && pw->bytes[n - 1] == '\n')
		n--;
	secret_end(pw, n);
}

/* Under -N with room for the number behind the login, the first field. */
static void encode(size_t user, const struct secret *pw)
{
	char *login;

	if (asprintf(&login, "%s%*s", opt.users[user],
	    opt.numbers > 0 ? DIGITS : 0, "") < 0)
		usage("out of memory");
	number_at[user] = LENGTH_BYTES + strlen(opt.users[user]);
	buf_init(&requests[user], REQUEST_MAX);
	if (wire_encode(&requests[user], login, pw, opt.service, opt.realm,
	    NULL) < 0)
		usage("a field is too long");
	free(login);
}

int main(int argc, char **argv)
{
	struct secret pw = SECRET_INIT;
	bool good;

	parse_options(argc, argv);
	read_password(&pw);
	for (size_t i = 0; i < opt.nusers; i++)
		encode(i, &pw);
	secret_wipe(&pw);
	good = run();
	for (size_t i = 0; i < opt.nusers; i++)
		buf_fini(&requests[i]);
	return good ? EXIT_ALL_AS_EXPECTED : EXIT_SOME_NOT;
}
