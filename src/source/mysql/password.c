/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"

#define PASSWORD_BYTES_MAX 4096
#define CREDENTIAL "from-password"

static int read_all(int file, const char *path, char *text, size_t *size, struct err *e)
{
	*size = 0;
	for (;;) {
		ssize_t got = read(file, text + *size, PASSWORD_BYTES_MAX - *size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, ERR_CONFIG, "could not read the password file \"%s\": %s", path,
				       strerror(errno));
		if (got == 0)
			return 0;
		*size += (size_t)got;
		if (*size == PASSWORD_BYTES_MAX)
			return err_set(e, ERR_CONFIG, "the password file \"%s\" is longer than %d bytes",
				       path, PASSWORD_BYTES_MAX - 1);
	}
}

static int read_file(struct password *out, const char *path, struct err *e)
{
	char *text = memory_take(1, PASSWORD_BYTES_MAX + 1);
	int file = open(path, O_RDONLY | O_CLOEXEC), rc;
	size_t size = 0;

	if (file < 0) {
		memory_free(text);
		return err_set(e, ERR_CONFIG, "could not open the password file \"%s\": %s", path,
			       strerror(errno));
	}
	rc = read_all(file, path, text, &size, e);
	close(file);
	if (rc == 0 && size > 0 && text[size - 1] == '\n')
		size--;
	if (rc == 0 && size > 0 && text[size - 1] == '\r')
		size--;
	text[size] = '\0';
	if (rc == 0 && strlen(text) != size)
		rc = err_set(e, ERR_CONFIG, "the password file \"%s\" has a NUL byte", path);
	*out = (struct password){ text };
	if (rc < 0)
		password_wipe(out);
	return rc;
}

int password_read(struct password *out, const char *file, struct err *e)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *text = getenv("MYSQL_PWD");
	struct buffer path = { 0 };
	int rc = 0;

	*out = (struct password){ 0 };
	if (file != NULL)
		return read_file(out, file, e);
	if (folder != NULL) {
		buffer_format(&path, "%s/" CREDENTIAL, folder);
		if (access(buffer_string(&path), F_OK) == 0)
			rc = read_file(out, buffer_string(&path), e);
		buffer_release(&path);
	}
	if (rc == 0 && out->text == NULL)
		out->text = memory_copy_text(text != NULL ? text : "");
	return rc;
}

void password_wipe(struct password *p)
{
	if (p->text != NULL)
		explicit_bzero(p->text, strlen(p->text));
	memory_free(p->text);
	p->text = NULL;
}
