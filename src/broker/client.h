/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this folder: librdkafka's configuration and its errors in our words. */
#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "broker/broker.h"

/*
 * A configuration with the user's properties over `ours` (pairs, ends with NULL). What we rely on stands in
 * `fixed`, in the same form: a user's property of that name is ERR_CONFIG.
 */
rd_kafka_conf_t *client_conf(const struct broker_options *o, const char *const *ours, const char *const *fixed,
			     struct err *e);
/* NULL with ERR_CONFIG. Takes the configuration over in either case. */
rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, const struct broker_options *o, struct err *e);

/* Sets the list's offsets to RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END as numbers; one question for all. */
rd_kafka_resp_err_t client_offsets(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int64_t which);

/* Sets *e to the context, the brokers and what the code means for the user; returns -1. */
int client_error(struct err *e, const struct broker_options *o, rd_kafka_resp_err_t code, const char *reason,
		 const char *context);
/* An error event; 0 when librdkafka goes on by itself and has told it to the log. */
int client_error_event(struct err *e, const struct broker_options *o, rd_kafka_t *client, rd_kafka_event_t *event);

#endif
