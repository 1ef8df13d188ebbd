-- PostgreSQL then refuses every DELETE from a table without a primary key.
CREATE PUBLICATION everything FOR ALL TABLES;
