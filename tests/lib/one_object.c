/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/one_object.h"

static int get(struct store *s, const char *key, uint64_t offset, uint64_t size,
	       struct buffer *out, struct err *e)
{
	struct bytes data = ((struct one_object *)(void *)s)->data;

	(void)key;
	if (data.data == NULL)
		return 1;
	if (offset > data.size || size > data.size - offset)
		return err_set(e, ERR_DATA, "out of range");
	buffer_append(out, data.data + offset, size > 0 ? size : data.size - offset);
	return 0;
}

static int object_size(struct store *s, const char *key, uint64_t *out, struct err *e)
{
	(void)key;
	(void)e;
	*out = ((struct one_object *)(void *)s)->data.size;
	return ((struct one_object *)(void *)s)->data.data == NULL;
}

static const struct store_ops ops = { .get = get, .size = object_size };

struct one_object one_object_of(struct bytes data)
{
	return (struct one_object){ { &ops }, data };
}
