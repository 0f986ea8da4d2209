/* SPDX-License-Identifier: Apache-2.0 */
/* Failure as a value: what the caller should do, and one sentence that says why. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_kind {
	ERR_NONE,
	ERR_RETRY,    /* transient: the same call may work later */
	ERR_CONFLICT, /* somebody else committed: reload the snapshot, merge again */
	ERR_CONFIG,   /* the user must change something; the text says what */
	ERR_DATA,     /* the peer sent what we cannot represent; stop before it */
	ERR_IO,       /* the system refused (disk, memory map, thread); stop */
	ERR_STOP,     /* not a failure: the user asked to stop; unwind quietly */
	ERR_KINDS,
};

struct err {
	enum err_kind kind;
	char text[480]; /* a sentence, outermost context first, no newline */
};

#define ERR_INIT ((struct err){ .kind = ERR_NONE })

/*
 * Both return -1, so that failing is one line. `err_set` replaces what is there; `err_wrap` puts
 * "context: " in front and keeps the kind. Too long a text is cut at the end.
 */
int err_set(struct err *e, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int err_wrap(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As err_set with ": <strerror(errno)>" at the end; the kind is ERR_IO. */
int err_system(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
