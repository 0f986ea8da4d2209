/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/sql_scan.h"

#include <string.h>
#include <strings.h>

static uint8_t peek(const struct reader *r, size_t ahead)
{
	struct reader look = *r;

	reader_skip(&look, ahead);
	return reader_u8(&look);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(uint8_t c)
{
	return c == '_' || c == '$' || c >= 0x80 || (c >= '0' && c <= '9') ||
	       (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void skip_line(struct reader *r)
{
	while (reader_left(r) > 0 && reader_u8(r) != '\n')
		;
}

static void skip_comment(struct reader *r)
{
	reader_skip(r, 2);
	while (reader_left(r) > 1 && !(peek(r, 0) == '*' && peek(r, 1) == '/'))
		reader_skip(r, 1);
	reader_skip(r, reader_left(r) < 2 ? reader_left(r) : 2);
}

/* Comments that begin with "!50100" or "M!" hold SQL: only their frame is stepped over. */
static bool skip_executable(struct reader *r)
{
	size_t frame = peek(r, 2) == '!'                        ? 3
		       : peek(r, 2) == 'M' && peek(r, 3) == '!' ? 4
								: 0;

	if (frame == 0)
		return false;
	reader_skip(r, frame);
	while (peek(r, 0) >= '0' && peek(r, 0) <= '9')
		reader_skip(r, 1);
	return true;
}

static void skip_blank(struct reader *r)
{
	while (reader_left(r) > 0) {
		uint8_t c = peek(r, 0), next = peek(r, 1);

		if (is_space(c))
			reader_skip(r, 1);
		else if (c == '#' || (c == '-' && next == '-' &&
				      (is_space(peek(r, 2)) || reader_left(r) == 2)))
			skip_line(r);
		else if (c == '*' && next == '/') /* the end of an executable comment */
			reader_skip(r, 2);
		else if (c != '/' || next != '*')
			return;
		else if (!skip_executable(r))
			skip_comment(r);
	}
}

static void scan_quoted(struct scanner *s, uint8_t quote)
{
	const uint8_t *start;
	bool has_escapes = quote != '`';

	reader_skip(&s->r, 1);
	start = s->r.at;
	while (reader_left(&s->r) > 0 &&
	       !(peek(&s->r, 0) == quote && peek(&s->r, 1) != quote)) {
		bool is_pair = peek(&s->r, 0) == quote ||
			       (has_escapes && peek(&s->r, 0) == '\\');

		reader_skip(&s->r, is_pair && reader_left(&s->r) > 1 ? 2 : 1);
	}
	s->now = (struct token){ .kind = quote == '\'' ? TOKEN_TEXT : TOKEN_QUOTED,
				 .text = { start, (size_t)(s->r.at - start) },
				 .mark = (char)quote };
	reader_skip(&s->r, reader_left(&s->r) > 0);
}

void scanner_next(struct scanner *s)
{
	const uint8_t *start;
	uint8_t c;

	skip_blank(&s->r);
	s->now = (struct token){ .kind = TOKEN_END };
	if (reader_left(&s->r) == 0)
		return;
	start = s->r.at;
	c = peek(&s->r, 0);
	if (c == '`' || c == '"' || c == '\'') {
		scan_quoted(s, c);
		return;
	}
	s->now.kind = is_word(c) ? TOKEN_WORD : TOKEN_MARK;
	s->now.mark = is_word(c) ? 0 : (char)c;
	do
		reader_skip(&s->r, 1);
	while (s->now.kind == TOKEN_WORD && is_word(peek(&s->r, 0)));
	s->now.text = (struct bytes){ start, (size_t)(s->r.at - start) };
}

struct scanner scanner_of(struct bytes sql)
{
	struct scanner s = { .r = reader_of(sql) };

	scanner_next(&s);
	return s;
}

bool token_reads(const struct token *t, const char *word)
{
	return t->text.size == strlen(word) &&
	       strncasecmp((const char *)t->text.data, word, t->text.size) == 0;
}

bool scanner_is(const struct scanner *s, const char *word)
{
	return s->now.kind == TOKEN_WORD && token_reads(&s->now, word);
}

bool scanner_is_one_of(const struct scanner *s, const char *const *words)
{
	while (*words != NULL && !scanner_is(s, *words))
		words++;
	return *words != NULL;
}

bool scanner_is_mark(const struct scanner *s, char mark)
{
	return s->now.kind == TOKEN_MARK && s->now.mark == mark;
}

bool scanner_accept(struct scanner *s, const char *word)
{
	if (!scanner_is(s, word))
		return false;
	scanner_next(s);
	return true;
}

bool scanner_accept_mark(struct scanner *s, char mark)
{
	if (!scanner_is_mark(s, mark))
		return false;
	scanner_next(s);
	return true;
}

void scanner_skip(struct scanner *s, const char *const *words)
{
	while (scanner_is_one_of(s, words))
		scanner_next(s);
}

void scanner_skip_exists(struct scanner *s)
{
	if (!scanner_accept(s, "IF"))
		return;
	(void)scanner_accept(s, "NOT");
	(void)scanner_accept(s, "EXISTS");
}

bool scanner_name(struct scanner *s, char *out, size_t size)
{
	size_t used = 0;

	if (s->now.kind != TOKEN_WORD && s->now.kind != TOKEN_QUOTED)
		return false;
	for (size_t i = 0; i < s->now.text.size; i++) {
		uint8_t c = s->now.text.data[i];

		if (used == size - 1 || c == 0) {
			used = 0;
			break;
		}
		out[used++] = (char)c;
		if (s->now.kind == TOKEN_QUOTED && c == (uint8_t)s->now.mark)
			i++;
	}
	out[used] = 0;
	scanner_next(s);
	return used > 0;
}
