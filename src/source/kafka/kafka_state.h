/* SPDX-License-Identifier: Apache-2.0 */
/* The source inside: what its files share. */
#ifndef SOURCE_KAFKA_KAFKA_STATE_H
#define SOURCE_KAFKA_KAFKA_STATE_H

#include "broker/consumer.h"
#include "feed/feed.h"
#include "source/kafka/kafka.h"

/* Up to where a worker of the group had brought the tables; of those that are not covered only what they have counts. */
struct kafka_mark {
	struct offsets at;
	bool *covers;              /* by table */
};

struct kafka_source {
	struct source source;      /* first */
	struct feed feed;          /* its topics are those of `names` */
	struct share share;        /* of a group */
	const struct kafka_source_options *options;
	char *brokers, *patterns;  /* of the URL */

	struct kafka_mark *marks;
	uint32_t mark_count;

	struct offsets places;     /* of --from-offset */
	bool has_begun;            /* a run before this one read some of the topics */
	struct consumer *consumer;
	const struct consumer_topic *names;
	uint32_t topic_count;
	bool **ours;               /* by topic and partition, in a group; NULL: none of the topic */

	struct offsets begin;      /* where this run began without a low-water mark */
	struct offsets told;       /* what the group is told next, once `told_at` is durable */
	uint64_t told_at;          /* a COMMIT's sequence; 0: nothing waits */
	int64_t quiet_us;          /* since when nothing came, or that was told; monotonic */
	int64_t looked_us;         /* when the group was told, or new partitions were looked for; monotonic */
	volatile bool is_stopping;
};

/* Of messages that are gone. */
#define READ_WHAT_IS_LEFT(tables) "nothing is skipped: " READ_ANEW(tables) "; what they do not tell any more takes a new snapshot by " \
	"their producer"

/* settings.c: ERR_CONFIG says what is wrong with the URL. */
int kafka_url_read(struct kafka_source *s, struct err *e);

/* begin.c: takes --from-offset apart. ERR_CONFIG: it is none, or names what is not read. */
int kafka_begin_read(struct kafka_source *s, struct err *e);
/* When all that earlier runs have left was found: the topics of a first run are those that --from-offset is for. */
void kafka_begin_start(struct kafka_source *s);
/* Where a partition begins when the stream has no place in it, noted in the feed's `begun`. ERR_CONFIG: not where the user says. */
int kafka_begin_at(struct kafka_source *s, const char *topic, uint32_t partition, int64_t first, int64_t end,
		   int64_t *out, struct err *e);
/*
 * An earlier run left this. One of other topics, under the same name, is no earlier run: then it is this one that begins.
 */
void kafka_begin_found(struct kafka_source *s, const struct offsets *next);
/* A table cannot have more of a partition than there is: ERR_DATA, the topic was made again. */
int kafka_check_end(const struct feed_table *t, const char *topic, uint32_t partition, int64_t end, struct err *e);

/* look.c: the first messages of all topics, before the run. */
int kafka_look_at_topics(struct kafka_source *s, struct err *e);
/* share.c */

/* Whether we read the partition; without a group we read all. */
bool kafka_is_ours(const struct kafka_source *s, uint32_t topic, uint32_t partition);
/* s->share speaks for the partitions that are ours from here on. */
void kafka_share_init(struct kafka_source *s);
/* In a group: what of the topics is ours from here on, and with whom we share the tables. */
int kafka_share_open(struct kafka_source *s, struct err *e);
/* How far before us our partitions were brought by whoever had them: into the feed's `next`. */
void kafka_share_start(struct kafka_source *s);
/* Tells the group every second how far everything is durable, for whoever watches its lag. */
void kafka_share_tell(struct kafka_source *s);
void kafka_share_release(struct kafka_source *s);
/* ERR_CONFIG when the table's keys were in other partitions before. */
int kafka_share_check(const struct kafka_source *s, const struct feed_table *t, struct err *e);

/*
 * kafka.c. ERR_DATA: what the target has of it ends before where the run began, at no low-water mark; nobody knows what stood
 * between.
 */
int kafka_check_gap(const struct kafka_source *s, const struct feed_table *t, struct err *e);
/* Whose feed it is. */
const struct kafka_source *kafka_source_of(const struct feed *f);
/* The consumer's message as the feed has it. */
struct feed_message kafka_message(const struct consumer_message *m);

#endif
