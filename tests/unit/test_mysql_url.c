/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "source/mysql/password.h"
#include "source/mysql/selection.h"
#include "source/mysql/url.h"

static void whole_url_is_taken_apart(void **state)
{
	struct err e = ERR_INIT;
	struct mysql_url u;

	(void)state;
	assert_int_equal(mysql_url_parse(&u, "mysql://c%40d@db.example:3307/shop.a%2Eb,c,crm", &e), 0);
	assert_string_equal(u.user, "c@d");
	assert_string_equal(u.host, "db.example");
	assert_int_equal(u.port, 3307);
	assert_null(u.socket);
	assert_int_equal(u.name_count, 3);
	assert_string_equal(u.names[0].database, "shop");
	assert_string_equal(u.names[0].table, "a.b");
	assert_string_equal(u.names[1].database, "shop");
	assert_string_equal(u.names[1].table, "c");
	assert_string_equal(u.names[2].table, "crm");
	assert_false(mysql_url_is_local(&u));
	mysql_url_release(&u);
}

static void databases_and_sockets_and_ipv6(void **state)
{
	struct err e = ERR_INIT;
	struct mysql_url u;

	(void)state;
	assert_int_equal(mysql_url_parse(&u, "mariadb://r@localhost/shop,crm?socket=%2Frun%2Fm.sock", &e), 0);
	assert_string_equal(u.socket, "/run/m.sock");
	assert_int_equal(u.name_count, 2);
	assert_null(u.names[1].table);
	assert_true(mysql_url_is_local(&u));
	mysql_url_release(&u);
	assert_int_equal(mysql_url_parse(&u, "mysql://r@[::1]:33/x", &e), 0);
	assert_string_equal(u.host, "::1");
	assert_int_equal(u.port, 33);
	assert_true(mysql_url_is_local(&u));
	mysql_url_release(&u);
}

static void a_password_in_the_url_is_refused_and_not_shown(void **state)
{
	struct err e = ERR_INIT;
	struct mysql_url u;

	(void)state;
	assert_int_equal(mysql_url_parse(&u, "mysql://root:hunter2@h/x", &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "--from-password-file"));
	assert_null(strstr(e.text, "hunter2"));
}

static void bad_urls_are_configuration_errors(void **state)
{
	static const char *const urls[] = {
		"postgres://a@b/c", "mysql:/a@b", "mysql://host/db", "mysql://@host/db", "mysql://u@/db",
		"mysql://u@h:0/db", "mysql://u@h:99999/db", "mysql://u@h:x/db", "mysql://u@[::1/db",
		"mysql://u@[::1]x/db", "mysql://u@h/a,,b", "mysql://u@h/a?x=1", "mysql://u@h/a?socket=/s",
		"mysql://u%4@h/a", "mysql://u%00@h/a", "mysql://u%zz@h/a", "mysql://u@h/%",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct err e = ERR_INIT;
		struct mysql_url u;

		assert_int_equal(mysql_url_parse(&u, urls[i], &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
	}
}

static bool tls(const char *url, const char *word, const char *ca)
{
	struct err e = ERR_INIT;
	struct mysql_url u;
	bool wants;

	assert_int_equal(mysql_url_parse(&u, url, &e), 0);
	wants = mysql_url_wants_tls(&u, word, ca);
	mysql_url_release(&u);
	return wants;
}

static void only_what_stays_on_the_machine_is_plain(void **state)
{
	(void)state;
	assert_true(tls("mysql://u@10.0.0.1/d", "verify", NULL));
	assert_true(tls("mysql://u@127.evil.example/d", NULL, NULL));
	assert_false(tls("mysql://u@127.0.0.1/d", "verify", NULL));
	assert_false(tls("mysql://u@127.8.9.1/d", "verify", NULL));
	assert_false(tls("mysql://u@localhost/d?socket=/s", "verify", NULL));
	assert_true(tls("mysql://u@127.0.0.1/d", "verify", "ca.pem"));
	assert_false(tls("mysql://u@10.0.0.1/d", "off", NULL));
}

static bool has(const char *url, const char *tables, const char *excluded, const char *database,
		const char *table)
{
	struct err e = ERR_INIT;
	struct selection s;
	struct mysql_url u;
	bool found;

	assert_int_equal(mysql_url_parse(&u, url, &e), 0);
	assert_int_equal(selection_make(&s, &u, tables, excluded, &e), 0);
	found = selection_has(&s, database, table);
	selection_release(&s);
	mysql_url_release(&u);
	return found;
}

static void patterns_narrow_the_url(void **state)
{
	(void)state;
	assert_true(has("mysql://u@h/shop", NULL, NULL, "shop", "orders"));
	assert_false(has("mysql://u@h/shop", NULL, NULL, "crm", "orders"));
	assert_false(has("mysql://u@h/shop.orders", NULL, NULL, "shop", "items"));
	assert_true(has("mysql://u@h/shop", "shop.o*", NULL, "shop", "orders"));
	assert_false(has("mysql://u@h/shop", "shop.o*", NULL, "shop", "items"));
	assert_false(has("mysql://u@h/shop", NULL, "*.tmp_*", "shop", "tmp_1"));
	assert_true(has("mysql://u@h/", "*.*", NULL, "any", "table"));
	assert_false(has("mysql://u@h/", "*.*", NULL, "mysql", "user"));
	assert_false(has("mysql://u@h/", "*.*", NULL, "performance_schema", "threads"));
	assert_true(has("mysql://u@h/", "orders", NULL, "shop", "orders"));
}

static void a_pattern_without_effect_is_an_error(void **state)
{
	struct err e = ERR_INIT;
	struct selection s;
	struct mysql_url u;

	(void)state;
	assert_int_equal(mysql_url_parse(&u, "mysql://u@h/shop", &e), 0);
	assert_int_equal(selection_make(&s, &u, NULL, "shop.nothing", &e), 0);
	assert_true(selection_has(&s, "shop", "orders"));
	assert_int_equal(selection_check(&s, &e), -1);
	assert_non_null(strstr(e.text, "shop.nothing"));
	selection_release(&s);
	mysql_url_release(&u);
	assert_int_equal(mysql_url_parse(&u, "mysql://u@h/", &e), 0);
	assert_int_equal(selection_make(&s, &u, NULL, NULL, &e), -1);
	assert_int_equal(selection_make(&s, &u, "a.b,,c", NULL, &e), -1);
	mysql_url_release(&u);
}

static void the_password_comes_from_the_first_place_that_has_it(void **state)
{
	char path[] = "/tmp/tailrace-password-XXXXXX";
	int file = mkstemp(path);
	struct err e = ERR_INIT;
	struct password p;

	(void)state;
	assert_int_equal(write(file, "from a file\n", 12), 12);
	close(file);
	unsetenv("CREDENTIALS_DIRECTORY");
	setenv("MYSQL_PWD", "from the environment", 1);
	assert_int_equal(password_read(&p, path, &e), 0);
	assert_string_equal(p.text, "from a file");
	password_wipe(&p);
	assert_int_equal(password_read(&p, NULL, &e), 0);
	assert_string_equal(p.text, "from the environment");
	password_wipe(&p);
	unsetenv("MYSQL_PWD");
	assert_int_equal(password_read(&p, NULL, &e), 0);
	assert_string_equal(p.text, "");
	password_wipe(&p);
	unlink(path);
	assert_int_equal(password_read(&p, path, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_url_is_taken_apart),
		cmocka_unit_test(databases_and_sockets_and_ipv6),
		cmocka_unit_test(a_password_in_the_url_is_refused_and_not_shown),
		cmocka_unit_test(bad_urls_are_configuration_errors),
		cmocka_unit_test(only_what_stays_on_the_machine_is_plain),
		cmocka_unit_test(patterns_narrow_the_url),
		cmocka_unit_test(a_pattern_without_effect_is_an_error),
		cmocka_unit_test(the_password_comes_from_the_first_place_that_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
