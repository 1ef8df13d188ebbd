// Lists the parts of exported objects that an export does not contain, so that it leaves nothing out silently.

import type { LiveObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf } from '../core/object.ts'
import { ident, type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { TableSpec } from '../kinds/table/spec.ts'

// The owner and the initial privileges of the schema public depend on the version, so they are not exported. A NOT NULL constraint is
// a row of pg_constraint from PostgreSQL 17 on for domains, and from 18 on for columns. PostgreSQL shortens long names, so of those
// only the end is compared.
const notExportedQuery: Sql = trusted(`
  WITH exported AS (
    SELECT position - 1 AS position, (object ->> 'catalog')::regclass::oid AS classid, (object ->> 'oid')::oid AS objid
      FROM jsonb_array_elements($1) WITH ORDINALITY AS o(object, position)
  ), relations AS (
    SELECT position, c.* FROM exported JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid
  ), access(position, owner, acl, of) AS (
    SELECT position, relowner, relacl, '' FROM relations
    UNION ALL SELECT position, relowner, attacl, format(' on column %I', attname)
      FROM relations r JOIN pg_attribute ON attrelid = r.oid AND attacl IS NOT NULL
    UNION ALL SELECT position, nspowner, nspacl, '' FROM exported JOIN pg_namespace o ON classid = 'pg_namespace'::regclass AND o.oid = objid
    UNION ALL SELECT position, typowner, typacl, '' FROM exported JOIN pg_type o ON classid = 'pg_type'::regclass AND o.oid = objid
    UNION ALL SELECT position, srvowner, srvacl, ''
      FROM exported JOIN pg_foreign_server o ON classid = 'pg_foreign_server'::regclass AND o.oid = objid
    UNION ALL SELECT position, fdwowner, fdwacl, ''
      FROM exported JOIN pg_foreign_data_wrapper o ON classid = 'pg_foreign_data_wrapper'::regclass AND o.oid = objid
  ), not_nulls AS (
    SELECT position, k.oid, conname, format(' of column %I', attname) AS of, concat_ws('_', relname, attname, 'not_null') AS usual
      FROM relations r JOIN pg_constraint k ON conrelid = r.oid AND contype = 'n' AND conislocal
      JOIN pg_attribute ON attrelid = r.oid AND attnum = conkey[1]
    UNION ALL
    SELECT position, k.oid, conname, '', typname || '_not_null'
      FROM exported JOIN pg_type t ON classid = 'pg_type'::regclass AND t.oid = objid
      JOIN pg_constraint k ON contypid = t.oid AND contype = 'n'
  )
  SELECT position::int, what FROM (
    SELECT position, format('trigger %I', tgname) AS what
      FROM relations r JOIN pg_trigger ON tgrelid = r.oid WHERE NOT tgisinternal AND tgparentid = 0
    UNION ALL
    SELECT position, format('statistics %I.%I', nspname, stxname)
      FROM relations r JOIN pg_statistic_ext ON stxrelid = r.oid JOIN pg_namespace n ON n.oid = stxnamespace
     WHERE relkind = 'f' OR relnamespace <> stxnamespace
    UNION ALL
    SELECT position, what FROM relations r CROSS JOIN LATERAL (
      SELECT 'row-level security' AS what WHERE relrowsecurity
      UNION ALL SELECT 'the replica identity' WHERE relreplident <> 'd'
      UNION ALL SELECT format('the tablespace of its primary key %I', k.relname)
        FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid WHERE i.indrelid = r.oid AND i.indisprimary AND k.reltablespace <> r.reltablespace
      UNION ALL SELECT format('policy %I', polname) FROM pg_policy WHERE polrelid = r.oid
      UNION ALL SELECT format('rule %I', rulename) FROM pg_rewrite WHERE ev_class = r.oid
      UNION ALL SELECT format('constraint %I', conname) FROM pg_constraint WHERE conrelid = r.oid AND contype IN ('c', 'f', 'u', 'x')
      UNION ALL SELECT format('the default of column %I', attname)
        FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum WHERE adrelid = r.oid AND attgenerated = ''
      UNION ALL SELECT format('its place in publication %I', pubname)
        FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid WHERE prrelid = r.oid
      UNION ALL SELECT format('its place under table %s', inhparent::regclass) FROM pg_inherits WHERE inhrelid = r.oid
    ) AS of_table WHERE relkind = 'r'
    UNION ALL
    SELECT position, format('the name %I of the constraint NOT NULL%s', conname, of) FROM not_nulls
     WHERE CASE WHEN octet_length(usual) < 64 THEN conname <> usual ELSE conname !~ '_not_null[0-9]*$' END
    UNION ALL
    SELECT position, format('the comment on the constraint NOT NULL%s', of) FROM not_nulls
     WHERE obj_description(oid, 'pg_constraint') IS NOT NULL
    UNION ALL
    SELECT position, format('the grant option of the owner for %s%s', privilege_type, of)
      FROM access, aclexplode(acl) WHERE grantee = owner AND is_grantable
    UNION ALL
    SELECT position, format('the privilege %s of the owner%s', privilege_type, of)
      FROM access, aclexplode(acl) WHERE grantee = owner AND of <> ''
    UNION ALL
    SELECT position, 'who owns it, and who has privileges'
      FROM exported JOIN pg_namespace n ON classid = 'pg_namespace'::regclass AND n.oid = objid
      LEFT JOIN pg_init_privs i ON i.classoid = classid AND i.objoid = objid
     WHERE nspname = 'public' AND nspacl IS DISTINCT FROM initprivs
    UNION ALL
    SELECT position, format('the options of the sequence of identity column %I', attname)
      FROM relations r JOIN pg_attribute ON attrelid = r.oid AND attidentity <> ''
      JOIN pg_depend ON refobjid = r.oid AND refobjsubid = attnum AND deptype = 'i' AND classid = 'pg_class'::regclass
      JOIN pg_sequence ON seqrelid = pg_depend.objid
     WHERE (seqstart, seqincrement, seqmin, seqcache, seqcycle) IS DISTINCT FROM (1, 1, 1, 1, false)
        OR seqmax <> CASE seqtypid WHEN 'smallint'::regtype THEN 32767 WHEN 'int'::regtype THEN 2147483647 ELSE 9223372036854775807 END
    UNION ALL
    SELECT position, format('the dependency on extension %I', extname)
      FROM exported JOIN pg_depend USING (classid, objid) JOIN pg_extension e ON e.oid = refobjid WHERE deptype = 'x'
    UNION ALL
    SELECT position, format('the security label of provider %s', provider)
      FROM exported JOIN pg_seclabel l ON l.classoid = classid AND l.objoid = objid
  ) AS found ORDER BY position, what`)

/** The parts that the stanza of an object does not contain, by object. */
export async function readNotExported(
  session: Session,
  objects: readonly LiveObject[],
): Promise<ReadonlyMap<Key, readonly string[]>> {
  const named = objects.map(({ catalog, oid }) => ({ catalog, oid }))
  const rows = await session.query<{ position: number; what: string }>(notExportedQuery, [JSON.stringify(named)])
  const byPosition = groupBy(rows, ({ position }) => position)
  return new Map(
    objects.flatMap((object, position) => {
      const found = [
        ...(byPosition.get(position) ?? []).map(({ what }) => what),
        ...columnsNotExported(object).map((name) => `column ${ident(name)}, which its query does not return`),
      ]
      return found.length > 0 ? [[keyOf(object.id), found] as const] : []
    }),
  )
}

function columnsNotExported({ id, spec }: LiveObject): readonly string[] {
  if (id.kind !== 'table') return []
  const { addedColumns = [] } = spec as TableSpec // the objects of a kind have its specs
  return addedColumns
}
