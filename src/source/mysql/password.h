/* SPDX-License-Identifier: Apache-2.0 */
/* The password, from where it may stand: a file, a systemd credential, the environment. Never argv. */
#ifndef SOURCE_MYSQL_PASSWORD_H
#define SOURCE_MYSQL_PASSWORD_H

#include "base/err.h"

struct password {
	char *text; /* NUL-terminated; "" when none was given */
};

/*
 * `file` (--from-password-file), or else $CREDENTIALS_DIRECTORY/from-password, or else $MYSQL_PWD. One line
 * end behind the password is dropped. ERR_CONFIG when a file that was named cannot be read.
 */
int password_read(struct password *out, const char *file, struct err *e);
void password_wipe(struct password *p); /* overwrites, frees */

#endif
