/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl_checkpass - ask through the real libsasl2, as a server does.
 *
 *	sasl_checkpass APPNAME SERVICE [REALM]
 *
 * APPNAME.conf in the directory $SASL_CONF_PATH holds pwcheck_method and
 * saslauthd_path. Each input line is a user and a password in hexadecimal
 * ("-" for an empty one); each output line is the code of sasl_checkpass(3):
 * 0 is SASL_OK, -1 SASL_FAIL, -13 SASL_BADAUTH.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <sasl/sasl.h>

#define VALUE_MAX 16384		/* bytes; above every limit on the way */
#define LINE_MAX_BYTES (2 * 2 * VALUE_MAX + 3)

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Decode in place; -1 when it is no hexadecimal text. */
static int
unhex(char *text, size_t *len_r)
{
	size_t n = strlen(text), i;

	if (strcmp(text, "-") == 0)
		n = 0;
	if (n % 2 != 0)
		return -1;
	for (i = 0; i < n; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		text[i / 2] = (char)(high << 4 | low);
	}
	text[n / 2] = '\0';
	*len_r = n / 2;
	return 0;
}

static bool
ask(sasl_conn_t *conn, char *line)
{
	char *user = line, *password = strchr(line, ' ');
	size_t user_len, password_len;

	if (password == NULL)
		return false;
	*password++ = '\0';
	password[strcspn(password, "\n")] = '\0';
	if (unhex(user, &user_len) != 0 ||
	    unhex(password, &password_len) != 0)
		return false;
	printf("%d\n", sasl_checkpass(conn, user, (unsigned)user_len,
	    password, (unsigned)password_len));
	return true;
}

int
main(int argc, char **argv)
{
	static char line[LINE_MAX_BYTES];
	sasl_conn_t *conn;
	int code, status = EX_OK;

	if (argc < 3 || argc > 4) {
		fprintf(stderr,
		    "usage: sasl_checkpass APPNAME SERVICE [REALM]\n");
		return EX_USAGE;
	}
	code = sasl_server_init(NULL, argv[1]);
	if (code == SASL_OK)
		code = sasl_server_new(argv[2], NULL, argv[3], NULL, NULL,
		    NULL, 0, &conn);
	if (code != SASL_OK) {
		fprintf(stderr, "%s\n", sasl_errstring(code, NULL, NULL));
		return EX_CONFIG;
	}
	while (status == EX_OK && fgets(line, sizeof(line), stdin) != NULL) {
		if (!ask(conn, line)) {
			fprintf(stderr, "not USER PASSWORD in hexadecimal\n");
			status = EX_DATAERR;
		}
	}
	sasl_dispose(&conn);
	sasl_done();
	return status;
}
