/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/charset.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "source/mysql/charset_table.h"

#define REPLACEMENT 0xfffdu

struct charset_list {
	struct charset **sets;
	uint32_t count;
	char (*names)[32]; /* of bound collations; a set may be loaded later, or never */
	uint32_t name_count;
	uint8_t *name_of;  /* collation id -> index in names + 1 */
	uint32_t id_count;
};

struct charset *charset_add(struct charset_list *l, const char *name,
			    enum charset_kind kind)
{
	struct charset *s = memory_new(struct charset);

	assert(strlen(name) < sizeof(s->name));
	memcpy(s->name, name, strlen(name));
	s->kind = kind;
	s->keeps_ascii = kind == CHARSET_UTF8 || kind == CHARSET_ASCII;
	l->sets = memory_grow(l->sets, struct charset *, l->count + 1);
	l->sets[l->count++] = s;
	return s;
}

struct charset_list *charset_list_new(void)
{
	struct charset_list *l = memory_new(struct charset_list);

	charset_add(l, "utf8mb4", CHARSET_UTF8);
	charset_add(l, "utf8mb3", CHARSET_UTF8);
	charset_add(l, "utf8", CHARSET_UTF8);
	charset_add(l, "ascii", CHARSET_ASCII);
	charset_add(l, "ucs2", CHARSET_UCS2);
	charset_add(l, "utf16", CHARSET_UTF16);
	charset_add(l, "utf16le", CHARSET_UTF16LE);
	charset_add(l, "utf32", CHARSET_UTF32);
	return l;
}

void charset_list_free(struct charset_list *l)
{
	if (l == NULL)
		return;
	for (uint32_t i = 0; i < l->count; i++) {
		memory_free(l->sets[i]->pair);
		memory_free(l->sets[i]->triple);
		memory_free(l->sets[i]->four);
		memory_free(l->sets[i]);
	}
	memory_free(l->sets);
	memory_free(l->names);
	memory_free(l->name_of);
	memory_free(l);
}

const struct charset *charset_find(const struct charset_list *l, const char *name)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (strcmp(l->sets[i]->name, name) == 0)
			return l->sets[i];
	}
	return NULL;
}

const char *charset_name(const struct charset *c)
{
	return c->name;
}

static uint8_t name_index(struct charset_list *l, const char *name)
{
	for (uint32_t i = 0; i < l->name_count; i++) {
		if (strcmp(l->names[i], name) == 0)
			return (uint8_t)(i + 1);
	}
	assert(l->name_count < UINT8_MAX);
	l->names = memory_resize(l->names, l->name_count + 1, sizeof(*l->names));
	strncpy(l->names[l->name_count], name, sizeof(*l->names) - 1);
	l->names[l->name_count][sizeof(*l->names) - 1] = 0;
	return (uint8_t)++l->name_count;
}

void charset_bind_collation(struct charset_list *l, uint16_t id, const char *name)
{
	if (id >= l->id_count) {
		l->name_of = memory_resize(l->name_of, id + 1u, 1);
		memset(l->name_of + l->id_count, 0, id + 1u - l->id_count);
		l->id_count = id + 1u;
	}
	l->name_of[id] = name_index(l, name);
}

const char *charset_of_collation(const struct charset_list *l, uint16_t id)
{
	if (id >= l->id_count || l->name_of[id] == 0)
		return NULL;
	return l->names[l->name_of[id] - 1];
}

/* Bytes of one space, and where in them the 0x20 stands. */
static size_t space_width(const struct charset *s, size_t *at)
{
	size_t width = s->kind == CHARSET_UTF32 ? 4
		       : s->kind == CHARSET_UCS2 || s->kind == CHARSET_UTF16 ||
				       s->kind == CHARSET_UTF16LE
			       ? 2
			       : 1;

	*at = s->kind == CHARSET_UTF16LE ? 0 : width - 1;
	return width;
}

struct bytes charset_trim(const struct charset *s, struct bytes text)
{
	size_t at, width = space_width(s, &at);

	while (text.size >= width) {
		const uint8_t *last = text.data + text.size - width;
		bool is_space = last[at] == ' ';

		for (size_t i = 0; i < width; i++)
			is_space = is_space && (i == at || last[i] == 0);
		if (!is_space)
			break;
		text.size -= width;
	}
	return text;
}

static bool is_ascii(struct bytes text)
{
	size_t at = 0;
	uint64_t word;
	uint8_t bits = 0;

	for (; text.size - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text.data + at, sizeof(word));
		if ((word & 0x8080808080808080u) != 0)
			return false;
	}
	for (; at < text.size; at++)
		bits |= text.data[at];
	return bits < 0x80;
}

static bool convert(const struct charset *s, struct bytes text, struct buffer *out)
{
	struct reader r = reader_of(text);
	bool is_whole = true;

	while (reader_left(&r) > 0) {
		uint32_t code = charset_next(s, &r);

		if (code == CHARSET_NO_CODE || (code >= 0xd800 && code < 0xe000) ||
		    code > 0x10ffff) {
			code = REPLACEMENT;
			is_whole = false;
		}
		text_utf8(out, code);
	}
	return is_whole;
}

bool charset_append(const struct charset *s, struct bytes text, struct column *c)
{
	struct buffer out = { 0 };
	bool is_whole;

	if ((s->keeps_ascii && is_ascii(text)) ||
	    (s->kind == CHARSET_UTF8 && text_is_utf8(text))) {
		column_add_bytes(c, text.data, (uint32_t)text.size);
		return true;
	}
	is_whole = convert(s, text, &out);
	column_add_bytes(c, out.data, (uint32_t)out.size);
	buffer_release(&out);
	return is_whole;
}
