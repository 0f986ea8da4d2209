/* SPDX-License-Identifier: Apache-2.0 */
/* The option tables that several commands share, and what a --to means. */
#ifndef CLI_GROUPS_H
#define CLI_GROUPS_H

#include "cli/settings.h"
#include "source/file/file.h"
#include "source/kafka/kafka.h"
#include "source/mysql/mysql.h"
#include "target/lake.h"

struct kafka_options;

struct ends_options {
	char *from, *to;
	char *config;
	char *log_level;
	char *invalid_values;
};

extern const struct option_group ends_group;   /* struct ends_options */
extern const struct option_group source_group; /* struct mysql_options */
extern const struct option_group feed_group;   /* struct feed_options */
extern const struct option_group topics_group; /* struct kafka_source_options */
extern const struct option_group lake_group;   /* struct lake_options */
extern const struct option_group kafka_group;  /* struct kafka_options */
extern const struct option_group messages_group; /* struct debezium_options */
extern const struct option_group broker_group; /* struct broker_options */
extern const struct option *const config_option; /* --config, of ends_group */

enum source_kind { SOURCE_MYSQL, SOURCE_KAFKA, SOURCE_FILE };
enum target_kind { TARGET_LAKE, TARGET_KAFKA, TARGET_STDOUT, TARGET_NULL };

/*
 * The checked ends of a run, sync or doctor: --from and --to are there and of a kind that we have, else
 * ERR_CONFIG. Fills in the URL and the path of the other structs; sets the log level.
 */
struct ends {
	enum source_kind source;
	enum target_kind target;
	const struct mysql_options *mysql;
	const struct kafka_source_options *topics;
	struct file_source_options file; /* has_read is NULL yet */
	const struct lake_options *lake;
	const struct kafka_options *kafka;
};
int ends_check(struct ends *out, const struct settings *s, struct err *e);

#endif
