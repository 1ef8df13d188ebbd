CREATE TABLE people (id int, mood text); INSERT INTO people VALUES (1, 'ok');
