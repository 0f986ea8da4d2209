/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define NAME_BYTES_MAX 64

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit byte_units[] = {
	{ "", 1 }, { "B", 1 },
	{ "KiB", INT64_C(1) << 10 }, { "MiB", INT64_C(1) << 20 },
	{ "GiB", INT64_C(1) << 30 }, { "TiB", INT64_C(1) << 40 },
	{ "kB", 1000 }, { "KB", 1000 }, { "MB", 1000000 },
	{ "GB", 1000000000 }, { "TB", INT64_C(1000000000000) },
	{ 0 },
};

static const struct unit time_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "min", 60000 },
	{ "h", 3600000 }, { "d", 86400000 },
	{ 0 },
};

static void spell(struct buffer *out, const char *prefix, const char *name, bool upper)
{
	buffer_text(out, prefix);
	for (; *name != 0; name++) {
		bool is_mark = *name == '.' || *name == '_';

		buffer_char(out, is_mark ? (upper ? '_' : '-') :
				 upper ? (char)toupper((unsigned char)*name) : *name);
	}
}

void option_flag(struct buffer *out, const struct option *o)
{
	spell(out, "--", o->name, false);
}

void option_environment(struct buffer *out, const struct option *o)
{
	spell(out, "TAILRACE_", o->name, true);
}

const char *option_placeholder(const struct option *o)
{
	static const char *const words[OPTION_TYPES] = { "TEXT", "N", "BYTES", "TIME", "", "", "NAME=VALUE" };

	return o->type == OPTION_CHOICE ? o->choices : words[o->type];
}

static void *place(const struct option *o, void *values)
{
	return (char *)values + o->offset;
}

static void store_text(const struct option *o, void *values, const char *text)
{
	char **at = place(o, values);

	memory_free(*at);
	*at = memory_copy_text(text);
}

/* "64MiB": digits, then one of the units. A plain 0 needs none. */
static bool parse_quantity(const char *text, const struct unit *units, int64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	int64_t v;

	if (!text_parse_int((struct bytes){ (const uint8_t *)text, digits }, &v))
		return false;
	if (v == 0 && text[digits] == 0) {
		*out = 0;
		return true;
	}
	for (; units->name != NULL; units++) {
		if (strcmp(text + digits, units->name) == 0)
			return !__builtin_mul_overflow(v, units->factor, out);
	}
	return false;
}

static bool parse_number(const struct option *o, const char *text, int64_t *out)
{
	switch (o->type) {
	case OPTION_BYTES:
		return parse_quantity(text, byte_units, out);
	case OPTION_DURATION:
		return parse_quantity(text, time_units, out);
	default:
		return text_parse_int(bytes_of_text(text), out);
	}
}

static int store_number(const struct option *o, void *values, const char *text, const char *shown,
			struct err *e)
{
	static const char *const forms[OPTION_TYPES] = {
		[OPTION_INT] = "a whole number",
		[OPTION_BYTES] = "a size such as 64MiB",
		[OPTION_DURATION] = "a time such as 200ms, 10s or 5m",
	};
	static const char *const units[OPTION_TYPES] = {
		[OPTION_INT] = "", [OPTION_BYTES] = " bytes", [OPTION_DURATION] = " ms",
	};
	int64_t v;

	if (!parse_number(o, text, &v))
		return err_set(e, ERR_CONFIG, "%s: \"%s\" is not %s", shown, text, forms[o->type]);
	if (v < o->least || v > o->most)
		return err_set(e, ERR_CONFIG, "%s: %s is out of range: it goes from %lld to %lld%s", shown,
			       text, (long long)o->least, (long long)o->most, units[o->type]);
	memcpy(place(o, values), &v, sizeof(v));
	return 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		size_t width = strcspn(choices, "|");

		if (width == size && memcmp(choices, text, size) == 0)
			return true;
		if (choices[width] == 0)
			break;
		choices += width + 1;
	}
	return false;
}

static int store_flag(const struct option *o, void *values, const char *text, const char *shown,
		      struct err *e)
{
	bool is_set = strcmp(text, "true") == 0;

	if (!is_set && strcmp(text, "false") != 0)
		return err_set(e, ERR_CONFIG, "%s: \"%s\" is neither true nor false", shown, text);
	memcpy(place(o, values), &is_set, sizeof(is_set));
	return 0;
}

/* Each line needs a name. A later line of the same name counts. */
static int add_properties(const struct option *o, void *values, const char *text, const char *shown, struct err *e)
{
	struct buffer all = { 0 };
	char **at = place(o, values);

	for (const char *line = text; line != NULL; line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
		size_t name = strcspn(line, "=\n");

		if (name == 0 || line[name] != '=')
			return err_set(e, ERR_CONFIG, "%s: \"%.*s\" is not NAME=VALUE", shown, (int)strcspn(line, "\n"), line);
	}
	if (*at != NULL)
		buffer_format(&all, "%s\n", *at);
	buffer_text(&all, text);
	store_text(o, values, buffer_string(&all));
	buffer_release(&all);
	return 0;
}

int option_store(const struct option *o, void *values, const char *text, const char *shown,
		 struct err *e)
{
	switch (o->type) {
	case OPTION_TEXT:
		if (text[0] == 0)
			return err_set(e, ERR_CONFIG, "%s is empty", shown);
		store_text(o, values, text);
		return 0;
	case OPTION_CHOICE:
		if (!is_choice(o->choices, text))
			return err_set(e, ERR_CONFIG, "%s: \"%s\" is none of %s", shown, text, o->choices);
		store_text(o, values, text);
		return 0;
	case OPTION_PROPERTIES:
		return add_properties(o, values, text, shown, e);
	case OPTION_FLAG:
		return store_flag(o, values, text, shown, e);
	default:
		return store_number(o, values, text, shown, e);
	}
}

void option_defaults(const struct option *table, void *values)
{
	for (const struct option *o = table; o->name != NULL; o++) {
		struct err e = ERR_INIT;
		int rc = 0;

		if (o->fallback != NULL)
			rc = option_store(o, values, o->fallback, o->name, &e);
		assert(rc == 0);
	}
}

void option_release(const struct option *table, void *values)
{
	for (const struct option *o = table; o->name != NULL; o++) {
		if (o->type == OPTION_TEXT || o->type == OPTION_CHOICE || o->type == OPTION_PROPERTIES)
			store_text(o, values, NULL);
	}
}

uint32_t option_distance(const char *a, const char *b)
{
	uint32_t row[NAME_BYTES_MAX + 1];
	size_t width = strlen(b);

	if (width > NAME_BYTES_MAX || strlen(a) > NAME_BYTES_MAX)
		return UINT32_MAX;
	for (uint32_t j = 0; j <= width; j++)
		row[j] = j;
	for (uint32_t i = 1; a[i - 1] != 0; i++) {
		uint32_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			uint32_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[width];
}

bool option_is_near(const char *wrong, const char *name)
{
	size_t size = strlen(wrong);

	if (size >= 3 && strncmp(wrong, name, size) == 0)
		return true;
	return option_distance(wrong, name) <= (size > 8 ? 3 : size > 3 ? 2 : 1);
}
