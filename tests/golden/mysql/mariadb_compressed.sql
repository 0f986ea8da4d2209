DROP DATABASE IF EXISTS golden; CREATE DATABASE golden CHARACTER SET utf8mb4; USE golden;
CREATE TABLE z (id INT PRIMARY KEY, v VARCHAR(1000));
SET GLOBAL log_bin_compress=ON, log_bin_compress_min_len=10;
INSERT INTO z VALUES (1,REPEAT('a',1000)),(2,REPEAT('b',1000));
UPDATE z SET v=CONCAT(v,'') , v=REPEAT('c',900) WHERE id=1;
DELETE FROM z WHERE id=2;
CREATE TABLE y (id INT PRIMARY KEY COMMENT 'a long statement that is worth compressing, indeed, indeed, indeed, indeed');
SET GLOBAL log_bin_compress=OFF;
