/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the server for a set's table: every code that the set's structure allows, one
 * after the other, in one literal that the server converts to utf8mb4. Each code comes
 * back as one character; "?" for any other code than 0x3f means that the set has no such
 * code. A code outside the structure would void the whole answer, so the structure is
 * written down here.
 */
#include "source/mysql/charset_table.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

struct span {
	uint8_t first, last;
};

#define SPANS_MAX 3

struct structure {
	const char *name;
	struct span single[SPANS_MAX]; /* one-byte codes; {0, 0} ends */
	struct span lead[SPANS_MAX], trail[SPANS_MAX];
	struct span pair_after; /* 0x8e of the EUC sets: its own trail */
	bool has_triple;        /* 0x8f, then two of `trail` */
	bool has_four;
};

#define ASCII_SPAN { 0x00, 0x7f }

static const struct structure structures[] = {
	{ .name = "big5", .single = { ASCII_SPAN }, .lead = { { 0xa1, 0xf9 } },
	  .trail = { { 0x40, 0x7e }, { 0xa1, 0xfe } } },
	{ .name = "gbk", .single = { ASCII_SPAN }, .lead = { { 0x81, 0xfe } },
	  .trail = { { 0x40, 0x7e }, { 0x80, 0xfe } } },
	{ .name = "gb2312", .single = { ASCII_SPAN }, .lead = { { 0xa1, 0xf7 } },
	  .trail = { { 0xa1, 0xfe } } },
	{ .name = "euckr", .single = { ASCII_SPAN }, .lead = { { 0x81, 0xfe } },
	  .trail = { { 0x41, 0x5a }, { 0x61, 0x7a }, { 0x81, 0xfe } } },
	{ .name = "sjis", .single = { ASCII_SPAN, { 0xa1, 0xdf } },
	  .lead = { { 0x81, 0x9f }, { 0xe0, 0xfc } },
	  .trail = { { 0x40, 0x7e }, { 0x80, 0xfc } } },
	{ .name = "cp932", .single = { ASCII_SPAN, { 0xa1, 0xdf } },
	  .lead = { { 0x81, 0x9f }, { 0xe0, 0xfc } },
	  .trail = { { 0x40, 0x7e }, { 0x80, 0xfc } } },
	{ .name = "ujis", .single = { ASCII_SPAN }, .lead = { { 0xa1, 0xfe } },
	  .trail = { { 0xa1, 0xfe } }, .pair_after = { 0xa1, 0xdf }, .has_triple = true },
	{ .name = "eucjpms", .single = { ASCII_SPAN }, .lead = { { 0xa1, 0xfe } },
	  .trail = { { 0xa1, 0xfe } }, .pair_after = { 0xa1, 0xdf }, .has_triple = true },
	{ .name = "gb18030", .single = { ASCII_SPAN }, .lead = { { 0x81, 0xfe } },
	  .trail = { { 0x40, 0x7e }, { 0x80, 0xfe } }, .has_four = true },
};

static const char *const eight_bit[] = {
	"armscii8", "cp1250",  "cp1251", "cp1256",   "cp1257", "cp850",
	"cp852",    "cp866",   "dec8",   "geostd8",  "greek",  "hebrew",
	"hp8",      "keybcs2", "koi8r",  "koi8u",    "latin1", "latin2",
	"latin5",   "latin7",  "macce",  "macroman", "swe7",   "tis620",
};

static const struct structure eight_bit_structure = { .single = { { 0x00, 0xff } } };

static const struct structure *find_structure(const char *name)
{
	for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
		if (strcmp(structures[i].name, name) == 0)
			return &structures[i];
	}
	for (size_t i = 0; i < sizeof(eight_bit) / sizeof(eight_bit[0]); i++) {
		if (strcmp(eight_bit[i], name) == 0)
			return &eight_bit_structure;
	}
	return NULL;
}

/* Every code in order. The same walk makes the question and reads the answer. */
struct walk {
	void (*code)(struct walk *, const uint8_t *code, size_t size);
	struct buffer *out;      /* question */
	struct reader answer;
	struct charset *set;
	bool is_bad;
};

static bool in_spans(const struct span *spans, unsigned byte)
{
	for (int i = 0; i < SPANS_MAX; i++) {
		if (spans[i].last != 0 && byte >= spans[i].first && byte <= spans[i].last)
			return true;
	}
	return false;
}

static void walk_single(struct walk *w, const struct structure *s)
{
	for (unsigned b = 0; b < 256; b++) {
		if (in_spans(s->single, b))
			w->code(w, &(uint8_t){ (uint8_t)b }, 1);
	}
}

static void walk_trails(struct walk *w, const struct structure *s, const uint8_t *lead,
			size_t size)
{
	uint8_t code[3] = { lead[0], size > 1 ? lead[1] : 0 };

	for (unsigned b = 0; b < 256; b++) {
		code[size] = (uint8_t)b;
		if (in_spans(s->trail, b))
			w->code(w, code, size + 1);
	}
}

static void walk_pairs(struct walk *w, const struct structure *s)
{
	for (unsigned lead = 0; lead < 256; lead++) {
		if (in_spans(s->lead, lead))
			walk_trails(w, s, &(uint8_t){ (uint8_t)lead }, 1);
	}
	for (unsigned b = s->pair_after.first; b > 0 && b <= s->pair_after.last; b++)
		w->code(w, (const uint8_t[]){ 0x8e, (uint8_t)b }, 2);
	for (unsigned lead = 0; s->has_triple && lead < 256; lead++) {
		if (in_spans(s->lead, lead))
			walk_trails(w, s, (const uint8_t[]){ 0x8f, (uint8_t)lead }, 2);
	}
}

static void walk_four(struct walk *w, const struct structure *s)
{
	for (uint32_t n = 0; s->has_four && n < GB18030_BMP_CODES; n++) {
		uint8_t code[] = { (uint8_t)(0x81 + n / 12600),
				   (uint8_t)(0x30 + n / 1260 % 10),
				   (uint8_t)(0x81 + n / 10 % 126),
				   (uint8_t)(0x30 + n % 10) };

		w->code(w, code, sizeof(code));
	}
}

static void ask(struct walk *w, const uint8_t *code, size_t size)
{
	text_hex(w->out, (struct bytes){ code, size });
}

static void question(struct buffer *out, const char *name, const struct structure *s,
		     bool is_long)
{
	struct walk w = { .code = ask, .out = out };

	buffer_text(out, "SELECT CONVERT(CONVERT(X'");
	if (is_long) {
		walk_pairs(&w, s);
		walk_four(&w, s);
	} else {
		walk_single(&w, s);
	}
	buffer_format(out, "' USING %s) USING utf8mb4)", name);
	buffer_char(out, 0);
}

int charset_questions(const char *name, struct buffer *statements, uint32_t *count,
		      struct err *e)
{
	const struct structure *s = find_structure(name);

	if (s == NULL)
		return err_set(e, ERR_CONFIG, "character set \"%s\" is not supported",
			       name);
	question(statements, name, s, false);
	*count = 1;
	if (s->lead[0].last == 0)
		return 0;
	question(statements, name, s, true);
	*count = 2;
	return 0;
}

static uint32_t *plane(uint32_t **table, size_t count)
{
	if (*table == NULL) {
		*table = memory_array(uint32_t, count);
		memset(*table, 0xff, count * sizeof(**table));
	}
	return *table;
}

static void learn(struct walk *w, const uint8_t *code, size_t size)
{
	static const struct charset utf8 = { .kind = CHARSET_UTF8 };
	uint32_t point = charset_next(&utf8, &w->answer);
	struct charset *s = w->set;
	uint32_t number;

	if (w->answer.short_read || point == CHARSET_NO_CODE) {
		w->is_bad = true;
		return;
	}
	if (point == '?' && !(size == 1 && code[0] == '?'))
		point = CHARSET_NO_CODE;
	if (size == 1) {
		s->single[code[0]] = point;
		return;
	}
	s->single[code[0]] = CHARSET_LEAD;
	if (size == 2) {
		plane(&s->pair, CHARSET_PLANE)[code[0] << 8 | code[1]] = point;
	} else if (size == 3) {
		plane(&s->triple, CHARSET_PLANE)[code[1] << 8 | code[2]] = point;
	} else {
		number = ((uint32_t)(code[0] - 0x81) * 10 + (code[1] - 0x30u)) * 1260 +
			 (code[2] - 0x81u) * 10 + (code[3] - 0x30u);
		plane(&s->four, GB18030_BMP_CODES)[number] = point;
	}
}

static bool keeps_ascii(const struct charset *s)
{
	for (uint32_t b = 0; b < 0x80; b++) {
		if (s->single[b] != b)
			return false;
	}
	return true;
}

int charset_learn(struct charset_list *l, const char *name, const struct bytes *answers,
		  uint32_t count, struct err *e)
{
	const struct structure *s = find_structure(name);
	struct walk w = { .code = learn };
	struct charset set = { .kind = CHARSET_TABLE };

	if (s == NULL || count != (s->lead[0].last == 0 ? 1 : 2))
		return err_set(e, ERR_CONFIG, "character set \"%s\" is not supported",
			       name);
	memset(set.single, 0xff, sizeof(set.single));
	w.set = &set;
	w.answer = reader_of(answers[0]);
	walk_single(&w, s);
	w.is_bad = w.is_bad || reader_left(&w.answer) > 0;
	if (count > 1) {
		w.answer = reader_of(answers[1]);
		walk_pairs(&w, s);
		walk_four(&w, s);
		w.is_bad = w.is_bad || reader_left(&w.answer) > 0;
	}
	if (w.is_bad) {
		memory_free(set.pair);
		memory_free(set.triple);
		memory_free(set.four);
		return err_set(
			e, ERR_DATA,
			"the server's table of character set \"%s\" is not as expected",
			name);
	}
	set.keeps_ascii = keeps_ascii(&set);
	memcpy(set.name, name, strlen(name));
	*charset_add(l, name, CHARSET_TABLE) = set;
	return 0;
}
