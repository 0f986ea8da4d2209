/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path is followed through the text itself, and the text around the place is kept byte
 * for byte. Everything is bounded by the text; nesting costs no stack.
 */
#include "change/json_patch.h"

#include <string.h>

#include "base/text.h"

void json_patch_add(struct buffer *patch, enum json_operation op, struct bytes path,
		    struct bytes value)
{
	buffer_char(patch, (char)op);
	buffer_u32le(patch, (uint32_t)path.size);
	buffer_bytes_append(patch, path);
	buffer_u32le(patch, (uint32_t)value.size);
	buffer_bytes_append(patch, value);
}

struct leg {
	bool is_index;
	bool is_from_end; /* [last], [last-1] … */
	uint64_t index;
	struct buffer key; /* unescaped */
};

/* A member or element: [start, value) is the key with its ": " (elements: nothing),
 * [value, end) the value. */
struct item {
	size_t start, value, end;
};

struct document {
	const uint8_t *text;
	size_t size;
};

static uint8_t at(const struct document *d, size_t i)
{
	return i < d->size ? d->text[i] : 0;
}

static size_t skip_space(const struct document *d, size_t i)
{
	while (at(d, i) == ' ' || at(d, i) == '\t' || at(d, i) == '\n' ||
	       at(d, i) == '\r')
		i++;
	return i;
}

/* The place behind a string that begins at `i`; the size when it does not end. */
static size_t skip_string(const struct document *d, size_t i)
{
	for (i++; i < d->size && d->text[i] != '"'; i++)
		i += d->text[i] == '\\';
	return i < d->size ? i + 1 : d->size;
}

/* The place behind a value that begins at `i`. */
static size_t skip_value(const struct document *d, size_t i)
{
	size_t depth = 0;

	do {
		uint8_t c = at(d, i);

		if (c == '"') {
			i = skip_string(d, i);
		} else if (c == '{' || c == '[') {
			depth++;
			i++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return i;
			depth--;
			i++;
		} else if (c == ',' && depth == 0) {
			return i;
		} else {
			i++;
		}
		if (depth == 0 && (c == '"' || c == '}' || c == ']'))
			return i;
	} while (i < d->size);
	return i;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int unescape_unicode(struct buffer *out, struct reader *r)
{
	uint32_t code = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(reader_u8(r));

		if (digit < 0)
			return -1;
		code = code << 4 | (uint32_t)digit;
	}
	text_utf8(out, code);
	return 0;
}

/* The inside of a JSON string. */
static int unescape(struct buffer *out, struct bytes text)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	struct reader r = reader_of(text);

	while (reader_left(&r) > 0) {
		uint8_t c = reader_u8(&r);
		const char *known;

		if (c != '\\') {
			buffer_char(out, (char)c);
			continue;
		}
		c = reader_u8(&r);
		known = c != 0 ? strchr(from, c) : NULL;
		if (r.short_read)
			return -1;
		if (c != 'u')
			buffer_char(out, known != NULL ? to[known - from] : (char)c);
		else if (unescape_unicode(out, &r) < 0)
			return -1;
	}
	return 0;
}

static bool is_open(uint8_t c)
{
	return c == '.' || c == '[';
}

/* "[3]", "[last]", "[last-2]"; `*i` on the bracket. */
static int read_index(struct leg *leg, const struct document *path, size_t *i)
{
	size_t start = *i + 1, end;

	leg->is_from_end = path->size - start > 4 && memcmp(path->text + start, "last", 4) == 0;
	start += leg->is_from_end ? 4 : 0;
	leg->index = 0;
	if (leg->is_from_end && at(path, start) == ']') {
		*i = start + 1;
		return 0;
	}
	start += leg->is_from_end && at(path, start) == '-';
	for (end = start; at(path, end) >= '0' && at(path, end) <= '9';)
		end++;
	*i = end + 1;
	return at(path, end) == ']' &&
			       text_parse_uint((struct bytes){ path->text + start, end - start },
					       &leg->index)
		       ? 0
		       : -1;
}

/* Takes one leg off the path at `*i`. */
static int read_leg(struct leg *leg, const struct document *path, size_t *i)
{
	size_t start = *i + 1, end = start;

	buffer_clear(&leg->key);
	leg->is_index = at(path, *i) == '[';
	if (leg->is_index)
		return read_index(leg, path, i);
	if (at(path, start) == '"') {
		end = skip_string(path, start);
		*i = end;
		if (end < start + 2)
			return -1;
		return unescape(&leg->key, (struct bytes){ path->text + start + 1,
							   end - start - 2 });
	}
	while (end < path->size && !is_open(path->text[end]))
		end++;
	*i = end;
	buffer_append(&leg->key, path->text + start, end - start);
	return end > start ? 0 : -1;
}

/*
 * Walks the container's items from `*i`, which stands behind its bracket or behind an
 * item. 1: an item; 0: the end, `*i` on the closing bracket; -1: malformed.
 */
static int next_item(const struct document *d, bool is_object, bool is_first, size_t *i,
		     struct item *out)
{
	size_t place = skip_space(d, *i);
	uint8_t c = at(d, place);

	if (c == (is_object ? '}' : ']')) {
		*i = place;
		return 0;
	}
	if (!is_first) {
		if (c != ',')
			return -1;
		place = skip_space(d, place + 1);
	}
	out->start = out->value = place;
	if (is_object) {
		if (at(d, place) != '"')
			return -1;
		place = skip_space(d, skip_string(d, place));
		if (at(d, place) != ':')
			return -1;
		out->value = skip_space(d, place + 1);
	}
	out->end = skip_value(d, out->value);
	*i = out->end;
	return out->end > out->value && out->end < d->size ? 1 : -1;
}

/* Order of keys in the server's objects: by length, then by bytes. */
static int compare_keys(const struct document *d, const struct item *item,
			const struct leg *leg)
{
	size_t end = skip_string(d, item->start);
	struct buffer key = { 0 };
	int order;

	(void)unescape(
		&key, (struct bytes){ d->text + item->start + 1, end - item->start - 2 });
	if (key.size != leg->key.size)
		order = key.size < leg->key.size ? -1 : 1;
	else
		order = key.size > 0 ? memcmp(key.data, leg->key.data, key.size) : 0;
	buffer_release(&key);
	return order;
}

struct place {
	struct item item;	    /* the leg's, when found */
	bool is_found;
	bool is_whole;		    /* [0] of what is no array: the value itself */
	size_t insert_at;	    /* where a new item goes */
	bool has_before, has_after; /* items around that place */
};

/* The leg's index counted from the front; a place in front of the first is UINT64_MAX. */
static int resolve_index(const struct document *d, size_t start, const struct leg *leg,
			 uint64_t *out)
{
	size_t i = start + 1;
	uint64_t count = 0;
	struct item item;
	int rc;

	*out = leg->index;
	if (!leg->is_from_end)
		return 0;
	while ((rc = next_item(d, false, count == 0, &i, &item)) > 0)
		count++;
	*out = count > leg->index ? count - 1 - leg->index : UINT64_MAX;
	return rc;
}

/* Looks the leg up in the container that begins at `start`. */
static int find(const struct document *d, size_t start, const struct leg *leg, struct place *out)
{
	bool is_object = !leg->is_index;
	size_t i = start + 1;
	struct item item;
	uint64_t index = 0, wanted = 0;
	int rc;

	*out = (struct place){ .insert_at = i };
	if (leg->is_index && at(d, start) != '[') {
		out->is_found = out->is_whole = leg->index == 0;
		out->item = (struct item){ start, start, skip_value(d, start) };
		return 0;
	}
	if (is_object && at(d, start) != '{')
		return -1;
	if (leg->is_index && resolve_index(d, start, leg, &wanted) < 0)
		return -1;
	while ((rc = next_item(d, is_object, index == 0, &i, &item)) > 0) {
		int order = is_object ? compare_keys(d, &item, leg)
				      : (index > wanted) - (index < wanted);

		if (order >= 0) {
			out->has_after = true;
			out->is_found = order == 0;
			out->item = item;
			out->insert_at = item.start;
			return 0;
		}
		out->has_before = true;
		out->insert_at = item.end;
		index++;
	}
	return rc;
}

static void splice(struct buffer *text, size_t from, size_t to,
		   const struct buffer *new_text)
{
	struct buffer out = { 0 };

	buffer_reserve(&out, 1); /* an empty text has a place, too */
	buffer_append(&out, text->data, from);
	buffer_append(&out, new_text->data, new_text->size);
	buffer_append(&out, text->data + to, text->size - to);
	buffer_release(text);
	*text = out;
}

static void insert_item(struct buffer *text, const struct leg *leg, const struct place *p,
			struct bytes value)
{
	struct buffer piece = { 0 };

	if (!p->has_after && p->has_before)
		buffer_text(&piece, ", ");
	if (!leg->is_index) {
		text_json(&piece, buffer_bytes(&leg->key));
		buffer_text(&piece, ": ");
	}
	buffer_bytes_append(&piece, value);
	if (p->has_after)
		buffer_text(&piece, ", ");
	splice(text, p->insert_at, p->insert_at, &piece);
	buffer_release(&piece);
}

/* With the separator behind it, or, of the last item, in front. */
static void remove_item(struct buffer *text, const struct place *p)
{
	struct document d = { text->data, text->size };
	size_t from = p->item.start, to = skip_space(&d, p->item.end);
	struct buffer nothing = { 0 };

	if (at(&d, to) == ',') {
		to = skip_space(&d, to + 1);
	} else {
		to = p->item.end;
		while (p->has_before && from > 0 && d.text[from] != ',')
			from--;
	}
	splice(text, from, to, &nothing);
}

static int change_item(struct buffer *text, uint8_t operation, const struct leg *leg,
		       const struct place *p, struct bytes value)
{
	struct buffer new_text = { (uint8_t *)(uintptr_t)value.data, value.size,
				   value.size };

	switch (operation) {
	case JSON_REPLACE:
		if (p->is_found)
			splice(text, p->item.value, p->item.end, &new_text);
		return p->is_found ? 0 : -1;
	case JSON_INSERT:
		if ((p->is_found && !leg->is_index) || p->is_whole)
			return -1;
		insert_item(text, leg, p, value);
		return 0;
	case JSON_REMOVE:
		if (!p->is_found || p->is_whole)
			return -1;
		remove_item(text, p);
		return 0;
	default:
		return -1;
	}
}

static int apply_one(struct buffer *text, uint8_t operation, struct bytes path_text,
		     struct bytes value)
{
	struct document path = { path_text.data, path_text.size },
			d = { text->data, text->size };
	size_t i = 1, start = skip_space(&d, 0);
	struct buffer new_text = { (uint8_t *)(uintptr_t)value.data, value.size,
				   value.size };
	struct leg leg = { 0 };
	struct place p = { 0 };
	int rc = at(&path, 0) == '$' ? 0 : -1;

	if (rc == 0 && path.size == 1 && operation == JSON_REPLACE) {
		splice(text, 0, text->size, &new_text);
		return 0;
	}
	if (path.size == 1)
		return -1;
	while (rc == 0 && i < path.size) {
		rc = !is_open(at(&path, i)) || read_leg(&leg, &path, &i) < 0 ||
				     find(&d, start, &leg, &p) < 0
			     ? -1
			     : 0;
		if (rc < 0 || i >= path.size)
			break;
		rc = p.is_found ? 0 : -1;
		start = p.item.value;
	}
	if (rc == 0)
		rc = change_item(text, operation, &leg, &p, value);
	buffer_release(&leg.key);
	return rc;
}

int json_patch_apply(struct buffer *out, struct bytes text, struct bytes patch,
		     struct err *e)
{
	struct reader r = reader_of(patch);
	struct buffer now = { 0 };
	int rc = 0;

	buffer_reserve(&now, 1);
	buffer_bytes_append(&now, text);
	while (rc == 0 && reader_left(&r) > 0) {
		uint8_t operation = reader_u8(&r);
		struct bytes path = reader_bytes(&r, reader_u32le(&r));
		struct bytes value = reader_bytes(&r, reader_u32le(&r));

		if (r.short_read)
			rc = err_set(e, ERR_DATA, "a JSON patch is malformed");
		else if (apply_one(&now, operation, path, value) < 0)
			rc = err_set(e, ERR_DATA,
				     "a JSON patch does not fit its document at \"%.*s\"",
				     path.size > 100 ? 100 : (int)path.size,
				     (const char *)path.data);
	}
	if (rc == 0)
		buffer_bytes_append(out, buffer_bytes(&now));
	buffer_release(&now);
	return rc;
}
