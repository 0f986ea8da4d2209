/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ends.h"

#include "broker/client.h"

static const char *const defaults[] = { "client.id", "tailrace", NULL };
static const char *const fixed[] = { "isolation.level", "read_uncommitted", NULL };

int ends_ask(const struct broker_options *o, struct partition_end *ends, uint32_t count, struct err *e)
{
	rd_kafka_conf_t *conf = client_conf(o, defaults, fixed, e);
	rd_kafka_t *client = conf != NULL ? client_new(RD_KAFKA_CONSUMER, conf, o, e) : NULL;
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t code;

	if (client == NULL)
		return -1;
	list = rd_kafka_topic_partition_list_new((int)count);
	for (uint32_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, ends[i].topic, (int32_t)ends[i].partition);
	code = client_offsets(client, list, RD_KAFKA_OFFSET_END);
	for (uint32_t i = 0; i < count; i++)
		ends[i].end = list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(client);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_error(e, o, code, NULL, "asking where the topics end");
}
