/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes inside a JSON text, as MySQL's partial JSON updates have them. Texts are in the server's
 * canonical form (", " and ": ", keys ordered by length, then bytes) before and after.
 *
 * A patch cell: repeated {u8 operation, u32le path size, path, u32le value size, value}; the path is
 * MySQL's text ("$.a[0].\"b c\""), the value canonical JSON text, empty for REMOVE.
 */
#ifndef CHANGE_JSON_PATCH_H
#define CHANGE_JSON_PATCH_H

#include "base/bytes.h"
#include "base/err.h"

enum json_operation {
	JSON_REPLACE = 0, /* the value at path, which must exist */
	JSON_INSERT = 1,  /* new object member or array element at path */
	JSON_REMOVE = 2,
};

void json_patch_add(struct buffer *patch, enum json_operation op, struct bytes path,
		    struct bytes value);
/* Appends the patched form of `text`. A path that does not exist, or a malformed patch, is ERR_DATA. */
int json_patch_apply(struct buffer *out, struct bytes text, struct bytes patch, struct err *e);

#endif
