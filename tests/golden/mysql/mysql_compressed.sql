DROP DATABASE IF EXISTS golden; CREATE DATABASE golden CHARACTER SET utf8mb4; USE golden;
CREATE TABLE z (id INT PRIMARY KEY, v VARCHAR(100));
SET binlog_transaction_compression=ON;
INSERT INTO z VALUES (1,REPEAT('a',100)),(2,REPEAT('b',100));
BEGIN; UPDATE z SET v='short' WHERE id=1; DELETE FROM z WHERE id=2; INSERT INTO z VALUES (3,'c'); COMMIT;
SET gtid_next='AUTOMATIC:zip'; INSERT INTO z VALUES (4,'d'); SET gtid_next='AUTOMATIC';
SET binlog_transaction_compression=OFF; INSERT INTO z VALUES (5,'e');
