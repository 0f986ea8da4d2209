/* SPDX-License-Identifier: Apache-2.0 */
/* Small files of the user's, read whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/bytes.h"
#include "base/err.h"

/* Appends the file's content. ERR_IO; ERR_CONFIG when it has more than `bytes_max`. */
int file_read(struct buffer *out, const char *path, size_t bytes_max, struct err *e);

#endif
