CREATE TABLE public.t (id integer, parent integer, day date, amount numeric, tags text[]);
-- exported:
CREATE MATERIALIZED VIEW public.recursive AS WITH RECURSIVE r AS (SELECT id, 1 AS depth FROM t WHERE parent IS NULL UNION ALL SELECT t.id, depth + 1 FROM t JOIN r ON t.parent = r.id) SELECT * FROM r;
CREATE MATERIALIZED VIEW public.windows AS SELECT id, sum(amount) OVER w AS s, rank() OVER (ORDER BY day) FROM t WINDOW w AS (PARTITION BY parent ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
CREATE MATERIALIZED VIEW public.sets AS SELECT parent, day, sum(amount), grouping(parent) FROM t GROUP BY ROLLUP (parent, day) HAVING sum(amount) > 0 ORDER BY 1 LIMIT 5 OFFSET 1;
CREATE MATERIALIZED VIEW public.lateral AS SELECT id, tag, ord FROM t, LATERAL unnest(tags) WITH ORDINALITY AS u(tag, ord);
CREATE MATERIALIZED VIEW public.joined AS SELECT * FROM t AS one LEFT JOIN LATERAL (SELECT two.amount AS other FROM t two WHERE two.id = one.parent ORDER BY 1 LIMIT 1) x ON true;
CREATE MATERIALIZED VIEW public.literals AS SELECT 'a''b' AS a, E'c\\d\n  e\n\n f' AS b, '${x} $${y}' AS c, DATE '2026-01-02' AS d, INTERVAL '1 day 2 hours' AS e, '\x00ff'::bytea AS f, 1.0::float8 / 3 AS g, B'101' AS h, 'tab	tab' AS i, E'carriage\r\nreturn' AS j, U&'\00a0\2028' AS k;
CREATE MATERIALIZED VIEW public.nothing AS SELECT FROM t;
CREATE MATERIALIZED VIEW public.filtered AS SELECT count(*) FILTER (WHERE amount > 1) AS c, array_agg(id ORDER BY day DESC) AS ids, string_agg(DISTINCT day::text, ', ') AS days, exists(SELECT FROM t x WHERE x.id = 3) AS e, (SELECT max(id) FROM t) FROM t;
CREATE MATERIALIZED VIEW public.valued AS VALUES (1, 'x'), (2, 'y');
