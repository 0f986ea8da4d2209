/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "source/mysql/backoff.h"
#include "source/mysql/layout.h"
#include "source/mysql/rights.h"

static void additions_and_indexes_are_harmless(void **state)
{
	static const char *const statements[] = {
		"ALTER TABLE t ADD COLUMN c INT",
		"alter table `d`.`t` add c int default null first, add d varchar(9) after `x, y`",
		"ALTER TABLE t ADD (c INT, d DECIMAL(10,2))",
		"ALTER ONLINE TABLE IF EXISTS t ADD COLUMN IF NOT EXISTS c INT",
		"ALTER TABLE t ADD INDEX (a, b), ALGORITHM=INPLACE, LOCK=NONE",
		"ALTER TABLE t ADD CONSTRAINT x FOREIGN KEY (a) REFERENCES u (b)",
		"ALTER TABLE t DROP INDEX i, RENAME KEY a TO b, COMMENT 'drop column c, modify d'",
		"/* who */ ALTER TABLE t -- here\n ENGINE = InnoDB",
		"CREATE UNIQUE INDEX i ON t (a)", "DROP INDEX i ON t",
		"CREATE TABLE IF NOT EXISTS t (a INT)", "CREATE DATABASE IF NOT EXISTS d",
		"ALTER DATABASE d CHARACTER SET utf8mb4",
		"ALTER TABLE t COMMENT 'it''s, drop c'", "ALTER TABLE t COMMENT 'it\\'s, drop c'",
		"ALTER TABLE \"d\".\"a\"\"b\" ADD COLUMN c INT /*!80013 INVISIBLE */",
		"ALTER TABLE t /*M!100500 ADD */ INDEX (a)", "ALTER TABLE t ADD c INT # , drop d\n",
		"ALTER TABLE t MODIFY c BIGINT NOT NULL DEFAULT (1 + 2) COMMENT 'as', ADD d INT",
		"alter table t change column if exists `c` c decimal ( 12 , 2 ) unsigned first",
		"ALTER TABLE t FORCE --", "ALTER TABLE t FORCE /*/, drop d */", "ALTER TABLE t FORCE; DROP TABLE u",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		assert_int_equal(ddl_judge(bytes_of_text(statements[i]), true), DDL_HARMLESS);
}

static void what_may_change_rows_or_names_halts(void **state)
{
	static const char *const statements[] = {
		"ALTER TABLE t DROP COLUMN c", "ALTER TABLE t DROP c", "ALTER TABLE t ADD c INT, DROP d",
		"ALTER TABLE t CHANGE a b INT", "ALTER TABLE t MODIFY c DATETIME", "ALTER TABLE t MODIFY c FLOAT(7,2)",
		"ALTER TABLE t MODIFY c INT AS (a + 1)", "ALTER TABLE t MODIFY c INT PRIMARY KEY", "ALTER TABLE t MODIFY c ENUM('a')",
		"ALTER TABLE t MODIFY c", "ALTER TABLE t MODIFY c BIGINT, DROP d", "ALTER TABLE t MODIFY c DECIMAL(1",
		"ALTER TABLE t RENAME TO u", "ALTER TABLE t RENAME COLUMN a TO b",
		"ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "ALTER TABLE t ADD PRIMARY KEY (a)",
		"ALTER TABLE t ADD CONSTRAINT x PRIMARY KEY (a)", "ALTER TABLE t DROP PRIMARY KEY",
		"ALTER TABLE t DROP PARTITION p1", "ALTER TABLE t TRUNCATE PARTITION p1",
		"ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", "ALTER TABLE t DISCARD TABLESPACE",
		"ALTER TABLE t", "ALTER TABLE", "ALTER /*!50000 TABLE t DROP c */",
		"DROP TABLE t", "DROP DATABASE d", "RENAME TABLE t TO u", "CREATE OR REPLACE TABLE t (a INT)",
		"CREATE TABLE t (a INT)", "ALTER TABLE t ADD c INT, 'x", "",
		"ALTER IGNORE TABLE t ADD UNIQUE (a)", "ALTER TABLE t CONVERT TABLE u TO PARTITION p",
		"ALTER TABLE t ADD c INT DEFAULT 1--1, DROP d", "ALTER TABLE t COMMENT 'x\\\\', DROP d",
		"ALTER TABLE t ADD `a\\` INT, DROP `b`", "ALTER TABLE t FORCE, DROP `a``, FORCE`",
		"ALTER TABLE t.", "ALTER TABLE t ENGINE = BLACKHOLE", "ALTER TABLE t DROP INDEX `PRIMARY`",
		"ALTER TABLE t DROP CONSTRAINT IF EXISTS primary", "DROP INDEX `PRIMARY` ON t",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		assert_int_equal(ddl_judge(bytes_of_text(statements[i]), true), DDL_HALTS);
	/* our key may be that index */
	assert_int_equal(ddl_judge(BYTES_OF("ALTER TABLE t DROP INDEX i"), false), DDL_HALTS);
	assert_int_equal(ddl_judge(BYTES_OF("DROP INDEX i ON t"), false), DDL_HALTS);
	assert_int_equal(ddl_judge(BYTES_OF("ALTER TABLE t DROP CONSTRAINT u"), false), DDL_HALTS);
}

static void a_type_is_one_that_keeps_the_rows_or_not(void **state)
{
	static const struct {
		const char *sql, *known; /* the column's type so far */
		bool keeps, keeps_if_strict, is_done;
	} cases[] = {
		{ "ALTER TABLE t MODIFY c BIGINT", "bigint", true, true, true },
		{ "ALTER TABLE t MODIFY C INTEGER(11)", "int", true, true, true },
		{ "ALTER TABLE t MODIFY c INT", "bigint", true, true, false }, /* it was less in between */
		{ "ALTER TABLE t MODIFY c INT UNSIGNED", "bigint", false, true, true },
		{ "ALTER TABLE t MODIFY c BIGINT ZEROFILL", "bigint", false, true, false },
		{ "ALTER TABLE t MODIFY c SMALLINT", "int", false, true, true },
		{ "ALTER TABLE t MODIFY c DOUBLE PRECISION", "double", true, true, true },
		{ "ALTER TABLE t MODIFY c FLOAT", "double", true, true, false },
		{ "ALTER TABLE t MODIFY c DEC", "decimal(10,0)", true, true, true },
		{ "ALTER TABLE t MODIFY c DECIMAL(12,2)", "decimal(12,2)", true, true, true },
		{ "ALTER TABLE t MODIFY c DECIMAL(12,2)", "decimal(14,2)", true, true, false },
		{ "ALTER TABLE t MODIFY c DECIMAL(12,2) UNSIGNED", "decimal(12,2) unsigned", false, true, true },
		{ "ALTER TABLE t MODIFY c VARCHAR(20)", "varchar(10)", false, true, true },
		{ "ALTER TABLE t MODIFY c VARCHAR(20)", "varchar(30)", false, false, true },
		{ "ALTER TABLE t MODIFY c LONGTEXT", "varchar(30)", true, true, true },
		{ "ALTER TABLE t MODIFY c LONGTEXT", "int", true, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mysql_column *columns = memory_array(struct mysql_column, 1);
		struct mysql_table *t;
		struct err e = ERR_INIT;
		struct modify m;

		columns[0].name = memory_copy_text("c");
		columns[0].declared = memory_copy_text(cases[i].known);
		must(mysql_column_declare(&columns[0], cases[i].known, false, 1, &e), &e);
		must(mysql_table_new(&t, "d", "t", columns, 1, NULL, 0, &e), &e);
		assert_true(ddl_modified(bytes_of_text(cases[i].sql), 0, &m));
		assert_int_equal(modify_keeps_rows(&m, &columns[0], false), cases[i].keeps);
		assert_int_equal(modify_keeps_rows(&m, &columns[0], true), cases[i].keeps_if_strict);
		assert_int_equal(modify_is_done(&m, t), cases[i].is_done);
		assert_false(ddl_modified(bytes_of_text(cases[i].sql), 1, &m));
		mysql_table_free(t);
	}
}

static void changes_as_text_are_recognized(void **state)
{
	(void)state;
	assert_true(statement_is_dml(BYTES_OF("insert into t values (1)")));
	assert_true(statement_is_dml(BYTES_OF("/*!50000 UPDATE */ t SET a = 1")));
	assert_true(statement_is_dml(BYTES_OF("# x\nDELETE FROM t")));
	assert_false(statement_is_dml(BYTES_OF("CREATE TABLE t (a INT)")));
	assert_false(statement_is_dml(BYTES_OF("GRANT INSERT ON *.* TO u")));
	assert_true(statement_names(BYTES_OF("UPDATE `shop`.t SET a = 1"), "shop"));
	assert_true(statement_names(BYTES_OF("UPDATE Shop.t SET a = 1"), "shop"));
	assert_false(statement_names(BYTES_OF("UPDATE workshop.t SET a = 1"), "shop"));
}

static void pauses_grow_vary_and_end(void **state)
{
	struct backoff b = { .noise = 1 };
	int64_t now_us = 5, first_us, pause_us = 0, total_us = 0;
	int count = 0;

	(void)state;
	first_us = backoff_next(&b, now_us);
	assert_in_range(first_us, 50000, 100000);
	while ((pause_us = backoff_next(&b, now_us + total_us)) >= 0) {
		assert_in_range(pause_us, 50000, 5000000);
		total_us += pause_us;
		assert_true(++count < 200);
	}
	assert_in_range(total_us, 120000000, 130000000);
	backoff_reset(&b);
	assert_in_range(backoff_next(&b, 0), 50000, 100000);
}

static void grants_are_read_back(void **state)
{
	struct rights r = { 0 };

	(void)state;
	rights_add(&r, "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `c`@`%`");
	rights_add(&r, "GRANT INSERT, UPDATE (`a`, `b`) ON `sh``op`.`t` TO `c`@`%` WITH GRANT OPTION");
	rights_add(&r, "GRANT ALL PRIVILEGES ON `te\\_st%`.* TO `c`@`%`");
	rights_add(&r, "GRANT `role`@`%` TO `c`@`%`");
	rights_add(&r, "SOMETHING ELSE");
	assert_string_equal(r.user, "`c`@`%`");
	assert_true(rights_have(&r, "REPLICATION SLAVE", NULL, NULL));
	assert_true(rights_have(&r, "select", "any", "table"));
	assert_false(rights_have(&r, "RELOAD", NULL, NULL));
	assert_true(rights_have(&r, "INSERT", "sh`op", "t"));
	assert_false(rights_have(&r, "INSERT", "sh`op", "u"));
	assert_true(rights_have(&r, "DELETE", "te_st1", "u"));
	assert_false(rights_have(&r, "DELETE", NULL, NULL));
	assert_true(rights_have(&r, "GRANT OPTION", "sh`op", "t"));
	assert_int_equal(r.count, 7);
	rights_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(additions_and_indexes_are_harmless),
		cmocka_unit_test(what_may_change_rows_or_names_halts),
		cmocka_unit_test(a_type_is_one_that_keeps_the_rows_or_not),
		cmocka_unit_test(changes_as_text_are_recognized),
		cmocka_unit_test(pauses_grow_vary_and_end),
		cmocka_unit_test(grants_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
