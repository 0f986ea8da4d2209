/* SPDX-License-Identifier: Apache-2.0 */
/* The column types: the class of each, and how much metadata it has in the log. */
#include "source/mysql/value.h"

static const struct {
	enum mysql_class class;
	int meta_size;
} types[] = {
	[MYSQL_TINY] = { CLASS_INTEGER, 0 },
	[MYSQL_SHORT] = { CLASS_INTEGER, 0 },
	[MYSQL_INT24] = { CLASS_INTEGER, 0 },
	[MYSQL_LONG] = { CLASS_INTEGER, 0 },
	[MYSQL_LONGLONG] = { CLASS_INTEGER, 0 },
	[MYSQL_YEAR] = { CLASS_YEAR, 0 },
	[MYSQL_NEWDECIMAL] = { CLASS_DECIMAL, 2 },
	[MYSQL_FLOAT] = { CLASS_REAL, 1 },
	[MYSQL_DOUBLE] = { CLASS_REAL, 1 },
	[MYSQL_BIT] = { CLASS_BIT, 2 },
	[MYSQL_DATE] = { CLASS_DATE, 0 },
	[MYSQL_NEWDATE] = { CLASS_DATE, 0 },
	[MYSQL_DATETIME] = { CLASS_DATETIME, 0 },
	[MYSQL_DATETIME2] = { CLASS_DATETIME, 1 },
	[MYSQL_TIMESTAMP] = { CLASS_TIMESTAMP, 0 },
	[MYSQL_TIMESTAMP2] = { CLASS_TIMESTAMP, 1 },
	[MYSQL_TIME] = { CLASS_TIME, 0 },
	[MYSQL_TIME2] = { CLASS_TIME, 1 },
	[MYSQL_ENUM] = { CLASS_ENUM, 2 },
	[MYSQL_SET] = { CLASS_SET, 2 },
	[MYSQL_STRING] = { CLASS_CHAR, 2 },
	[MYSQL_VARCHAR] = { CLASS_VARCHAR, 2 },
	[MYSQL_VAR_STRING] = { CLASS_VARCHAR, 2 },
	[MYSQL_MARIADB_VARCHAR_COMPRESSED] = { CLASS_VARCHAR, 2 },
	[MYSQL_TINY_BLOB] = { CLASS_BLOB, 1 },
	[MYSQL_MEDIUM_BLOB] = { CLASS_BLOB, 1 },
	[MYSQL_LONG_BLOB] = { CLASS_BLOB, 1 },
	[MYSQL_BLOB] = { CLASS_BLOB, 1 },
	[MYSQL_MARIADB_BLOB_COMPRESSED] = { CLASS_BLOB, 1 },
	[MYSQL_JSON] = { CLASS_JSON, 1 },
	[MYSQL_VECTOR] = { CLASS_VECTOR, 1 },
	[MYSQL_GEOMETRY] = { CLASS_GEOMETRY, 1 },
	[MYSQL_NULL] = { CLASS_NULL, 0 },
};

enum mysql_class mysql_class_of(unsigned type)
{
	return type < sizeof(types) / sizeof(types[0]) ? types[type].class : CLASS_UNKNOWN;
}

int mysql_meta_size(unsigned type)
{
	return mysql_class_of(type) != CLASS_UNKNOWN ? types[type].meta_size : -1;
}
