// Restores who granted a privilege. On a successor every grant comes from the owner, even where another role, which has
// the grant option, had granted it on the original.

import type { Relation } from '../../core/object.ts'
import { literal, number, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'

// Compares the original with its successor. A grant of another role is revoked as the owner's and granted again as that role. Roles
// that received the grant option first come first. If the current role cannot SET ROLE to the grantor, the grant stays the owner's. To
// revoke a privilege on a relation revokes it on its columns too, which get it back.
const grantsQuery = (original: Sql, schema: Sql, name: Sql) => sql`
  WITH RECURSIVE relation AS (
    SELECT c.*, false AS is_new FROM pg_class c WHERE oid = ${original}
    UNION ALL
    SELECT c.*, true FROM pg_class c WHERE relname = ${name} AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ${schema})
  ), item AS (
    SELECT is_new, relowner, '' AS columns, (aclexplode(relacl)).* FROM relation
    UNION ALL
    SELECT is_new, relowner, format(' (%I)', attname), (aclexplode(attacl)).*
      FROM relation r JOIN pg_attribute ON attrelid = r.oid AND attnum > 0 AND NOT attisdropped
  ), passed_on AS (
    SELECT * FROM item o
     WHERE NOT is_new AND grantor <> relowner
       AND EXISTS (SELECT FROM item n WHERE is_new AND grantor = n.relowner
                      AND (n.columns, n.grantee, n.privilege_type) = (o.columns, o.grantee, o.privilege_type))
       AND NOT EXISTS (SELECT FROM item a WHERE NOT a.is_new AND a.grantor = a.relowner
                          AND (a.columns, a.grantee, a.privilege_type) = (o.columns, o.grantee, o.privilege_type))
       AND pg_has_role(grantor, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
  ), depth(columns, grantee, privilege_type, steps) AS (
    SELECT columns, grantee, privilege_type, 0 FROM item WHERE NOT is_new AND grantor = relowner AND is_grantable
    UNION
    SELECT p.columns, p.grantee, p.privilege_type, steps + 1
      FROM depth d JOIN passed_on p ON d.privilege_type = p.privilege_type AND d.grantee = p.grantor AND d.columns IN ('', p.columns)
     WHERE steps < 100
  ), revoked_as_well AS (
    SELECT i.* FROM item i JOIN passed_on p USING (grantee, privilege_type)
     WHERE i.is_new AND p.columns = '' AND i.columns <> ''
       AND NOT EXISTS (SELECT FROM passed_on o WHERE (o.columns, o.grantee, o.privilege_type) = (i.columns, i.grantee, i.privilege_type))
  )
  SELECT format('REVOKE %s%s ON %I.%I FROM %s', privilege_type, columns, ${schema}, ${name}, to_whom) AS revoke,
         format('SET LOCAL ROLE %I; GRANT %s%s ON %I.%I TO %s%s; SET LOCAL ROLE %I', as_whom, privilege_type, columns,
                ${schema}, ${name}, to_whom, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, current_user) AS grant
    FROM (SELECT *, pg_get_userbyid(grantor) AS as_whom FROM passed_on UNION ALL SELECT *, current_user FROM revoked_as_well) p,
         LATERAL (SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS to_whom) w
   ORDER BY (SELECT min(steps) FROM depth d WHERE (d.columns, d.grantee, d.privilege_type) = (p.columns, p.grantee, p.privilege_type)), 1`

/** Which of the relations have privileges that others than their owners have granted. */
export async function withOtherGrantors(session: Session, oids: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await session.query<{ oid: number }>(
    trusted(`SELECT DISTINCT c.oid FROM pg_class c
               LEFT JOIN pg_attribute a ON attrelid = c.oid AND attacl IS NOT NULL AND NOT attisdropped
              CROSS JOIN LATERAL (SELECT grantor FROM aclexplode(relacl) UNION SELECT grantor FROM aclexplode(attacl)) AS granted
              WHERE c.oid = ANY ($1::oid[]) AND grantor <> relowner`),
    [oids],
  )
  return new Set(rows.map(({ oid }) => oid))
}

/** A statement that runs under `readingPath`, once the successor has the grants of its owner. */
export function restoreGrantors(original: number, { schema, name }: Relation): Sql {
  const query = grantsQuery(number(original), literal(schema), literal(name))
  const body = sql`
DECLARE
  statements text[] := (SELECT array_agg(revoke) || array_agg("grant") FROM (${query}) AS passed_on);
BEGIN
  FOR at IN 1 .. coalesce(cardinality(statements), 0) LOOP
    EXECUTE statements[at];
  END LOOP;
END`
  return sql`DO ${literal(body)}`
}
