// Reads what else is lost with a dropped relation, apart from its attachments: privileges and comments.

import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

export interface LostWithRelation {
  /** The OID of the relation. */
  readonly of: number
  /** The roles that have a privilege on it, or on a column of it, which no default privilege has given them. */
  readonly grantees: readonly string[]
  /** The column; null for the comment on the relation. */
  readonly comments: readonly { readonly column: string | null; readonly text: string }[]
}

// Default privileges grant the same on the next relation, so they are no loss.
const lostQuery = trusted(`
  SELECT c.oid AS of,
         ARRAY(SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
                 FROM (SELECT relacl AS acl UNION ALL SELECT attacl FROM pg_attribute WHERE attrelid = c.oid AND NOT attisdropped) acls, aclexplode(acl) a
                WHERE a.grantee <> relowner
                  AND NOT EXISTS (SELECT FROM pg_default_acl d, aclexplode(defaclacl) x
                                   WHERE defaclrole = relowner AND defaclnamespace IN (0, relnamespace) AND defaclobjtype = 'r'
                                     AND (x.grantee, x.privilege_type) = (a.grantee, a.privilege_type)) ORDER BY 1) AS grantees,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('column', attname, 'text', description) ORDER BY attnum NULLS FIRST), '[]')
            FROM pg_description d LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0
           WHERE d.objoid = c.oid AND classoid = 'pg_class'::regclass) AS comments
    FROM pg_class c WHERE c.oid = ANY ($1::oid[])`)

/** Reads the losses of relations, under the reading path. */
export function readLostWithRelations(
  session: Session,
  relations: readonly number[],
): Promise<readonly LostWithRelation[]> {
  return session.query<LostWithRelation>(lostQuery, [relations])
}
