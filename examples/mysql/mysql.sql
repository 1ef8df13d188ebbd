-- A wiki: the source that fdwsync.yaml copies, for MySQL or MariaDB. The data are invented.
CREATE DATABASE wiki CHARACTER SET utf8mb4;
USE wiki;

CREATE TABLE pages (
  id int PRIMARY KEY,
  title varchar(200) NOT NULL,
  created datetime NOT NULL
);
CREATE TABLE revisions (
  id bigint PRIMARY KEY AUTO_INCREMENT,
  page_id int NOT NULL,
  author varchar(80),
  saved datetime NOT NULL,
  size int NOT NULL,
  KEY (page_id, saved)
);
-- PostgreSQL needs a type that is created for this column.
CREATE TABLE watchers (
  page_id int NOT NULL,
  mail varchar(80) NOT NULL,
  frequency enum('at once', 'daily') NOT NULL
);

INSERT INTO pages VALUES (1, 'Start', '2025-03-01 09:00:00'), (2, 'Träume', '2025-03-04 17:30:00');
INSERT INTO revisions (page_id, author, saved, size) VALUES
  (1, 'ada', '2025-03-01 09:00:00', 120), (1, NULL, '2025-04-02 10:15:00', 180), (2, 'ben', '2025-03-04 17:30:00', 40);
INSERT INTO watchers VALUES (1, 'ada@example.org', 'daily');
