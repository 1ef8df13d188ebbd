// Whether this role can recreate a view or table that the manifest does not declare.

import { type Lost, lostToOwner } from '../core/dependent.ts'
import type { ObjectId } from '../core/object.ts'
import { kindOfRelation } from '../kinds/facets/relations.ts'

/** A view, or a table as a copy, that the manifest does not declare, with what decides whether this role can recreate it. */
export interface UnmanagedReader {
  readonly id: ObjectId
  readonly oid: number
  readonly owner: string
  /** Whether this role can set that owner on a new relation. */
  readonly canSetOwner: boolean
  /** Whether this role may create objects in its schema. */
  readonly canCreateInSchema: boolean
  readonly extension: string | null
  readonly isTemporary: boolean
}

/**
 * The columns of an {@link UnmanagedReader} in a query, where `c` is its row of pg_class and `n` that of its schema. Since
 * PostgreSQL 16, ALTER … OWNER TO requires the SET option of the membership in the new owner.
 */
export const ownershipColumns = `
  jsonb_build_object('kind', ${kindOfRelation('c.relkind')}, 'schema', n.nspname, 'name', c.relname) AS id,
  c.oid, pg_get_userbyid(c.relowner) AS owner,
  pg_has_role(c.relowner, 'USAGE') AND CASE WHEN current_setting('server_version_num')::int < 160000 THEN true
                                            ELSE pg_has_role(c.relowner, 'SET') END AS "canSetOwner",
  has_schema_privilege(n.oid, 'CREATE') AS "canCreateInSchema", c.relpersistence = 't' AS "isTemporary",
  (SELECT extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension`

// Only the session that created it can change it.
export const temporaryViewReason = 'it is a temporary view of another session'

/** Why that role cannot recreate it; undefined if it can. */
export function whyNotRecreatable(
  { owner, canSetOwner, canCreateInSchema, extension, isTemporary }: UnmanagedReader,
  user: string,
): Lost | undefined {
  if (isTemporary) return { reason: temporaryViewReason }
  if (extension !== null) return { reason: `it belongs to the extension ${extension}` }
  if (!canSetOwner) return lostToOwner(owner)
  return canCreateInSchema ? undefined : { reason: `${user} has no CREATE on its schema` }
}
