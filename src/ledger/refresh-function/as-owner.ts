// Runs a block as the owner of a copy, within fdwsync.refresh(): functions of a query and triggers have the rights of that role,
// and cannot return to those of the caller. See kinds/table/as-owner.ts.

export const requireOwner = `
      IF NOT pg_has_role((member ->> 'relowner')::oid, 'USAGE') THEN
        RAISE EXCEPTION '% is no member of %, which owns %', current_user, member ->> 'owner', member ->> 'name'
          USING ERRCODE = 'insufficient_privilege', HINT = format('Grant it: GRANT %I TO %I;', member ->> 'owner', current_user);
      END IF;`

/**
 * Comes after {@link requireOwner}.
 * @param block an SQL expression: a PL/pgSQL block that returns text. It may refer to `member`.
 * @param result the variable for the returned text
 */
export function callAsOwner(block: string, result: string): string {
  return `
      PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
      block := ${block};
      IF current_user <> member ->> 'owner' THEN
        PERFORM set_config('role', member ->> 'owner', true);
      END IF;
      EXECUTE format('CREATE FUNCTION pg_temp.fdwsync_load() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS %L',
                     '#variable_conflict use_column' || chr(10) || block);
      IF current_setting('role') <> role THEN
        PERFORM set_config('role', role, true);
      END IF;
      PERFORM set_config('search_path', path, true);
      EXECUTE 'SELECT pg_temp.fdwsync_load()' INTO ${result};
      PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      DROP FUNCTION pg_temp.fdwsync_load();`
}
