/* SPDX-License-Identifier: Apache-2.0 */
/* Places of a log as people write them. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "source/mysql/decoder.h"
#include "source/mysql/mysql.h"

/* MariaDB's GTIDs are 0-1-77, MySQL's have a colon. */
static bool is_mariadb(const char *gtids)
{
	return strchr(gtids, ':') == NULL;
}

/* FILE:OFFSET; a GTID has no point in front of its last colon. */
static bool parse_file(struct mysql_position *out, const char *place)
{
	const char *colon = strrchr(place, ':');
	size_t size = colon != NULL ? (size_t)(colon - place) : 0;

	if (size == 0 || size >= sizeof(out->file) || memchr(place, '.', size) == NULL ||
	    !text_parse_uint(bytes_of_text(colon + 1), &out->offset))
		return false;
	memcpy(out->file, place, size);
	out->file[size] = '\0';
	return true;
}

static int parse_place(struct mysql_position *out, const char *place, struct err *e)
{
	*out = (struct mysql_position){ .gtids.is_mariadb = is_mariadb(place) };
	if (parse_file(out, place))
		return 0;
	if (gtid_set_parse(&out->gtids, out->gtids.is_mariadb, bytes_of_text(place), e) == 0 && out->gtids.count > 0)
		return 0;
	return err_set(e, ERR_CONFIG, "\"%.100s\" is no place of a MySQL log: write a GTID such as 0-1-77 or UUID:1-77, or FILE:OFFSET", place);
}

/* Of which server a position's GTIDs are, its text tells. */
static int parse_position(struct mysql_position *out, const char *position, struct err *e)
{
	struct json_parser p = { 0 };
	struct json_value root;
	const char *gtids = NULL;
	bool of_mariadb;
	int rc = json_parse(&p, bytes_of_text(position), &root, e);

	if (rc == 0)
		gtids = json_get_text(&root, "gtids");
	of_mariadb = gtids != NULL && is_mariadb(gtids);
	json_parser_release(&p);
	return rc == 0 ? mysql_position_parse(out, position, of_mariadb, e) : -1;
}

int mysql_position_has(bool *out, const char *position, const char *place, struct err *e)
{
	struct mysql_position outer, inner;
	int rc = 0;

	if (parse_place(&inner, place, e) < 0) {
		mysql_position_release(&inner);
		return -1;
	}
	if (parse_position(&outer, position, e) < 0) {
		mysql_position_release(&inner);
		return -1;
	}
	if (inner.gtids.count > 0 && outer.gtids.count == 0)
		rc = err_set(e, ERR_CONFIG, "the table's positions have no GTIDs: write FILE:OFFSET");
	else if (inner.gtids.count > 0)
		*out = position_reaches(&outer, &inner);
	else
		*out = place_compare(outer.file, outer.offset, inner.file, inner.offset) >= 0;
	mysql_position_release(&outer);
	mysql_position_release(&inner);
	return rc;
}
