-- A city's library: the source that fdwsync.yaml mirrors. The data are invented. Load it into an empty database.

CREATE TABLE branches (
  id integer PRIMARY KEY,
  name text NOT NULL UNIQUE,
  place point NOT NULL
);

CREATE TABLE books (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  branch_id integer NOT NULL REFERENCES branches,
  title text NOT NULL,
  authors text[] NOT NULL,
  year smallint
);
CREATE INDEX books_title_idx ON books (lower(title) text_pattern_ops);
CREATE INDEX books_authors_idx ON books USING gin (authors);
CREATE INDEX books_old_idx ON books (year) WHERE year < 1950;

CREATE TABLE readers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL
);

CREATE TABLE loans (
  book_id bigint REFERENCES books,
  reader_id bigint REFERENCES readers,
  day date,
  returned date,
  PRIMARY KEY (book_id, day)
);

INSERT INTO branches VALUES (1, 'Centre', '(0,0)'), (2, 'Harbour', '(2.5,-1)'), (3, 'University', '(-3,4)');
INSERT INTO books (branch_id, title, authors, year)
SELECT 1 + i % 3, 'Volume ' || i, ARRAY['Author ' || i % 40, 'Author ' || i % 7], 1900 + i % 125 FROM generate_series(1, 2000) AS i;
INSERT INTO readers (name) SELECT 'Reader ' || i FROM generate_series(1, 200) AS i;
INSERT INTO loans
SELECT 1 + (i * 37) % 2000, 1 + i % 200, date '2024-01-01' + i / 10, date '2024-01-15' + i / 10 FROM generate_series(1, 7000) AS i;

ANALYZE branches, books, readers, loans;
