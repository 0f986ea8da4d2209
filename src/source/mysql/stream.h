/* SPDX-License-Identifier: Apache-2.0 */
/* Following the log: connects, reads events into the decoder, connects again after a failure. */
#ifndef SOURCE_MYSQL_STREAM_H
#define SOURCE_MYSQL_STREAM_H

#include "source/mysql/outlet.h"

struct stream_settings { /* borrowed during the run */
	struct connection_settings connection;
	uint32_t server_id;       /* ours; not 0 */
	bool invalid_halts;
	bool with_defaults;       /* schemas made on the way carry the DEFAULTs */
	const volatile bool *stop;
};

/*
 * From `start` on, until *stop (returns 0), or until the end that the server's log has at the call when
 * `until_now` (returns 0). The outlet must outlive the sink's use of positions. -1: ERR_RETRY when the connection stayed lost for two minutes, otherwise what the
 * decoder or the sink said, with the place.
 */
int stream_run(const struct stream_settings *s, const struct server *server,
	       struct captured_list *tables, struct charset_list *charsets,
	       const struct mysql_position *start, bool until_now, struct outlet *outlet, struct err *e);

#endif
