/** The floor: what anybody must read to know these objects, with nothing done about it. */
export const catalogQueries = `
  SET search_path = pg_catalog, pg_temp;
  SELECT s.oid, srvname, srvtype, srvversion, srvoptions, fdwname FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = srvfdw;
  SELECT umid, srvname, usename, umoptions FROM pg_user_mappings;
  SELECT c.oid, nspname, relname, ftserver, ftoptions, json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
         'notNull', attnotnull, 'collation', attcollation, 'default', pg_get_expr(adbin, adrelid), 'options', attfdwoptions) ORDER BY attnum)
    FROM pg_foreign_table f JOIN pg_class c ON c.oid = ftrelid JOIN pg_namespace n ON n.oid = relnamespace
    JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
   GROUP BY c.oid, nspname, relname, ftserver, ftoptions;
  SELECT schemaname, matviewname, ispopulated, definition FROM pg_matviews;
  SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'copy'`
