/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of editions: what a reload leaves to be found in the cache.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "front/editions.h"
#include "tests/unit/unit.h"

#define THREE "backend a {\nmechanism: pam\n}\n" \
	"backend b {\nmechanism: pam\n}\nbackend c {\nmechanism: pam\n}\n" \
	"route abc {\nrealm: abc\nstep: a denied=next\nstep: b\nstep: c\n}\n" \
	"route b {\nstep: b\n}\n"
/* Another order, without a, with d. */
#define OTHER "backend c {\nmechanism: pam\n}\n" \
	"backend d {\nmechanism: pam\n}\nbackend b {\nmechanism: pam\n}\n" \
	"route b {\nstep: b\n}\nroute dc {\nstep: d\nstep: c\n}\n"

/* A site and its editions, as a generation has them. */
struct age {
	struct site site;
	struct editions editions;
};

static uint64_t last;

static void
read_site(struct age *age, const char *text)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e = ERRMSG_INIT;

	assert_int_equal(conf_read_text(&es, "conf", text, strlen(text), &e),
	    0);
	assert_int_equal(site_build(&age->site, &es, NULL, NULL), 0);
	conf_entries_fini(&es);
}

static void
begin(struct age *age, const char *text)
{
	last = 0;
	read_site(age, text);
	assert_int_equal(editions_init(&age->editions, &age->site, NULL, NULL,
	    &last), 0);
}

/* All of a name are the same, but for this one. */
static void
follow(struct age *age, const char *text, const struct age *before,
    const char *changed)
{
	size_t same[SITE_BACKENDS_MAX], i;
	const char *name;

	read_site(age, text);
	for (i = 0; i < age->site.backend_count; i++) {
		name = age->site.backends[i].name;
		same[i] = site_find_backend(&before->site, name);
		if (same[i] == before->site.backend_count ||
		    strcmp(name, changed) == 0)
			same[i] = EDITIONS_NONE;
	}
	assert_int_equal(editions_init(&age->editions, &age->site,
	    &before->editions, same, &last), 0);
}

static void
end(struct age *age)
{
	editions_fini(&age->editions);
	site_fini(&age->site);
}

static const char *
chain_of(const struct age *age, size_t route)
{
	return editions_chain(&age->editions, &age->site,
	    &age->site.routes[route]);
}

static unsigned
slot_of(const struct age *age, const char *backend)
{
	return age->editions.slot[site_find_backend(&age->site, backend)];
}

static void
test_first(void **state)
{
	struct age age;

	(void)state;
	begin(&age, THREE);
	assert_string_equal(chain_of(&age, 0), "1,2,3 a denied=next,b,c");
	assert_string_equal(chain_of(&age, 1), "2 b");
	assert_int_equal(slot_of(&age, "a"), 0);
	assert_int_equal(slot_of(&age, "b"), 1);
	assert_int_equal(slot_of(&age, "c"), 2);
	assert_ptr_equal(editions_route(&age.editions, &age.site, "2 b"),
	    &age.site.routes[1]);
	assert_null(editions_route(&age.editions, &age.site, "b"));
	assert_null(editions_route(&age.editions, &age.site, "3 b"));
	end(&age);
}

static void
test_nothing_changed(void **state)
{
	struct age one, two;

	(void)state;
	begin(&one, THREE);
	follow(&two, THREE, &one, "");
	assert_string_equal(chain_of(&two, 0), chain_of(&one, 0));
	assert_string_equal(chain_of(&two, 1), chain_of(&one, 1));
	end(&one);
	end(&two);
}

static void
test_changed(void **state)
{
	struct age one, two;

	(void)state;
	begin(&one, THREE);
	follow(&two, THREE, &one, "a");
	assert_string_equal(chain_of(&two, 0), "4,2,3 a denied=next,b,c");
	assert_string_equal(chain_of(&two, 1), "2 b");
	/* The slot is free, so it may be taken. */
	assert_int_equal(slot_of(&two, "a"), 0);
	end(&one);
	end(&two);
}

/* The slots go with the backends, whatever the order. */
static void
test_other_order(void **state)
{
	struct age one, two;

	(void)state;
	begin(&one, THREE);
	follow(&two, OTHER, &one, "");
	assert_string_equal(chain_of(&two, 0), "2 b");
	assert_string_equal(chain_of(&two, 1), "4,3 d,c");
	assert_int_equal(slot_of(&two, "b"), 1);
	assert_int_equal(slot_of(&two, "c"), 2);
	assert_int_equal(slot_of(&two, "d"), 0);
	end(&one);
	end(&two);
}

static void
test_removed_and_added_again(void **state)
{
	struct age one, two, three;

	(void)state;
	begin(&one, THREE);
	follow(&two, OTHER, &one, "");
	follow(&three, THREE, &two, "");
	assert_string_equal(chain_of(&three, 0), "5,2,3 a denied=next,b,c");
	assert_string_equal(chain_of(&three, 1), "2 b");
	assert_int_equal(slot_of(&three, "b"), 1);
	end(&one);
	end(&two);
	end(&three);
}

static void
test_renew(void **state)
{
	struct age one, two;

	(void)state;
	begin(&one, THREE);
	assert_int_equal(editions_renew(&one.editions, &one.site, 1, &last),
	    0);
	assert_string_equal(chain_of(&one, 0), "1,4,3 a denied=next,b,c");
	assert_string_equal(chain_of(&one, 1), "4 b");
	/* It stays so. */
	follow(&two, THREE, &one, "c");
	assert_string_equal(chain_of(&two, 0), "1,4,5 a denied=next,b,c");
	end(&one);
	end(&two);
}

/* As many backends as may be, all of them new. */
static void
test_all_slots(void **state)
{
	char text[SITE_BACKENDS_MAX * 40 + 40] = "";
	bool taken[SITE_BACKENDS_MAX] = { false };
	struct age one, two;
	size_t i;

	(void)state;
	for (i = 0; i < SITE_BACKENDS_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) -
		    strlen(text), "backend b%zu {\nmechanism: pam\n}\n", i);
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
	    "route r {\nstep: b63\n}\n");
	begin(&one, text);
	for (i = 0; i < 2; i++)
		one.editions.slot[i] = 1 - (unsigned)i;
	follow(&two, text, &one, "b5");
	for (i = 0; i < SITE_BACKENDS_MAX; i++) {
		assert_false(taken[two.editions.slot[i]]);
		taken[two.editions.slot[i]] = true;
	}
	assert_int_equal(two.editions.slot[0], 1);
	assert_int_equal(two.editions.slot[5], 5);
	end(&one);
	end(&two);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_nothing_changed),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_other_order),
		cmocka_unit_test(test_removed_and_added_again),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_all_slots)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
