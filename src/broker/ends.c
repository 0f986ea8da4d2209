/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ends.h"

#include "broker/client.h"

#define ANSWER_MS 10000

static const char *const defaults[] = { "client.id", "tailrace", NULL };
static const char *const fixed[] = { "isolation.level", "read_uncommitted", NULL };

int ends_ask(const struct broker_options *o, struct partition_end *ends, uint32_t count, struct err *e)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_conf_t *conf = client_conf(o, defaults, fixed, e);
	rd_kafka_t *client = conf != NULL ? client_new(RD_KAFKA_CONSUMER, conf, o, e) : NULL;
	rd_kafka_topic_partition_list_t *list;

	if (client == NULL)
		return -1;
	list = rd_kafka_topic_partition_list_new((int)count);
	for (uint32_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, ends[i].topic, (int32_t)ends[i].partition)->offset =
			RD_KAFKA_OFFSET_END;
	if (count > 0)
		code = rd_kafka_offsets_for_times(client, list, ANSWER_MS);
	for (uint32_t i = 0; i < count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		ends[i].end = list->elems[i].offset;
		code = list->elems[i].err;
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR && ends[i].end < 0)
			code = RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE;
	}
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(client);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_error(e, o, code, NULL, "asking where the topics end");
}
