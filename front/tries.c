/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "front/digest.h"
#include "front/tries.h"

#define MAGIC UINT64_C(0x32736569727473)	/* "stries2" */

#define PAIRS_OF_IDENTITY_MAX 64
#define IDENTITY_MASK 0xffffff	/* of struct pair */
#define USED_MASK UINT64_C(0xffffffffff)

struct tries_header {
	uint64_t magic;		/* written last */
	uint32_t capacity;
	uint32_t try_bytes;	/* of one entry: the layout of the build */
	unsigned char key[DIGEST_KEY_BYTES];
};

/* An entry of an array and its time. */
struct aged {
	int64_t msec;
	uint32_t at;
};

/* What stands above is in memory before what stands below, should we be
 * killed between them. The kernel sees a dead thread's stores in the order
 * they were made, so that the compiler is the only one to be told. */
static void
in_this_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/* A word holds its identity. What was taken over may have been chosen so
 * that all of it meets: hence the spread. */
static uint64_t
hash_of(const struct tries *t, const struct try *try)
{
	return spread_pair(&t->spread, try->word, try->address);
}

static uint64_t
short_identity(uint64_t identity)
{
	return identity & IDENTITY_MASK;
}

/* All of an identity stand in one chain. */
static uint64_t
hash_of_pair(const struct tries *t, uint64_t identity)
{
	return spread_key(&t->spread, short_identity(identity));
}

static struct try *
try_at(const struct tries *t, uint32_t at)
{
	return &t->tries[at - 1];
}

static struct pair *
pair_at(const struct tries *t, uint32_t at)
{
	return &t->pairs[at - 1];
}

static uint32_t
find_try(const struct tries *t, const struct try *try)
{
	const struct try *other;
	uint32_t at;

	for (at = lru_first(&t->try_order, hash_of(t, try)); at != LRU_NONE;
	    at = lru_next(&t->try_order, at)) {
		other = try_at(t, at);
		if (other->word == try->word &&
		    other->address == try->address &&
		    other->identity == try->identity)
			break;
	}
	return at;
}

/* Otherwise: how many has the identity, and which is its oldest? */
static uint32_t
find_pair(const struct tries *t, uint64_t identity, uint64_t pair,
    uint32_t *count_r, uint32_t *oldest_r)
{
	const struct pair *p;
	uint32_t at;

	*count_r = 0;
	*oldest_r = LRU_NONE;
	for (at = lru_first(&t->pair_order, hash_of_pair(t, identity));
	    at != LRU_NONE; at = lru_next(&t->pair_order, at)) {
		p = pair_at(t, at);
		if (p->identity != short_identity(identity))
			continue;
		if (p->pair == pair)
			break;
		++*count_r;
		if (*oldest_r == LRU_NONE ||
		    p->used_msec < pair_at(t, *oldest_r)->used_msec)
			*oldest_r = at;
	}
	return at;
}

static int
by_age(const void *a, const void *b)
{
	const struct aged *x = a, *y = b;

	if (x->msec != y->msec)
		return x->msec < y->msec ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Free what is damaged; the rest of the tries get their order. */
static void
adopt_tries(struct tries *t, struct aged *list)
{
	uint32_t at, n = 0, i;
	struct try *try;

	for (at = 1; at <= t->capacity; at++) {
		try = try_at(t, at);
		/* A time before the clock's begin would never leave the
		 * window, nor let others leave. */
		if (try->word != 0 && try->identity != 0 &&
		    try->seen_msec >= 0)
			list[n++] = (struct aged){ try->seen_msec, at };
		else
			try->word = 0;
	}
	qsort(list, n, sizeof(*list), by_age);
	for (i = 0; i < n; i++) {
		try = try_at(t, list[i].at);
		if (find_try(t, try) != LRU_NONE)
			try->word = 0;
		else
			lru_adopt(&t->try_order, list[i].at, hash_of(t, try));
	}
	for (at = 1; at <= t->capacity; at++)
		if (try_at(t, at)->word == 0)
			lru_spare(&t->try_order, at);
}

static void
adopt_pairs(struct tries *t, struct aged *list)
{
	uint32_t at, n = 0, i, count, oldest;
	struct pair *pair;

	for (at = 1; at <= t->capacity; at++) {
		if (pair_at(t, at)->pair != 0)
			list[n++] = (struct aged){ pair_at(t, at)->used_msec,
			    at };
	}
	qsort(list, n, sizeof(*list), by_age);
	for (i = 0; i < n; i++) {
		pair = pair_at(t, list[i].at);
		if (find_pair(t, pair->identity, pair->pair, &count, &oldest)
		    != LRU_NONE || count >= PAIRS_OF_IDENTITY_MAX)
			pair->pair = 0;
		else
			lru_adopt(&t->pair_order, list[i].at,
			    hash_of_pair(t, pair->identity));
	}
	for (at = 1; at <= t->capacity; at++)
		if (pair_at(t, at)->pair == 0)
			lru_spare(&t->pair_order, at);
}

static int
take_over(struct tries *t, struct errmsg *e)
{
	struct aged *list;

	list = calloc(t->capacity, sizeof(*list));
	if (list == NULL)
		return errmsg_set(e, "no memory to take over tries");
	adopt_tries(t, list);
	adopt_pairs(t, list);
	free(list);
	return 0;
}

static bool
is_ours(const struct tries *t)
{
	return t->header->magic == MAGIC &&
	    t->header->capacity == t->capacity &&
	    t->header->try_bytes == sizeof(struct try);
}

/* Under a new key nothing found matches any more, whatever it was. */
static void
write_header(struct tries *t)
{
	t->header->magic = 0;
	in_this_order();
	t->header->capacity = t->capacity;
	t->header->try_bytes = sizeof(struct try);
	/* It has worked in tries_open(). */
	(void)digest_key_fill(t->header->key);
	in_this_order();
	t->header->magic = MAGIC;
}

void
tries_reset(struct tries *t)
{
	memset(t->tries, 0, t->capacity * sizeof(*t->tries));
	memset(t->pairs, 0, t->capacity * sizeof(*t->pairs));
	lru_clear(&t->try_order);
	lru_clear(&t->pair_order);
	write_header(t);
}

static int
map(struct tries *t, int fd, struct errmsg *e)
{
	off_t end;
	void *at;

	/* Beyond the end of a file lies a SIGBUS. fstat(3) may be a system
	 * call that takes paths, which the sandbox has none of. */
	end = fd != -1 ? lseek(fd, 0, SEEK_END) : 0;
	if (fd != -1 && (end < 0 || (uintmax_t)end < t->map_bytes))
		return errmsg_set(e, "the memory for tries is too small");
	at = mmap(NULL, t->map_bytes, PROT_READ | PROT_WRITE,
	    fd == -1 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return errmsg_errno(e, errno, "no memory for %lu tries",
		    (unsigned long)t->capacity);
	(void)madvise(at, t->map_bytes, MADV_DONTDUMP);
	t->header = at;
	t->tries = (struct try *)(void *)(t->header + 1);
	t->pairs = (struct pair *)(void *)(t->tries + t->capacity);
	return 0;
}

int
tries_open(struct tries *t, uint32_t capacity, int fd, struct errmsg *e)
{
	static const struct tries_header untouched;
	unsigned char trial[DIGEST_KEY_BYTES];
	int rc = 0;

	memset(t, 0, sizeof(*t));
	/* Also where no key is made: digests want their library ready. */
	if (digest_key_fill(trial) == -1 || spread_init(&t->spread) == -1)
		return errmsg_set(e, "no randomness for a key");
	t->capacity = capacity;
	t->map_bytes = sizeof(*t->header) +
	    capacity * (sizeof(*t->tries) + sizeof(*t->pairs));
	if (map(t, fd, e) == -1 || lru_init(&t->try_order, capacity, e) == -1
	    || lru_init(&t->pair_order, capacity, e) == -1) {
		tries_close(t);
		return -1;
	}
	if (is_ours(t))
		rc = take_over(t, e);
	else if (memcmp(t->header, &untouched, sizeof(untouched)) == 0)
		write_header(t);	/* the other pages stay untouched */
	else
		tries_reset(t);
	if (rc == -1)
		tries_close(t);
	return rc;
}

void
tries_close(struct tries *t)
{
	if (t->header != NULL)
		(void)munmap(t->header, t->map_bytes);
	lru_fini(&t->try_order);
	lru_fini(&t->pair_order);
	memset(t, 0, sizeof(*t));
}

const unsigned char *
tries_key(const struct tries *t)
{
	return t->header->key;
}

int64_t
tries_newest(const struct tries *t)
{
	uint32_t try = lru_newest(&t->try_order);
	uint32_t pair = lru_newest(&t->pair_order);
	int64_t newest = INT64_MIN;

	if (try != LRU_NONE)
		newest = try_at(t, try)->seen_msec;
	if (pair != LRU_NONE && (int64_t)pair_at(t, pair)->used_msec > newest)
		newest = pair_at(t, pair)->used_msec;
	return newest;
}

bool
tries_refresh(struct tries *t, const struct try *try)
{
	uint32_t at = find_try(t, try);

	if (at == LRU_NONE)
		return false;
	try_at(t, at)->seen_msec = try->seen_msec;
	lru_touch(&t->try_order, at);
	return true;
}

void
tries_add(struct tries *t, const struct try *try)
{
	struct try *to = try_at(t, lru_take(&t->try_order, hash_of(t, try)));

	to->identity = try->identity;
	to->address = try->address;
	to->seen_msec = try->seen_msec;
	in_this_order();
	to->word = try->word;
}

void
tries_remove(struct tries *t, uint32_t at)
{
	struct try *try = try_at(t, at);

	lru_release(&t->try_order, at, hash_of(t, try));
	try->word = 0;
	in_this_order();
}

size_t
tries_count(const struct tries *t)
{
	return t->try_order.count;
}

uint32_t
tries_first(const struct tries *t)
{
	return lru_oldest(&t->try_order);
}

uint32_t
tries_next(const struct tries *t, uint32_t at)
{
	return lru_newer(&t->try_order, at);
}

const struct try *
tries_at(const struct tries *t, uint32_t at)
{
	return try_at(t, at);
}

bool
tries_knows(const struct tries *t, uint64_t identity, uint64_t pair)
{
	uint32_t count, oldest;

	return find_pair(t, identity, pair, &count, &oldest) != LRU_NONE;
}

static void
forget_pair(struct tries *t, uint32_t at)
{
	struct pair *p = pair_at(t, at);

	lru_release(&t->pair_order, at, hash_of_pair(t, p->identity));
	p->pair = 0;
	in_this_order();
}

void
tries_learn(struct tries *t, uint64_t identity, uint64_t pair,
    int64_t now_msec)
{
	uint32_t count, oldest, at;
	struct pair *p;

	at = find_pair(t, identity, pair, &count, &oldest);
	if (at != LRU_NONE) {
		pair_at(t, at)->used_msec = (uint64_t)now_msec & USED_MASK;
		lru_touch(&t->pair_order, at);
		return;
	}
	if (count >= PAIRS_OF_IDENTITY_MAX)
		forget_pair(t, oldest);
	else if (t->pair_order.count == t->capacity)
		forget_pair(t, lru_oldest(&t->pair_order));
	p = pair_at(t, lru_take(&t->pair_order, hash_of_pair(t, identity)));
	p->identity = short_identity(identity);
	p->used_msec = (uint64_t)now_msec & USED_MASK;
	in_this_order();
	p->pair = pair;
}
