/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/doctor_lake.h"
#include "cli/groups.h"
#include "target/kafka.h"

static int doctor_source(const struct ends *ends, const struct table_check *target, struct findings *out, struct err *e)
{
	if (ends->source == SOURCE_KAFKA)
		return kafka_source_doctor(ends->topics, target, out);
	return ends->source == SOURCE_FILE ? file_source_doctor(&ends->file, target, out) :
					     mysql_doctor(ends->mysql, target, out, e);
}

static int doctor(const struct settings *s, struct err *e)
{
	struct findings found = { .fatal = 0 };
	struct table_check target = { .check = NULL };
	struct ends ends;
	int rc;

	if (ends_check(&ends, s, e) < 0)
		return -1;
	if (ends.target == TARGET_LAKE)
		target = (struct table_check){ lake_check_table, ends.lake };
	rc = doctor_source(&ends, &target, &found, e);
	if (rc == 0 && ends.target == TARGET_LAKE)
		rc = doctor_lake(&found, ends.lake->path, e);
	if (rc == 0 && ends.target == TARGET_KAFKA)
		rc = kafka_target_doctor(ends.kafka, &found);
	if (found.text.size > 0)
		fwrite(found.text.data, 1, found.text.size, stdout);
	else if (rc == 0)
		puts("nothing to mend");
	if (rc == 0 && found.fatal > 0)
		rc = err_set(e, ERR_CONFIG, "%u of these must be mended before a start", found.fatal);
	buffer_release(&found.text);
	return rc;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "Find what will go wrong, and say how to mend it",
	.details = "Looks at the source's settings and rights and at the target's, and prints one "
		   "line for everything that is missing, wrong or superfluous, with the statement that "
		   "mends it. Status 2 when something forbids a start.",
	.groups = { &ends_group, &source_group, &feed_group, &topics_group, &lake_group, &kafka_group, &messages_group, &broker_group },
	.run = doctor,
};
