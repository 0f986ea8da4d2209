/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of catalogs, and the secrets that they only name. */
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/iceberg/catalog_ops.h"

static void all_parts_are_decoded(void **state)
{
	struct catalog_url u;
	struct err e = ERR_INIT;

	(void)state;
	must(catalog_url_parse(
		     &u,
		     "PostgreSQL://m%40x@[::1]:5433/my%20db?sslmode=off&catalog=a%26b",
		     &e),
	     &e);
	assert_string_equal(u.scheme, "postgresql");
	assert_string_equal(u.user, "m@x");
	assert_string_equal(u.host, "::1");
	assert_string_equal(u.port, "5433");
	assert_string_equal(u.path, "/my db");
	assert_string_equal(u.plain, "PostgreSQL://m%40x@[::1]:5433/my%20db");
	assert_string_equal(catalog_url_get(&u, "catalog"), "a&b");
	assert_null(catalog_url_get(&u, "password"));
	catalog_url_release(&u);
	must(catalog_url_parse(&u, "https://host", &e), &e);
	assert_string_equal(u.path, "");
	catalog_url_release(&u);
}

static void secrets_come_from_where_they_are_named(void **state)
{
	struct scratch folder;
	struct catalog_url u;
	struct err e = ERR_INIT;
	char url[256];

	(void)state;
	scratch_make(&folder);
	scratch_write(&folder, "token", "s3cret\r\n", 8);
	setenv("CATALOG_TEST", "id:pa=ss&word", 1);
	snprintf(url, sizeof(url), "https://h/?token=file:%s&credential=env:CATALOG_TEST",
		 scratch_path(&folder, "token"));
	must(catalog_url_parse(&u, url, &e), &e);
	assert_string_equal(catalog_url_get(&u, "token"), "s3cret");
	assert_string_equal(catalog_url_get(&u, "credential"), "id:pa=ss&word");
	catalog_url_release(&u);
	scratch_remove(&folder);
}

static void what_is_wrong_is_said_without_the_secret(void **state)
{
	static const struct {
		const char *url, *words;
	} wrong[] = {
		{ "lake", "begins with" },
		{ "://x/y", "begins with" },
		{ "mysql://x/y", "mysql:// is no catalog that we know" },
		{ "postgresql://me:hunter2@host/db", "a password in the URL" },
		{ "https://host/?token=hunter2", "token is named, not written out" },
		{ "postgresql://host/db?password=hunter2",
		 "password is named, not written out" },
		{ "https://host/?credential=env:CATALOG_TEST_NONE",
		 "there is no CATALOG_TEST_NONE" },
		{ "https://host/?token=file:/nowhere/at/all", "token" },
		{ "https://host/?warehouse=%zz", "two hexadecimal digits" },
		{ "https://host/?warehouse=%00", "two hexadecimal digits" },
		{ "https://host/?warehouse", "NAME=VALUE" },
		{ "https://host/?warehouse=a&warehouse=b", "each name once" },
		{ "https://host/?werehouse=a", "no parameter \"werehouse\"" },
		{ "https://me@host/", "token or credential" },
		{ "https:///path", "host and path" },
		{ "sqlite://file.db", "absolute path" },
		{ "sqlite:///f.db?mode=ro", "no parameter \"mode\"" },
		{ "postgresql://host", "names its database" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct catalog_settings s = {
			.url = wrong[i].url, .namespace = "a.b", .name = "t" };
		struct err e = ERR_INIT;
		struct catalog *c;

		assert_int_equal(catalog_open(&c, &s, &e), -1);
		assert_true(e.kind == ERR_CONFIG || e.kind == ERR_IO);
		if (strstr(e.text, wrong[i].words) == NULL)
			fail_msg("%s: %s", wrong[i].url, e.text);
		assert_null(strstr(e.text, "hunter2"));
	}
}

static void names_without_characters_are_refused(void **state)
{
	static const char *const namespaces[] = { "", ".a", "a.", "a..b" };

	(void)state;
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		struct catalog_settings s = {
			.url = "https://h", .namespace = namespaces[i], .name = "t" };
		struct err e = ERR_INIT;
		struct catalog *c;

		assert_int_equal(catalog_open(&c, &s, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_parts_are_decoded),
		cmocka_unit_test(secrets_come_from_where_they_are_named),
		cmocka_unit_test(what_is_wrong_is_said_without_the_secret),
		cmocka_unit_test(names_without_characters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
