CREATE TABLE people (id int, lengths text, words text[], used text); INSERT INTO people VALUES (1, '{[1,2]}', '{"{[a,b]}"}', '[2025-01-01,)');
