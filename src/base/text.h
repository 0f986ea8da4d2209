/* SPDX-License-Identifier: Apache-2.0 */
/* Text in and out: UTF-8, JSON strings, numbers, hex. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

bool text_is_utf8(struct bytes text);
/* A JSON string with its quotes. The text must be UTF-8; control characters become \u00xx. */
void text_json(struct buffer *out, struct bytes text);
void text_json_string(struct buffer *out, const char *text); /* NULL becomes null */
void text_int(struct buffer *out, int64_t v);
void text_uint(struct buffer *out, uint64_t v);
/* The shortest decimal text that reads back as the same value; "NaN", "Infinity", "-Infinity". */
void text_double(struct buffer *out, double v);
void text_float(struct buffer *out, float v);
void text_hex(struct buffer *out, struct bytes b);    /* lower case */
void text_base64(struct buffer *out, struct bytes b); /* RFC 4648 §4, with padding */
/* Decodes all of `text` to `out`, which has room for its size / 4 * 3 + 3; the bytes written, or -1. §5: URL-safe. */
long text_base64_decode(uint8_t *out, struct bytes text, bool is_url_safe);
/* false unless the whole text is a number in range. */
bool text_parse_int(struct bytes text, int64_t *out);
bool text_parse_uint(struct bytes text, uint64_t *out);
/* For a line on a terminal: with '?' for each control character. NULL is "". Cut to `size`; returns `out`. */
const char *text_plain(char *out, size_t size, const char *text);
/* Appends the UTF-8 form of a code point (0..0x10ffff). */
void text_utf8(struct buffer *out, uint32_t code_point);
/* Size of the first `characters` characters of UTF-8 text, or of all of it. */
size_t text_prefix(struct bytes text, unsigned characters);
/*
 * Makes the text the next one above all that begin with it: the last character is raised by one, those
 * that cannot be raised are dropped. false: there is none, and nothing is left of the text.
 */
bool text_raise(struct buffer *text);
/* Matches `*` (any run of characters); everything else is itself. */
bool text_glob(const char *pattern, const char *text);

#endif
