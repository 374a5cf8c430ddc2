/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay - a main() for a fuzz target without libFuzzer: every file named on
 * the command line is given to it once. So any compiler replays the corpora.
 */
#include "config.h"

#include "common/io.h"
#include "tests/fuzz/fuzz.h"

#define FILE_MAX (1024 * 1024)	/* bytes of one input */

int
main(int argc, char **argv)
{
	struct errmsg e;
	char *text;
	size_t len;
	int i;

	for (i = 1; i < argc; i++) {
		if (io_read_file(argv[i], FILE_MAX, &text, &len, &e) == -1) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		(void)LLVMFuzzerTestOneInput((const uint8_t *)text, len);
		free(text);
	}
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? 0 : 1;
}
