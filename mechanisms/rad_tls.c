/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_tls - see rad_tls.h.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/io.h"
#include "common/network.h"
#include "mechanisms/rad_tls.h"

#define LENGTH_END 4		/* of a packet, its length is known then */
#define UNHEARD_MSEC 3000	/* a kernel acknowledges at once */
#define KEEPALIVE_SEC 60	/* less than firewalls remember */
#define STRAYS_MAX 64		/* that may come between two requests */

struct rad_tls {
	SSL_CTX *context;
	/* The connection; NULL and -1: none. */
	SSL *ssl;
	int fd;
	const struct rad_server *server;
	size_t len;		/* bytes of a packet that is not whole yet */
	unsigned char in[RAD_PACKET_MAX];
};

/* What a step came to. */
enum step { STEP_DONE, STEP_LOST, STEP_TIMED_OUT };

/* ---- setting up ------------------------------------------------------- */

/* What libssl says last, which is what is nearest to us. */
static int
explain(struct errmsg *e, const char *what)
{
	const unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return errmsg_set(e, "%s: %s", what,
	    reason != NULL ? reason : "failed");
}

/* Of a file the system says more than what libssl makes of it. */
static int
explain_file(struct errmsg *e, const char *key, const char *path)
{
	const unsigned long first = ERR_peek_error();

	if (ERR_GET_LIB(first) == ERR_LIB_SYS) {
		ERR_clear_error();
		(void)errmsg_errno(e, ERR_GET_REASON(first), "%s", path);
	} else
		(void)explain(e, path);
	return errmsg_prefix(e, "%s", key);
}

/* libssl would ask the terminal, and wait: at the start, and whenever files
 * change. */
static int
no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
load(SSL_CTX *c, const struct rad_settings *s, struct errmsg *e)
{
	if (s->cacert_file[0] != '\0' && SSL_CTX_load_verify_locations(c,
	    s->cacert_file, NULL) != 1)
		return explain_file(e, "radius_tls_cacert_file",
		    s->cacert_file);
	if (s->cacert_dir[0] != '\0' && SSL_CTX_load_verify_locations(c,
	    NULL, s->cacert_dir) != 1)
		return explain_file(e, "radius_tls_cacert_dir",
		    s->cacert_dir);
	if (s->cert[0] == '\0')
		return 0;
	SSL_CTX_set_default_passwd_cb(c, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(c, s->cert) != 1)
		return explain_file(e, "radius_tls_cert", s->cert);
	if (SSL_CTX_use_PrivateKey_file(c, s->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(c) != 1)
		return explain_file(e, "radius_tls_key", s->key);
	return 0;
}

struct rad_tls *
rad_tls_new(const struct rad_settings *s, struct errmsg *e)
{
	struct rad_tls *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		(void)errmsg_set(e, "out of memory");
		return NULL;
	}
	t->fd = -1;
	t->context = SSL_CTX_new(TLS_client_method());
	if (t->context == NULL ||
	    SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) != 1) {
		(void)explain(e, "TLS");
		goto fail;
	}
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	if (load(t->context, s, e) == -1)
		goto fail;
	return t;
fail:
	rad_tls_free(t);
	return NULL;
}

static void
hang_up(struct rad_tls *t)
{
	if (t->ssl != NULL)
		(void)SSL_shutdown(t->ssl);	/* says so; waits for nothing */
	SSL_free(t->ssl);
	ERR_clear_error();
	t->ssl = NULL;
	io_close(&t->fd);
	t->server = NULL;
	t->len = 0;
}

void
rad_tls_free(struct rad_tls *t)
{
	if (t == NULL)
		return;
	hang_up(t);
	SSL_CTX_free(t->context);
	free(t);
}

/* ---- steps that wait -------------------------------------------------- */

static enum step
wait_for(int fd, short events, const struct deadline *d)
{
	struct pollfd p = { .fd = fd, .events = events };
	int ready;

	do
		ready = poll(&p, 1, deadline_poll_msec(d));
	while (ready == -1 && errno == EINTR);
	return ready > 0 ? STEP_DONE : STEP_TIMED_OUT;
}

/* A call of libssl returned `result`, no success: wait for what it wants.
 * STEP_DONE: call it again. */
static enum step
wait_for_ssl(struct rad_tls *t, int result, const char *what,
    const struct deadline *d, struct errmsg *e)
{
	const long verified = SSL_get_verify_result(t->ssl);
	const int error = SSL_get_error(t->ssl, result);

	switch (error) {
	case SSL_ERROR_WANT_READ:
		return wait_for(t->fd, POLLIN, d);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(t->fd, POLLOUT, d);
	}
	if (verified != X509_V_OK)
		(void)errmsg_set(e, "%s: %s", what,
		    X509_verify_cert_error_string(verified));
	else if (error == SSL_ERROR_SSL)
		(void)explain(e, what);
	else
		(void)errmsg_set(e, "%s: the server closed the connection",
		    what);
	ERR_clear_error();
	return STEP_LOST;
}

/* A peer that went away without a word (a firewall that forgot an idle
 * connection) shows while nobody waits, or after half of a question's time at
 * most: the question is put again over a fresh connection then. */
static void
notice_silence(int fd, const struct rad_server *s)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
#ifdef TCP_KEEPIDLE
	const int idle = KEEPALIVE_SEC;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof(idle));
#endif
#ifdef TCP_USER_TIMEOUT
	const int64_t half = s->timeout_msec * s->tries / 2;
	const unsigned msec = half < UNHEARD_MSEC ? (unsigned)half :
	    UNHEARD_MSEC;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &msec,
	    sizeof(msec));
#else
	(void)s;
#endif
}

static int
connect_to(const struct rad_server *s, const struct rad_address *at,
    const struct deadline *d, struct errmsg *e)
{
	int fd = socket(at->at.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;
	socklen_t len = sizeof(error);

	if (fd == -1 || (connect(fd, (const struct sockaddr *)&at->at,
	    at->len) == -1 && errno != EINPROGRESS))
		goto fail;
	if (wait_for(fd, POLLOUT, d) != STEP_DONE) {
		errno = ETIMEDOUT;
		goto fail;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		goto fail;
	if (error != 0) {
		errno = error;
		goto fail;
	}
	notice_silence(fd, s);
	return fd;
fail:
	(void)errmsg_errno(e, errno, "connect");
	io_close(&fd);
	return -1;
}

/* The certificate has to be that of the name, or address, in the settings:
 * RFC 6614, section 2.3. */
static int
expect_name(SSL *ssl, const char *host)
{
	struct network_address address;

	if (network_address_parse(&address, host) == 0)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
		    host) == 1 ? 0 : -1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 &&
	    SSL_set_tlsext_host_name(ssl, host) == 1 ? 0 : -1;
}

static enum step
greet(struct rad_tls *t, const struct rad_server *s,
    const struct deadline *d, struct errmsg *e)
{
	enum step step = STEP_DONE;
	int result = 0;

	t->ssl = SSL_new(t->context);
	if (t->ssl == NULL || expect_name(t->ssl, s->host) == -1 ||
	    SSL_set_fd(t->ssl, t->fd) != 1) {
		(void)explain(e, "TLS");
		return STEP_LOST;
	}
	while (step == STEP_DONE && (result = SSL_connect(t->ssl)) != 1)
		step = wait_for_ssl(t, result, "TLS", d, e);
	return step;
}

/* The first address that answers. */
static enum step
dial(struct rad_tls *t, const struct rad_question *q,
    struct rad_addresses *a, const struct deadline *d, struct errmsg *e)
{
	enum step step = STEP_LOST;
	size_t i;

	if (rad_addresses_get(a, q->server, d, e) == -1)
		return STEP_LOST;
	for (i = 0; i < a->count && t->fd == -1; i++)
		t->fd = connect_to(q->server,
		    &a->list[(a->first + i) % a->count], d, e);
	if (t->fd != -1)
		step = greet(t, q->server, d, e);
	t->server = q->server;
	if (step != STEP_DONE) {
		hang_up(t);
		rad_addresses_turn(a);
	}
	return step;
}

/* ---- packets ---------------------------------------------------------- */

static enum step
put(struct rad_tls *t, const struct rad_packet *p, const struct deadline *d,
    struct errmsg *e)
{
	enum step step = STEP_DONE;
	int result = 0;

	while (step == STEP_DONE && (result = SSL_write(t->ssl, p->bytes,
	    (int)p->len)) <= 0)
		step = wait_for_ssl(t, result, "send", d, e);
	return step;
}

/* How many bytes the packet has that begins; what cannot be one ends the
 * connection, for where the next one begins nobody knows. */
static size_t
length_of(const struct rad_tls *t)
{
	return t->len < LENGTH_END ? LENGTH_END :
	    (size_t)t->in[2] << 8 | t->in[3];
}

/* One more packet into t->in, or what is there of it until the deadline. */
static enum step
get(struct rad_tls *t, const struct deadline *d, struct errmsg *e)
{
	enum step step = STEP_DONE;
	size_t wanted;
	int n;

	while (step == STEP_DONE) {
		wanted = length_of(t);
		if (t->len >= LENGTH_END && (wanted < RAD_PACKET_MIN ||
		    wanted > RAD_PACKET_MAX)) {
			(void)errmsg_set(e, "what the server sends is not "
			    "RADIUS");
			return STEP_LOST;
		}
		if (t->len == wanted)
			return STEP_DONE;
		n = SSL_read(t->ssl, t->in + t->len,
		    (int)(wanted - t->len));
		if (n > 0)
			t->len += (size_t)n;
		else
			step = wait_for_ssl(t, n, "receive", d, e);
	}
	return step;
}

/* Is the kept connection there? What came meanwhile was for nobody. */
static bool
is_kept(struct rad_tls *t, const struct rad_server *s)
{
	const struct deadline now = deadline_in_msec(0);
	struct errmsg e;
	enum step step = STEP_DONE;
	unsigned i;

	if (t->server != s)
		hang_up(t);
	if (t->ssl == NULL)
		return false;
	for (i = 0; i < STRAYS_MAX &&
	    (step = get(t, &now, &e)) == STEP_DONE; i++)
		t->len = 0;
	if (step != STEP_TIMED_OUT)
		hang_up(t);
	return t->ssl != NULL;
}

static enum step
put_and_get(struct rad_tls *t, const struct rad_question *q,
    const struct deadline *d, struct rad_reply *r)
{
	enum step step;

	r->sent++;
	step = put(t, q->packet, d, &r->trouble);
	while (step == STEP_DONE) {
		step = get(t, d, &r->trouble);
		if (step != STEP_DONE)
			break;
		if (rad_reply_take(r, q, t->in, t->len)) {
			t->len = 0;
			return STEP_DONE;
		}
		t->len = 0;
		if (deadline_passed(d))
			step = STEP_TIMED_OUT;
	}
	hang_up(t);
	return step;
}

void
rad_tls_ask(struct rad_tls *t, const struct rad_question *q,
    struct rad_addresses *a, struct rad_reply *r_r)
{
	const struct deadline d = deadline_min(q->deadline,
	    deadline_in_msec(q->server->timeout_msec * q->tries));
	bool kept = is_kept(t, q->server), again;

	*r_r = (struct rad_reply)RAD_REPLY_INIT;
	ERR_clear_error();
	do {
		r_r->trouble.text[0] = '\0';
		if (!kept && dial(t, q, a, &d, &r_r->trouble) != STEP_DONE)
			return;
		again = put_and_get(t, q, &d, r_r) == STEP_LOST && kept;
		kept = false;
	} while (again);
}
