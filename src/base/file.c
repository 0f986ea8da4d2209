/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#define READ_BYTES 65536u

int file_read(struct buffer *out, const char *path, size_t bytes_max, struct err *e)
{
	size_t before = out->size;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t size = 1;

	if (fd < 0)
		return err_system(e, "could not open \"%s\"", path);
	while (rc == 0 && size > 0) {
		size = read(fd, buffer_grow(out, READ_BYTES), READ_BYTES);
		out->size -= READ_BYTES - (size > 0 ? (size_t)size : 0);
		if (size < 0)
			rc = err_system(e, "could not read \"%s\"", path);
		else if (out->size - before > bytes_max)
			rc = err_set(e, ERR_CONFIG, "\"%s\" has more than %zu bytes", path, bytes_max);
	}
	close(fd);
	return rc;
}
