CREATE SCHEMA util;
CREATE FUNCTION util.next() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE SEQUENCE util.numbers;
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.t (
  a bigint DEFAULT util.next(), b bigint DEFAULT nextval('util.numbers'), c text DEFAULT 'a''b\c', d text DEFAULT E'a\nb', e timestamptz DEFAULT '2026-01-02 03:04:05+00',
  f boolean DEFAULT false, g text DEFAULT current_user, h integer[] DEFAULT '{1,2}', i jsonb DEFAULT '{"a": "${x}"}', j numeric DEFAULT -1.50, k text DEFAULT NULL,
  l text DEFAULT CASE WHEN 1 > 2 THEN 'x' ELSE 'y' END, m date DEFAULT ('now'::text)::date
) SERVER shop;
