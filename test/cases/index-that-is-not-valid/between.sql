UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mv.c_i'::regclass;
