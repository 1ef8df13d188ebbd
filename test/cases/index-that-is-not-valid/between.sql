UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('mv.c_i'::regclass, 'mv.t_pkey'::regclass);
CREATE UNIQUE INDEX by_hand ON mv.a (customer_id, total);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mv.by_hand'::regclass;
