/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and events are read as packets (mysql_net_read_packet) and not through the library's own result
 * and replication calls: those copy every cell, and stop at events that they do not know. Its calls for
 * prepared statements would also wait without hearing a stop.
 */
#include "source/mysql/connection.h"

#include <errno.h>
#include <mysql.h>
#include <ma_pvio.h>
#include <mysqld_error.h>
#include <errmsg.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "source/mysql/password.h"

#define CONNECT_TIMEOUT_S 10
#define PACKET_BYTES_MAX  (1ul << 30)
#define ANSWER_BYTES_MAX  (256u << 20)
#define WAIT_MS           100

#define COM_DUMP      0x12
#define COM_REGISTER  0x15
#define COM_DUMP_GTID 0x1e
#define DEPRECATE_EOF (1ul << 24) /* capability */
#define DUMP_THROUGH_GTID 4 /* flag: the data part holds a GTID set */
#define DUMP_ANNOTATIONS  2 /* flag, MariaDB: ANNOTATE_ROWS events as well */

struct connection {
	MYSQL *mysql;
	const volatile bool *stop;
	uint32_t statement;    /* the server's number of the prepared one */
	uint32_t column_count; /* of the result being read */
	struct reply_column *columns; /* of the prepared statement's result */
	bool has_result;       /* rows are still to come */
	bool is_encrypted;
	uint32_t error;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void library_start(void)
{
	(void)mysql_library_init(0, NULL, NULL);
}

static bool is_transient(uint32_t number)
{
	static const uint32_t numbers[] = {
		CR_CONNECTION_ERROR, CR_CONN_HOST_ERROR, CR_IPSOCK_ERROR, CR_UNKNOWN_HOST,
		CR_SERVER_GONE_ERROR, CR_SERVER_HANDSHAKE_ERR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED,
		CR_MALFORMED_PACKET, CR_ERR_NET_READ, CR_ERR_NET_WRITE, ER_CON_COUNT_ERROR,
		ER_SERVER_SHUTDOWN, 1152 /* aborted connection */, 1158 /* network reads … */, 1159, 1160,
		1161, 1184, 1203 /* the user's connections */, 1205 /* lock wait */, 1213 /* deadlock */,
		1317 /* interrupted */, 1927 /* connection killed */, 3024 /* execution time */, 4031 /* idle too long */,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] == number)
			return true;
	}
	return false;
}

static const char *advice(uint32_t number)
{
	switch (number) {
	case 1045: /* access denied */
	case 1698:
		return "; check the user, the host that it may come from, and the password "
		       "(--from-password-file, MYSQL_PWD)";
	case 1044: /* no right on the database, table, column, routine */
	case 1142:
	case 1143:
	case 1227: /* a global right */
		return "; mend it with: GRANT SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO "
		       "the user (MariaDB: also BINLOG MONITOR), or see tailrace doctor";
	case ER_MAX_PREPARED_STMT_COUNT_REACHED:
		return "; the copy prepares a statement on each of its connections: raise "
		       "max_prepared_stmt_count";
	case CR_SSL_CONNECTION_ERROR:
		return "; name the authority that signed the server's certificate with --from-ca FILE, or, "
		       "on a network that you trust, write --tls off";
	default:
		return "";
	}
}

/* What the last call's failure means for our caller. */
static int failed(struct connection *c, const char *doing, struct err *e)
{
	uint32_t number = mysql_errno(c->mysql);

	c->error = number;
	c->has_result = false;
	return err_set(e, is_transient(number) ? ERR_RETRY : ERR_CONFIG, "%s: %s (error %u)%s", doing,
		       mysql_error(c->mysql), number, advice(number));
}

static void set_options(MYSQL *m, const struct connection_settings *s, bool tls)
{
	unsigned int connect_s = CONNECT_TIMEOUT_S, read_s = s->read_timeout_s, write_s = 60;
	unsigned int no = 0, protocol = s->url->socket != NULL ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	unsigned long packet = PACKET_BYTES_MAX;
	my_bool yes = 1;

	mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &read_s);
	mysql_options(m, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
	mysql_options(m, MYSQL_OPT_LOCAL_INFILE, &no);
	mysql_options(m, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(m, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (!tls)
		return;
	mysql_options(m, MYSQL_OPT_SSL_ENFORCE, &yes);
	mysql_options(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
	if (s->ca_file != NULL)
		mysql_options(m, MYSQL_OPT_SSL_CA, s->ca_file);
}

/* A half-open connection is noticed by the kernel too, also while a query computes in silence. */
static void set_keepalive(MYSQL *m)
{
	int file = mysql_get_socket(m), on = 1, idle_s = 10, interval_s = 5, count = 4;

	(void)setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	(void)setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static int log_in(struct connection *c, const struct connection_settings *s, bool tls,
		  struct err *e)
{
	const struct mysql_url *u = s->url;
	struct password password;
	MYSQL *done;

	if (password_read(&password, s->password_file, e) < 0)
		return -1;
	done = mysql_real_connect(c->mysql, u->socket != NULL ? "localhost" : u->host, u->user,
				  password.text, NULL, u->port, u->socket, 0);
	password_wipe(&password);
	if (done == NULL) {
		char where[300];

		snprintf(where, sizeof(where), "connecting as %s to %s", u->user, u->socket != NULL ? u->socket : "");
		if (u->socket == NULL)
			snprintf(where, sizeof(where), "connecting as %s to %s port %u", u->user, u->host,
				 u->port);
		return failed(c, where, e);
	}
	if (c->mysql->passwd != NULL)
		explicit_bzero(c->mysql->passwd, strlen(c->mysql->passwd));
	c->is_encrypted = mysql_get_ssl_cipher(c->mysql) != NULL;
	if (tls && !c->is_encrypted)
		return err_set(e, ERR_CONFIG,
			       "the server %s does not encrypt; switch it on there, or, on a network "
			       "that you trust, write --tls off",
			       u->host);
	set_keepalive(c->mysql);
	return 0;
}

static int set_session(struct connection *c, struct err *e)
{
	static const char *const statements[] = {
		"SET NAMES utf8mb4",
		"SET SESSION character_set_results = NULL, time_zone = '+00:00', "
		"sql_mode = 'NO_ENGINE_SUBSTITUTION', net_write_timeout = 3600, lock_wait_timeout = 30",
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	};

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (connection_run(c, statements[i], e) < 0)
			return -1;
	}
	return 0;
}

int connection_open(struct connection **out, const struct connection_settings *s, struct err *e)
{
	bool tls = mysql_url_wants_tls(s->url, s->tls, s->ca_file);
	struct connection *c = memory_new(struct connection);

	pthread_once(&library_once, library_start);
	c->stop = s->stop;
	c->mysql = mysql_init(NULL);
	if (c->mysql == NULL) {
		memory_free(c);
		return err_set(e, ERR_IO, "the client library could not be started");
	}
	set_options(c->mysql, s, tls);
	if (log_in(c, s, tls, e) < 0 || set_session(c, e) < 0) {
		connection_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

void connection_close(struct connection *c)
{
	if (c == NULL)
		return;
	mysql_close(c->mysql);
	memory_free(c->columns);
	memory_free(c);
}

bool connection_is_encrypted(const struct connection *c)
{
	return c->is_encrypted;
}

bool connection_is_mariadb(const struct connection *c)
{
	return mariadb_connection(c->mysql) != 0;
}

const char *connection_version(const struct connection *c)
{
	return mysql_get_server_info(c->mysql);
}

uint32_t connection_error(const struct connection *c)
{
	return c->error;
}

static bool has_cached(const struct connection *c)
{
	const MARIADB_PVIO *p = c->mysql->net.pvio;

	return p != NULL && p->cache_pos < p->cache + p->cache_size;
}

static int wait_input(const struct connection *c, int timeout_ms)
{
	struct pollfd file = { .fd = mysql_get_socket(c->mysql), .events = POLLIN };

	return poll(&file, 1, timeout_ms) == 0 ? 0 : 1;
}

/* The first byte of an answer may take minutes: a stop is heard meanwhile. */
static int wait_answer(struct connection *c, struct err *e)
{
	while (!has_cached(c) && wait_input(c, WAIT_MS) == 0) {
		if (c->stop != NULL && *c->stop)
			return err_set(e, ERR_STOP, "stopped");
	}
	return 0;
}

/* The result's head: how many columns. */
static int read_head(struct connection *c, const char *sql, struct err *e)
{
	if (wait_answer(c, e) < 0)
		return -1;
	if (mysql_read_query_result(c->mysql) != 0) {
		(void)failed(c, "query", e);
		return err_wrap(e, "%.120s", sql);
	}
	c->column_count = mysql_field_count(c->mysql);
	c->has_result = c->column_count > 0;
	return 0;
}

static int send_command(struct connection *c, enum enum_server_command command, struct bytes body,
			bool has_no_reply, struct err *e)
{
	if (c->mysql->methods->db_command(c->mysql, command, (const char *)body.data, body.size,
					  has_no_reply, NULL) != 0)
		return failed(c, "command", e);
	return 0;
}

static int read_packet(struct connection *c, struct bytes *packet, const char *doing, struct err *e)
{
	unsigned long size = mysql_net_read_packet(c->mysql);

	if (size == packet_error)
		return failed(c, doing, e);
	*packet = (struct bytes){ c->mysql->net.read_pos, size };
	return 0;
}

/*
 * The answer to COM_STMT_PREPARE: a zero, statement u32, columns u16, parameters u16, ...; then the columns, and
 * their end, unless it was agreed to leave that out.
 */
static int read_prepared(struct connection *c, struct err *e)
{
	struct bytes packet;
	struct reader r;

	if (wait_answer(c, e) < 0 || read_packet(c, &packet, "query", e) < 0)
		return -1;
	r = reader_of(packet);
	reader_skip(&r, 1);
	c->statement = reader_u32le(&r);
	c->column_count = reader_u16le(&r);
	if (r.short_read || c->column_count == 0)
		return err_set(e, ERR_DATA, "the server prepared a query that has no columns");
	c->columns = memory_grow(c->columns, struct reply_column, c->column_count);
	for (uint32_t i = 0; i < c->column_count; i++) {
		if (read_packet(c, &packet, "query", e) < 0)
			return -1;
		if (!reply_column_read(&c->columns[i], packet))
			return err_set(e, ERR_DATA, "the server described a column in an unknown way");
	}
	if ((c->mysql->client_flag & DEPRECATE_EOF) != 0)
		return 0;
	return read_packet(c, &packet, "query", e);
}

/* COM_STMT_EXECUTE: statement u32, no cursor u8, one iteration u32; there are no parameters. */
static int execute(struct connection *c, const char *sql, struct err *e)
{
	struct buffer body = { 0 };
	int rc;

	buffer_u32le(&body, c->statement);
	buffer_char(&body, 0);
	buffer_u32le(&body, 1);
	rc = send_command(c, COM_STMT_EXECUTE, buffer_bytes(&body), true, e);
	buffer_release(&body);
	return rc < 0 ? -1 : read_head(c, sql, e);
}

/* MariaDB tells the columns again only if they are not those of the time when it prepared. */
static int take_columns(struct connection *c, uint32_t prepared_count, struct err *e)
{
	const MYSQL_FIELD *fields = c->mysql->fields;

	if (fields == NULL && c->column_count != prepared_count)
		return err_set(e, ERR_DATA, "the server did not tell the result's columns");
	if (fields == NULL || c->column_count == 0)
		return 0;
	c->columns = memory_grow(c->columns, struct reply_column, c->column_count);
	for (uint32_t i = 0; i < c->column_count; i++)
		c->columns[i] = (struct reply_column){
			.type = (uint8_t)fields[i].type,
			.is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0,
		};
	return 0;
}

/* COM_STMT_CLOSE, which has no answer. */
static int forget_prepared(struct connection *c, struct err *e)
{
	struct buffer body = { 0 };
	int rc;

	buffer_u32le(&body, c->statement);
	rc = send_command(c, COM_STMT_CLOSE, buffer_bytes(&body), true, e);
	buffer_release(&body);
	return rc;
}

int connection_select(struct connection *c, const char *sql, const struct reply_column **columns,
		      uint32_t *column_count, struct err *e)
{
	struct bytes text = bytes_of_text(sql);
	uint32_t prepared_count;

	c->error = 0;
	if (send_command(c, COM_STMT_PREPARE, text, true, e) < 0)
		return -1;
	if (read_prepared(c, e) < 0)
		return err_wrap(e, "%.120s", sql);
	prepared_count = c->column_count;
	if (execute(c, sql, e) < 0 || take_columns(c, prepared_count, e) < 0)
		return -1;
	*columns = c->columns;
	*column_count = c->column_count;
	return 0;
}

/* 1: no more rows. */
static int next_packet(struct connection *c, struct bytes *packet, struct err *e)
{
	if (!c->has_result)
		return 1;
	if (read_packet(c, packet, "reading rows", e) < 0)
		return -1;
	if (packet->size < 9 && packet->size > 0 && packet->data[0] == 0xfe) {
		c->has_result = false;
		c->mysql->status = MYSQL_STATUS_READY;
		return 1;
	}
	return 0;
}

static int odd_row(const struct connection *c, struct err *e)
{
	return err_set(e, ERR_DATA, "the server sent a row that is not %u columns", c->column_count);
}

int connection_row(struct connection *c, struct bytes *cells, uint64_t *wire_bytes, struct err *e)
{
	struct bytes packet;
	int rc = next_packet(c, &packet, e);

	if (rc > 0)
		return forget_prepared(c, e) < 0 ? -1 : 1;
	if (rc < 0)
		return -1;
	*wire_bytes += packet.size + 4;
	return reply_row(packet, c->columns, c->column_count, cells) ? 0 : odd_row(c, e);
}

int connection_run(struct connection *c, const char *sql, struct err *e)
{
	struct answer a = { 0 };
	int rc = connection_ask(c, &a, sql, e);

	answer_release(&a);
	return rc;
}

static void keep_row(struct answer *a, const struct bytes *cells)
{
	struct bytes *to;

	if ((a->row_count & (a->row_count + 1)) == 0) /* 0, 1, 3, 7 … rows: room for twice as many */
		a->cells = memory_grow(a->cells, struct bytes,
				       (size_t)(a->row_count + 1) * 2 * a->column_count);
	to = a->cells + (size_t)a->row_count * a->column_count;
	for (uint32_t i = 0; i < a->column_count; i++) {
		to[i] = (struct bytes){ NULL, cells[i].size };
		if (cells[i].data != NULL)
			to[i].data = (const uint8_t *)arena_text(&a->arena, cells[i].data,
								 cells[i].size);
	}
	a->row_count++;
}

int connection_ask(struct connection *c, struct answer *a, const char *sql, struct err *e)
{
	struct bytes *cells, packet;
	uint64_t wire_bytes = 0;
	int rc;

	answer_release(a);
	c->error = 0;
	if (mysql_send_query(c->mysql, sql, strlen(sql)) != 0)
		return failed(c, "query", e);
	if (read_head(c, sql, e) < 0)
		return -1;
	a->column_count = c->column_count;
	cells = memory_array(struct bytes, a->column_count + 1);
	while ((rc = next_packet(c, &packet, e)) == 0) {
		wire_bytes += packet.size + 4;
		if (wire_bytes > ANSWER_BYTES_MAX)
			rc = err_set(e, ERR_DATA, "%.120s: the answer is larger than 256 MiB", sql);
		else if (!reply_text_row(packet, c->column_count, cells))
			rc = odd_row(c, e);
		if (rc < 0)
			break;
		keep_row(a, cells);
	}
	memory_free(cells);
	return rc < 0 ? -1 : 0;
}

void answer_release(struct answer *a)
{
	memory_free(a->cells);
	arena_release(&a->arena);
	*a = (struct answer){ 0 };
}

struct bytes answer_bytes(const struct answer *a, uint32_t row, uint32_t column)
{
	if (row >= a->row_count || column >= a->column_count)
		return (struct bytes){ NULL, 0 };
	return a->cells[(size_t)row * a->column_count + column];
}

const char *answer_text(const struct answer *a, uint32_t row, uint32_t column)
{
	return (const char *)answer_bytes(a, row, column).data;
}

uint64_t answer_uint(const struct answer *a, uint32_t row, uint32_t column)
{
	struct bytes b = answer_bytes(a, row, column);
	uint64_t value = 0;

	for (size_t i = 0; i < b.size && b.data[i] >= '0' && b.data[i] <= '9'; i++)
		value = value * 10 + (b.data[i] - '0');
	return value;
}

/* Servers before 8.0.26, and MariaDB, know the older names only; unknown user variables do no harm. */
static int set_dump_variables(struct connection *c, const struct dump_request *r, struct err *e)
{
	struct buffer sql = { 0 };
	unsigned long long heartbeat_ns = (unsigned long long)r->heartbeat_ms * 1000000;
	int rc;

	buffer_format(&sql,
		      "SET @master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32', "
		      "@master_heartbeat_period = %llu, @source_heartbeat_period = %llu, "
		      "@slave_uuid = '7a117ace-0000-4000-8000-%012x', "
		      "@replica_uuid = '7a117ace-0000-4000-8000-%012x'",
		      heartbeat_ns, heartbeat_ns, r->server_id, r->server_id);
	if (r->is_mariadb) {
		buffer_text(&sql, ", @mariadb_slave_capability = 4");
		if (r->by_gtid)
			buffer_format(&sql,
				      ", @slave_connect_state = '%.*s', @slave_gtid_strict_mode = 0, "
				      "@slave_gtid_ignore_duplicates = 0",
				      (int)r->gtids.size, (const char *)r->gtids.data);
	}
	rc = connection_run(c, buffer_string(&sql), e);
	buffer_release(&sql);
	return rc;
}

/* COM_REGISTER_SLAVE: server id, then host, user, password (all empty), port, rank, source id. */
static int register_replica(struct connection *c, uint32_t server_id, struct err *e)
{
	struct buffer body = { 0 };
	int rc;

	buffer_u32le(&body, server_id);
	buffer_append(&body, "\0\0\0", 3);
	buffer_u16le(&body, 0);
	buffer_u32le(&body, 0);
	buffer_u32le(&body, 0);
	rc = send_command(c, (enum enum_server_command)COM_REGISTER, buffer_bytes(&body), false,
			  e);
	buffer_release(&body);
	return rc;
}

int connection_dump(struct connection *c, const struct dump_request *r, struct err *e)
{
	struct buffer body = { 0 };
	bool with_set = r->by_gtid && !r->is_mariadb;
	int rc;

	if (!with_set && r->offset > UINT32_MAX)
		return err_set(e, ERR_DATA,
			       "the log file %s is past 4 GiB at our position: a server without GTIDs cannot "
			       "be asked for it; switch GTIDs on, or copy anew",
			       r->file);
	if (set_dump_variables(c, r, e) < 0 || register_replica(c, r->server_id, e) < 0)
		return -1;
	if (with_set) {
		buffer_u16le(&body, DUMP_THROUGH_GTID);
		buffer_u32le(&body, r->server_id);
		buffer_u32le(&body, 0);
		buffer_u64le(&body, 4);
		buffer_u32le(&body, (uint32_t)r->gtids.size);
		buffer_bytes_append(&body, r->gtids);
	} else {
		buffer_u32le(&body, r->is_mariadb && r->by_gtid ? 4 : (uint32_t)r->offset);
		buffer_u16le(&body, r->is_mariadb ? DUMP_ANNOTATIONS : 0);
		buffer_u32le(&body, r->server_id);
		buffer_text(&body, r->file);
	}
	rc = send_command(c, (enum enum_server_command)(with_set ? COM_DUMP_GTID : COM_DUMP),
			  buffer_bytes(&body), true, e);
	buffer_release(&body);
	return rc;
}

int connection_wait(struct connection *c, int timeout_ms)
{
	if (c->is_encrypted || has_cached(c))
		return 1;
	return wait_input(c, timeout_ms);
}

int connection_event(struct connection *c, struct bytes *event, struct err *e)
{
	unsigned long size = mysql_net_read_packet(c->mysql);
	const uint8_t *at;

	if (size == packet_error)
		return failed(c, "reading the binary log", e);
	at = c->mysql->net.read_pos;
	if (size > 0 && size < 9 && at[0] == 0xfe)
		return 1;
	if (size == 0 || at[0] != 0)
		return err_set(e, ERR_DATA, "the server sent a packet that is no event of the binary log");
	*event = (struct bytes){ at + 1, size - 1 };
	return 0;
}
