import type { ObjectId } from '../core/object.ts'

/** A view that the manifest does not declare, and what decides whether this role can make it anew. */
export interface UnmanagedView {
  readonly id: ObjectId
  readonly oid: number
  readonly owner: string
  /** Whether it can be given to its owner. */
  readonly canSetOwner: boolean
  /** Whether a successor can be put into its schema. */
  readonly canCreateInSchema: boolean
  readonly extension: string | null
  readonly isTemporary: boolean
}

/**
 * Columns of a {@link UnmanagedView} in a query: `c` is its row of pg_class, `n` that of its schema. To give something to another
 * role takes more from PostgreSQL 16 on than to be a member of that.
 */
export const ownershipColumns = `
  jsonb_build_object('kind', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materializedView' END, 'schema', n.nspname, 'name', c.relname) AS id,
  c.oid, pg_get_userbyid(c.relowner) AS owner,
  pg_has_role(c.relowner, 'USAGE') AND CASE WHEN current_setting('server_version_num')::int < 160000 THEN true
                                            ELSE pg_has_role(c.relowner, 'SET') END AS "canSetOwner",
  has_schema_privilege(n.oid, 'CREATE') AS "canCreateInSchema", c.relpersistence = 't' AS "isTemporary",
  (SELECT extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension`

/** Nobody else can change it. */
export const temporaryViewReason = 'it is a temporary view of some session'

/** Why that role can't make it anew; undefined if it can. */
export function whyNotRecreatable(
  { owner, canSetOwner, canCreateInSchema, extension, isTemporary }: UnmanagedView,
  user: string,
): string | undefined {
  if (isTemporary) return temporaryViewReason
  if (extension !== null) return `it belongs to the extension ${extension}`
  if (!canSetOwner) return `it belongs to ${owner}`
  return canCreateInSchema ? undefined : `${user} may make nothing in its schema`
}
