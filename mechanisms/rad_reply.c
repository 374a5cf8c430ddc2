/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_reply - takes what is an answer, and counts what is none.
 */
#include "config.h"

#include "mechanisms/rad_reply.h"

bool
rad_reply_take(struct rad_reply *r, const struct rad_question *q,
    const void *bytes, size_t len)
{
	const enum rad_judgement judgement = rad_codec_judge(q->packet, bytes,
	    len, &q->server->secret);

	switch (judgement) {
	case RAD_MALFORMED:
	case RAD_NO_ANSWER:
		r->ignored++;
		return false;
	case RAD_FORGED:
		r->forged++;
		return false;
	case RAD_NOT_SIGNED:
		if (q->any_signature)
			break;
		r->unsigned_answers++;
		return false;
	case RAD_BADLY_SIGNED:
		r->badly_signed++;
		return false;
	case RAD_CANNOT_TELL:
		r->no_digest = true;
		return false;
	case RAD_GENUINE:
		break;
	}
	r->answered = true;
	r->code = rad_codec_code(bytes);
	rad_codec_text(bytes, RAD_REPLY_MESSAGE, r->message,
	    sizeof(r->message));
	return true;
}

void
rad_reply_explain(const struct rad_reply *r, struct errmsg *e)
{
	if (r->no_digest)
		(void)errmsg_set(e, "libcrypto refuses MD5, which RADIUS "
		    "needs");
	else if (r->unsigned_answers > 0)
		(void)errmsg_set(e, "answers without Message-Authenticator "
		    "were ignored");
	else if (r->badly_signed > 0)
		(void)errmsg_set(e, "answers with a wrong "
		    "Message-Authenticator were ignored");
	else if (r->forged > 0)
		(void)errmsg_set(e, "answers with a wrong authenticator were "
		    "ignored: is the secret right?");
	else if (r->trouble.text[0] != '\0')
		(void)errmsg_set(e, "%s", r->trouble.text);
	else if (r->ignored > 0)
		(void)errmsg_set(e, "what came was no answer to what was "
		    "asked");
	else
		(void)errmsg_set(e, "no answer to %u tries", r->sent);
}
