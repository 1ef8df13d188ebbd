{{SHOP}}
CREATE FOREIGN TABLE public.ft_customers (id integer OPTIONS (column_name 'id') NOT NULL, full_name varchar(100) OPTIONS (column_name 'name'), joined date OPTIONS (column_name 'joined_on') DEFAULT CURRENT_DATE, CONSTRAINT named CHECK (full_name <> '')) SERVER shop OPTIONS (schema_name 'public', table_name 'customers', updatable 'false');
CREATE FOREIGN TABLE public.ft_orders (id integer NOT NULL, customer_id integer, total numeric(10,2), placed_at timestamptz) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE MATERIALIZED VIEW public.mv_customers AS SELECT id, full_name, joined FROM public.ft_customers WHERE joined > '2025-01-05'::date;
CREATE MATERIALIZED VIEW public.mv_monthly WITH (fillfactor = 90) AS
  SELECT date_trunc('month', placed_at) AS month, c.full_name, sum(total) AS total, count(*) FILTER (WHERE total > 10) AS large
    FROM public.ft_orders o JOIN public.mv_customers c ON c.id = o.customer_id GROUP BY 1, 2;
CREATE UNIQUE INDEX mv_customers_id ON public.mv_customers (id);
CREATE INDEX mv_monthly_month ON public.mv_monthly USING brin (month);
CREATE INDEX mv_monthly_name ON public.mv_monthly (lower(full_name) varchar_pattern_ops, month DESC NULLS LAST);
